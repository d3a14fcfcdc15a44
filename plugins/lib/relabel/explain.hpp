// The same chain of rules step by step, for people who ask why a label is missing.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "plugins/lib/relabel/rule.hpp"

namespace tarsier::relabel {

struct Step {
  const Rule* rule;
  std::map<std::string, std::string, std::less<>> labels;  ///< after it; none once something has dropped them
  bool keep;
  std::string why;  ///< a sentence: what was compared with what
};

/// A step for each rule, also behind one that drops. `labels` are left as the last step has them.
std::vector<Step> explain(std::span<const Rule> rules, Labels& labels);

}  // namespace tarsier::relabel
