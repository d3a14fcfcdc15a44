// Rule files: Prometheus' YAML, checked as strictly as the original checks it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/lib/template/parser.hpp"
#include "tarsier/result.hpp"

namespace tarsier::rules {

using LabelMap = std::vector<std::pair<std::string, std::string>>;  // sorted by name

/// A label or annotation whose value is a template.
struct Templated {
  std::string name;
  std::string text;
  std::shared_ptr<const tmpl::Template> parsed;
};

struct Rule {
  bool alerting = false;
  std::string name;  // of the alert, or of the recorded metric
  std::string expression;
  int64_t for_ns = 0;
  int64_t keep_firing_for_ns = 0;
  std::vector<Templated> labels;
  std::vector<Templated> annotations;
  size_t line = 0, column = 0;  // of the rule in its file
};

struct Group {
  std::string file;
  std::string name;
  int64_t interval_ns = 0;  // 0: the plugin's
  int64_t query_offset_ns = 0;
  uint64_t limit = 0;
  std::vector<Rule> rules;
};

/// Checks everything that can be known without evaluating: expressions, durations, templates, names. What is wrong is told as
/// "file:line:column: what"; all findings of a file, one a line, in one error.
Result<std::vector<Group>> parse_rule_file(const std::string& file, std::string_view text);

/// "5m", "1h30m", "0"; INVALID otherwise. Prometheus' durations.
Result<int64_t> parse_duration(std::string_view text);
/// The other way, as Prometheus prints it: "1h30m".
std::string format_duration(int64_t ns);

}  // namespace tarsier::rules
