#include "plugins/lib/relabel/rule_config.hpp"

namespace tarsier::relabel {
namespace {

RuleText read_text(const Config& node) {
  RuleText rule;
  const auto text = [&](const char* name, std::string& value) {
    if (node[name].present()) value = node[name].string();
  };
  const Config sources = node["source_labels"];
  for (uint64_t i = 0; i < sources.size(); ++i) rule.source_labels.push_back(sources.at(i).string());
  text("separator", rule.separator);
  text("regex", rule.regex);
  text("target_label", rule.target_label);
  text("replacement", rule.replacement);
  text("action", rule.action);
  rule.modulus = static_cast<uint64_t>(node["modulus"].integer());
  return rule;
}

Result<Rule> read_rule(const Config& node) {
  RuleText text = read_text(node);
  if (const auto fault = find_fault(text)) {
    const Config blamed = node[fault->key];
    return (blamed.present() ? blamed : node).invalid(fault->what);
  }
  auto rule = Rule::compile(std::move(text));
  if (!rule) return node["regex"].invalid(rule.error().message());
  return rule;
}

}  // namespace

Result<std::vector<Rule>> read_rules(const Config& list) {
  std::vector<Rule> rules;
  for (uint64_t i = 0; i < list.size(); ++i) {
    auto rule = read_rule(list.at(i));
    if (!rule) return std::move(rule).error();
    rules.push_back(std::move(*rule));
  }
  return rules;
}

}  // namespace tarsier::relabel
