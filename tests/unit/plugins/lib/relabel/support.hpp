// Rules applied to labels written as a map.
#pragma once

#include <gtest/gtest.h>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "plugins/lib/relabel/rule.hpp"

namespace tarsier::relabel {

using Set = std::map<std::string, std::string>;

inline std::vector<Rule> compiled(const std::vector<RuleText>& texts) {
  std::vector<Rule> rules;
  for (const RuleText& text : texts) {
    auto rule = Rule::compile(text);
    if (!rule) bug(rule.error().message().c_str());
    rules.push_back(std::move(*rule));
  }
  return rules;
}

inline void fill(Labels& labels, const Set& set) {
  for (const auto& [name, value] : set) labels.begin_with(name, value);
}

inline Set copy(const Labels& labels) {
  Set set;
  for (const auto& [name, value] : labels.all()) set.emplace(name, value);
  EXPECT_EQ(set.size(), labels.all().size()) << "a name is there twice";
  return set;
}

/// {"dropped":""} when a rule drops them.
inline Set relabelled(const Set& set, const std::vector<RuleText>& texts) {
  const std::vector<Rule> rules = compiled(texts);
  Labels labels;
  fill(labels, set);
  if (!apply_all(rules, labels)) return {{"dropped", ""}};
  return copy(labels);
}

inline const Set kDropped = {{"dropped", ""}};

}  // namespace tarsier::relabel
