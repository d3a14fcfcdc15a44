// Rules from the configuration: the keys of their tables, and reading them.
#pragma once

#include <vector>

#include "plugins/lib/relabel/rule.hpp"
#include "tarsier/config.hpp"
#include "tarsier/plugin.hpp"

namespace tarsier::relabel {

/// The rules of an array of tables. INVALID with the place in the file.
Result<std::vector<Rule>> read_rules(const Config& list);

}  // namespace tarsier::relabel

/// The keys of one such array, for a plugin's table of keys; `array` is a literal: "job[].relabel_configs".
#define TARSIER_RELABEL_KEYS(array, doc, flags)                                                                                  \
  key(array "[]", TARSIER_KEY_TABLE, nullptr, doc, nullptr, flags),                                                              \
      key(array "[].source_labels[]", TARSIER_KEY_STRING, nullptr, "labels whose values are joined", nullptr, flags),            \
      key(array "[].separator", TARSIER_KEY_STRING, ";", "what stands between the values", nullptr, flags),                      \
      key(array "[].regex", TARSIER_KEY_STRING, "(.*)", "all of the joined values, or of a label's name, has to match", nullptr, \
          flags),                                                                                                                \
      key(array "[].modulus", TARSIER_KEY_INT, "0", "of the hash of the joined values, for hashmod", "0..", flags),              \
      key(array "[].target_label", TARSIER_KEY_STRING, "", "the label that is set; may refer to groups, for replace", nullptr,   \
          flags),                                                                                                                \
      key(array "[].replacement", TARSIER_KEY_STRING, "$1",                                                                      \
          "its value, or for labelmap its name; $1, ${1} and ${name} are groups of regex", nullptr, flags),                      \
      key(array "[].action", TARSIER_KEY_STRING, "replace",                                                                      \
          "replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase or uppercase", nullptr, \
          flags)
