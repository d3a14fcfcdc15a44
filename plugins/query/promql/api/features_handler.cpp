// /features: what this server can, by category, in the original's names, so that clients need not guess from the version.
#include <map>
#include <string>

#include "plugins/lib/promql/functions.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"

namespace tarsier::promql {
namespace {

using Features = std::map<std::string, std::map<std::string, bool>>;

void add_language(Features& out, const EngineOptions& options) {
  for (const Function& function : all_functions()) {
    const bool needs_starts = function.id == FunctionId::kStartTimestamp;
    out["promql_functions"][std::string(function.name)] =
        needs_starts ? options.use_start_timestamps : options.experimental_functions || !function.experimental;
  }
  for (auto token = static_cast<uint8_t>(Token::kAdd); token <= static_cast<uint8_t>(Token::kLimitRatio); ++token) {
    const auto word = static_cast<Token>(token);
    const std::string text(spelling(word));
    const bool extended = word == Token::kAnchored || word == Token::kSmoothed;
    const bool experimental = word == Token::kLimitk || word == Token::kLimitRatio;
    const bool on = options.experimental_functions || !(extended || experimental);
    out[is_keyword(word) ? "promql" : "promql_operators"][text] = on;
  }
  out["promql"]["duration_expr"] = true;
  out["promql"]["at_modifier"] = out["promql"]["negative_offset"] = out["promql"]["subqueries"] = true;
  out["promql"]["delayed_name_removal"] = options.delayed_name_removal;
  out["promql"]["per_step_stats"] = true;
}

}  // namespace

void Api::features(const Request&, const Exchange& exchange) {
  Features found;
  add_language(found, engine_.options());
  auto& api = found["api"];
  for (const char* const always : {"label_values_match", "query_warnings", "query_stats", "time_range_series", "time_range_labels"})
    api[always] = true;
  api["admin"] = admin_;
  for (const char* const search : {"search", "search_fuzz_alg_subsequence", "search_fuzz_alg_jarowinkler"}) api[search] = true;
  api["explain_query"] = true;  // the original has none
  answer(exchange, [&](json::Writer& json) {
    json.begin_object();
    for (const auto& [category, features] : found) {
      json.key(category).begin_object();
      for (const auto& [name, on] : features) json.key(name).boolean(on);
      json.end_object();
    }
    json.end_object();
  });
}

}  // namespace tarsier::promql
