#include "plugins/lib/relabel/explain.hpp"

#include "plugins/lib/promql/text.hpp"

namespace tarsier::relabel {
namespace {

using promql::quote;

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out.empty() ? "no label" : out;
}

std::string sources_of(const Rule& rule, std::string_view source) {
  return rule.text().source_labels.empty() ? quote(source) : quote(source) + " of " + list_of(rule.text().source_labels);
}

/// Which labels a rule that looks at names has found.
std::string why_names(const Rule& rule, const Labels& labels) {
  std::vector<std::string> names;
  for (const auto& [name, value] : labels.all())
    if (rule.matches(name)) names.emplace_back(name);
  return quote(rule.text().regex) + " matches " + list_of(names);
}

/// Before the rule is applied.
std::string why(const Rule& rule, Labels& labels) {
  const std::string_view source = rule.source(labels);
  const std::string& target = rule.text().target_label;
  switch (rule.action()) {
    case Action::replace:
    case Action::keep:
    case Action::drop:
      return sources_of(rule, source) + (rule.matches(source) ? " matches " : " does not match ") + quote(rule.text().regex);
    case Action::keep_equal:
    case Action::drop_equal:
      return sources_of(rule, source) + (labels.get(target) == source ? " is " : " is not ") + quote(labels.get(target)) + " of " +
             target;
    case Action::hashmod:
      return "the hash of " + sources_of(rule, source) + " modulo " + std::to_string(rule.text().modulus);
    case Action::lowercase:
    case Action::uppercase:
      return sources_of(rule, source) + " in " + rule.text().action;
    case Action::label_map:
    case Action::label_drop:
    case Action::label_keep:
      return why_names(rule, labels);
  }
  bug("a relabelling action without an explanation");
}

}  // namespace

std::vector<Step> explain(std::span<const Rule> rules, Labels& labels) {
  std::vector<Step> steps;
  bool keep = true;
  for (const Rule& rule : rules) {
    Step& step = steps.emplace_back(Step{&rule, {}, false, "an earlier rule has dropped it"});
    if (keep) {
      step.why = why(rule, labels);
      keep = rule.apply(labels);
      if (!keep) labels.clear();
    }
    step.keep = keep;
    for (const auto& [name, value] : labels.all()) step.labels.emplace(name, value);
  }
  return steps;
}

}  // namespace tarsier::relabel
