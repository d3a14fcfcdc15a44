#include "plugins/lib/relabel/rule.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "plugins/lib/promql/text.hpp"
#include "plugins/lib/relabel/letter_case.hpp"
#include "plugins/lib/relabel/md5.hpp"
#include "plugins/lib/relabel/pattern.hpp"
#include "plugins/lib/relabel/replacement.hpp"
#include "tarsier/utf8.hpp"

namespace tarsier::relabel {
namespace {

constexpr size_t kFewGroups = 16;
constexpr std::array<std::pair<std::string_view, Action>, 11> kActions = {{{"replace", Action::replace},
                                                                           {"keep", Action::keep},
                                                                           {"drop", Action::drop},
                                                                           {"keepequal", Action::keep_equal},
                                                                           {"dropequal", Action::drop_equal},
                                                                           {"hashmod", Action::hashmod},
                                                                           {"labelmap", Action::label_map},
                                                                           {"labeldrop", Action::label_drop},
                                                                           {"labelkeep", Action::label_keep},
                                                                           {"lowercase", Action::lowercase},
                                                                           {"uppercase", Action::uppercase}}};

std::optional<Action> action_of(std::string_view word) {
  const std::string small = to_lower(word);
  for (const auto& [name, action] : kActions)
    if (name == small) return action;
  return std::nullopt;
}

bool is_label_name(std::string_view name) { return !name.empty() && tarsier::is_utf8(name); }

bool writes_target(Action action) {
  return action == Action::replace || action == Action::hashmod || action == Action::lowercase || action == Action::uppercase ||
         action == Action::keep_equal || action == Action::drop_equal;
}

/// The first key of the rule that is not what it is by default, but those that its action has.
std::optional<std::string_view> superfluous_key(const RuleText& rule, Action action) {
  const RuleText defaults;
  const bool compares = action == Action::keep_equal || action == Action::drop_equal;
  if (compares && rule.regex != defaults.regex) return "regex";
  if (!compares && rule.source_labels != defaults.source_labels) return "source_labels";
  if (!compares && rule.target_label != defaults.target_label) return "target_label";
  if (rule.modulus != defaults.modulus) return "modulus";
  if (rule.separator != defaults.separator) return "separator";
  if (rule.replacement != defaults.replacement) return "replacement";
  return std::nullopt;
}

/// The last 8 bytes of the digest, big endian.
uint64_t hash(std::string_view value) {
  const auto digest = md5(value);
  uint64_t number = 0;
  for (size_t i = 8; i < digest.size(); ++i) number = number << 8U | digest[i];
  return number;
}

}  // namespace

std::optional<Fault> find_fault(const RuleText& rule) {
  if (rule.action.empty()) return Fault{"action", "relabel action cannot be empty"};
  const auto action = action_of(rule.action);
  if (!action) return Fault{"action", "unknown relabel action " + promql::quote(rule.action)};
  const std::string word = to_lower(rule.action);
  const auto is_invalid = [&](std::string_view key, const std::string& value) {
    return Fault{key, promql::quote(value) + " is invalid '" + std::string(key) + "' for " + word + " action"};
  };
  if (*action == Action::hashmod && rule.modulus == 0)
    return Fault{"modulus", "relabel configuration for hashmod requires non-zero modulus"};
  if (writes_target(*action)) {
    if (rule.target_label.empty())
      return Fault{"target_label", "relabel configuration for " + word + " action requires 'target_label' value"};
    if (!is_label_name(rule.target_label)) return is_invalid("target_label", rule.target_label);
    const bool replaces = *action == Action::replace || *action == Action::hashmod;
    if (!replaces && rule.replacement != RuleText().replacement)
      return Fault{"replacement", "'replacement' can not be set for " + word + " action"};
  }
  if (*action == Action::label_map && !is_label_name(rule.replacement)) return is_invalid("replacement", rule.replacement);
  const bool compares = *action == Action::keep_equal || *action == Action::drop_equal;
  if (compares || *action == Action::label_drop || *action == Action::label_keep) {
    if (const auto key = superfluous_key(rule, *action))
      return Fault{*key, word + " action requires only " + (compares ? "'source_labels' and `target_label`" : "'regex'") +
                             ", and no other fields"};
  }
  return std::nullopt;
}

struct Rule::Compiled {
  RuleText text;
  Action action;
  Pattern pattern;
  Replacement target, replacement;
};

Result<Rule> Rule::compile(RuleText text) {
  if (const auto fault = find_fault(text)) return Error::invalid(fault->what);
  auto pattern = Pattern::compile(text.regex);
  if (!pattern) return std::move(pattern).error();
  text.action = to_lower(text.action);
  const Action action = *action_of(text.action);
  Replacement target = Replacement::compile(text.target_label, *pattern),
              replacement = Replacement::compile(text.replacement, *pattern);
  return Rule(std::make_shared<const Compiled>(
      Compiled{std::move(text), action, std::move(*pattern), std::move(target), std::move(replacement)}));
}

const RuleText& Rule::text() const noexcept { return compiled_->text; }
Action Rule::action() const noexcept { return compiled_->action; }
bool Rule::matches(std::string_view value) const { return compiled_->pattern.matches(value); }

std::string_view Rule::source(Labels& labels) const {
  const RuleText& rule = text();
  if (rule.source_labels.empty()) return {};
  if (rule.source_labels.size() == 1) return labels.get(rule.source_labels.front());
  std::string joined;
  for (const std::string& name : rule.source_labels) {
    if (&name != &rule.source_labels.front()) joined += rule.separator;
    joined += labels.get(name);
  }
  return labels.keep(std::move(joined));
}

bool Rule::apply(Labels& labels) const {
  const std::string& target = text().target_label;
  switch (action()) {
    case Action::keep:
      return matches(source(labels));
    case Action::drop:
      return !matches(source(labels));
    case Action::keep_equal:
      return labels.get(target) == source(labels);
    case Action::drop_equal:
      return labels.get(target) != source(labels);
    case Action::replace:
      replace(labels);
      break;
    case Action::hashmod:
      labels.set(target, labels.keep(std::to_string(hash(source(labels)) % text().modulus)));
      break;
    case Action::label_map:
      map_names(labels);
      break;
    case Action::label_drop:
      remove_names(labels, true);
      break;
    case Action::label_keep:
      remove_names(labels, false);
      break;
    case Action::lowercase:
      labels.set(target, labels.keep(to_lower(source(labels))));
      break;
    case Action::uppercase:
      labels.set(target, labels.keep(to_upper(source(labels))));
      break;
  }
  return true;
}

void Rule::replace(Labels& labels) const {
  const auto& [text, action, pattern, target, replacement] = *compiled_;
  std::array<std::string_view, kFewGroups> few;
  std::vector<std::string_view> many;
  const size_t wanted = std::max(target.groups(), replacement.groups());
  if (wanted > few.size()) many.resize(wanted);
  const std::span<std::string_view> groups = many.empty() ? std::span(few).first(wanted) : std::span(many);
  if (!pattern.match(source(labels), groups)) return;
  const std::string_view name = target.expand(groups, labels);
  if (is_label_name(name)) labels.set(name, replacement.expand(groups, labels));
}

/// All names are looked at before one is set: what a rule makes is not mapped by it again.
void Rule::map_names(Labels& labels) const {
  const auto& [text, action, pattern, target, replacement] = *compiled_;
  std::vector<Label> mapped;
  std::vector<std::string_view> groups(replacement.groups());
  for (const auto& [name, value] : labels.all())
    if (pattern.match(name, groups)) mapped.emplace_back(replacement.expand(groups, labels), value);
  for (const auto& [name, value] : mapped) labels.set(name, value);
}

void Rule::remove_names(Labels& labels, bool those_that_match) const {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : labels.all())
    if (matches(name) == those_that_match) names.push_back(name);
  for (const std::string_view name : names) labels.remove(name);
}

bool apply_all(std::span<const Rule> rules, Labels& labels) {
  return std::all_of(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.apply(labels); });
}

}  // namespace tarsier::relabel
