#include "plugins/collect/scrape/relabel_steps.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "plugins/collect/scrape/api_json.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/lib/relabel/explain.hpp"

namespace tarsier::scrape {
namespace {

constexpr size_t kMostLabels = 1000;

const char* kind_word(const boost::json::value& value) {
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  return value.is_bool() ? "bool" : "number";
}

Error wrong(const std::string& what) { return Error::invalid("error parsing labels: " + what); }
Error wrong_kind(const boost::json::value& value, const char* wanted) {
  return wrong(std::string("json: cannot unmarshal ") + kind_word(value) + " into Go value of type " + wanted);
}

Result<LabelSet> read_labels(std::string_view text) {
  boost::system::error_code malformed;
  const boost::json::value whole = boost::json::parse({text.data(), text.size()}, malformed);
  if (malformed) return wrong(malformed.message());
  if (whole.is_null()) return LabelSet{};
  if (!whole.is_object()) return wrong_kind(whole, "map[string]string");
  if (whole.get_object().size() > kMostLabels) return wrong("more than " + std::to_string(kMostLabels) + " of them");
  LabelSet labels;
  for (const auto& entry : whole.get_object()) {
    if (entry.value().is_null()) continue;
    if (!entry.value().is_string()) return wrong_kind(entry.value(), "string");
    labels.insert_or_assign(std::string(entry.key()), std::string(entry.value().get_string()));
  }
  return labels;
}

void write_rule(json::Writer& out, const relabel::RuleText& rule) {
  out.begin_object();
  if (!rule.source_labels.empty()) {
    out.key("source_labels").begin_array();
    for (const std::string& name : rule.source_labels) out.string(name);
    out.end_array();
  }
  out.key("separator").string(rule.separator).key("regex").string(rule.regex);
  if (rule.modulus != 0) out.key("modulus").raw(std::to_string(rule.modulus));
  if (!rule.target_label.empty()) out.key("target_label").string(rule.target_label);
  out.key("replacement").string(rule.replacement).key("action").string(rule.action).end_object();
}

}  // namespace

Result<std::string> relabel_steps_json(const std::vector<Pool>& pools, std::string_view pool, std::string_view labels,
                                       StepsWanted wanted) {
  if (pool.empty()) return Error::invalid("no scrapePool parameter provided");
  if (labels.empty()) return Error::invalid("no labels parameter provided");
  const auto given = read_labels(labels);
  if (!given) return Error(given.error());
  const auto found = std::find_if(pools.begin(), pools.end(), [&](const Pool& each) { return each.job->name == pool; });
  if (found == pools.end())
    return Error::invalid("error retrieving scrape config: scrape pool " + promql::quote(pool) + " not found");
  relabel::Labels set;
  for (const auto& [name, value] : *given) set.begin_with(name, value);
  json::Writer out;
  begin_success(out).begin_object().key("steps").begin_array();
  const auto& rules = wanted.of_series ? found->job->metric_relabel_configs : found->job->relabel_configs;
  for (const relabel::Step& step : relabel::explain(rules, set)) {
    write_rule(out.begin_object().key("rule"), step.rule->text());
    write_labels(out.key("output"), step.labels);
    out.key("keep").boolean(step.keep);
    if (wanted.reasons) out.key("reason").string(step.why);
    out.end_object();
  }
  out.end_array().end_object().end_object();
  return out.take();
}

}  // namespace tarsier::scrape
