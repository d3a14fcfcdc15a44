#include "plugins/query/promql/api/search_parameters.hpp"

#include <string>

#include "plugins/lib/promql/matching.hpp"
#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

using Bad = std::optional<BadParameter>;

constexpr int64_t kHourNs = 3'600'000'000'000;
constexpr int64_t kMaxLimit = 10'000;  // the original's default

Bad bad(std::string text) { return BadParameter{"", std::move(text)}; }

Bad read_times(const http::Form& form, int64_t now_ns, SearchParameters& out) {
  out.start_ns = now_ns - kHourNs;
  out.end_ns = now_ns;
  for (const auto& [name, time] : {std::pair("start", &out.start_ns), std::pair("end", &out.end_ns)})
    if (auto fault = read_time_parameter(form, name, *time)) return bad(std::move(fault->text));
  if (out.end_ns < out.start_ns) return bad("end timestamp must not be before start timestamp");
  return std::nullopt;
}

Bad read_terms(const http::Form& form, SearchParameters& out) {
  using search::Terms;
  out.terms = form.all("search[]");
  if (out.terms.size() > Terms::kMaxCount)
    return bad("too many search[] terms: got " + std::to_string(out.terms.size()) + ", maximum is " +
               std::to_string(Terms::kMaxCount));
  for (const std::string_view term : out.terms)
    if (term.size() > Terms::kMaxBytes)
      return bad("search[] term of " + std::to_string(term.size()) + " bytes is too long, maximum is " +
                 std::to_string(Terms::kMaxBytes));
  return std::nullopt;
}

Bad read_taste(const http::Form& form, search::Taste& out) {
  if (const std::string_view text = form.get("fuzz_threshold"); !text.empty()) {
    const auto percent = read_integer(text);
    if (!percent || *percent < 0 || *percent > 100) return bad("invalid fuzz_threshold " + quote(text) + ": must be 0-100");
    out.least = static_cast<double>(*percent) / 100;
  }
  if (const std::string_view text = form.get("fuzz_alg"); text == "jarowinkler") {
    out.likeness = search::Likeness::kJaroWinkler;
  } else if (!text.empty() && text != "subsequence") {
    return bad("unsupported fuzz_alg " + quote(text) + ": must be one of [subsequence jarowinkler]");
  }
  return read_search_flag(form, "case_sensitive", out.case_sensitive);
}

Bad check_order(const http::Form& form, const SearchParameters& parameters) {
  const std::string_view by = form.get("sort_by"), direction = form.get("sort_dir");
  if (!direction.empty() && by.empty()) return bad("sort_dir is only valid when sort_by is set");
  if (!direction.empty() && by == "score") return bad("sort_dir is not supported for sort_by=score");
  if (!direction.empty() && direction != "asc" && direction != "dsc")
    return bad("invalid sort_dir " + quote(direction) + R"(: must be "asc" or "dsc")");
  if (by == "score" && parameters.terms.empty()) return bad("sort_by=score requires search[] to be set");
  return std::nullopt;
}

/// The original tells a wrong sort_by only after all the others.
Bad read_order(const http::Form& form, std::string_view endpoint, search::Order& out) {
  const std::string_view by = form.get("sort_by");
  if (by == "score") {
    out = search::Order::kByScore;
  } else if (by == "alpha") {
    if (form.get("sort_dir") == "dsc") out = search::Order::kByNameDescending;
  } else if (!by.empty()) {
    return bad("invalid sort_by " + quote(by) + " for " + std::string(endpoint) + R"(: must be "alpha" or "score")");
  }
  return std::nullopt;
}

Bad read_size(const http::Form& form, const char* name, size_t& out) {
  const std::string_view text = form.get(name);
  if (text.empty()) return std::nullopt;
  const auto number = read_integer(text);
  if (!number || *number <= 0) return bad("invalid " + std::string(name) + " " + quote(text) + ": must be a positive integer");
  out = static_cast<size_t>(*number);
  return std::nullopt;
}

}  // namespace

Bad read_search_flag(const http::Form& form, std::string_view name, bool& out) {
  const std::string_view text = form.get(name);
  if (text.empty()) return std::nullopt;
  const auto value = read_bool(text);
  if (!value) return bad("invalid " + std::string(name) + " " + quote(text) + ": must be boolean");
  out = *value;
  return std::nullopt;
}

Bad read_search_parameters(const http::Form& form, std::string_view endpoint, int64_t now_ns, SearchParameters& out) {
  if (auto fault = read_times(form, now_ns, out)) return fault;
  auto matchers = read_match_parameters(form.all("match[]"));
  if (!matchers) return bad(matchers.error().message());
  out.matchers = std::move(*matchers);
  if (auto fault = read_terms(form, out)) return fault;
  if (auto fault = read_taste(form, out.taste)) return fault;
  if (auto fault = read_search_flag(form, "include_score", out.include_score)) return fault;
  if (auto fault = check_order(form, out)) return fault;
  if (auto fault = read_size(form, "limit", out.limit)) return fault;
  if (out.limit > static_cast<size_t>(kMaxLimit))
    return bad("limit " + std::to_string(out.limit) + " exceeds the maximum (" + std::to_string(kMaxLimit) + ")");
  if (auto fault = read_size(form, "batch_size", out.batch_size)) return fault;
  return read_order(form, endpoint, out.order);
}

}  // namespace tarsier::promql
