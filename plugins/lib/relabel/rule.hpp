// One relabelling rule: as it is written, checked, and ready to be applied.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/relabel/labels.hpp"
#include "tarsier/result.hpp"

namespace tarsier::relabel {

enum class Action : uint8_t {
  replace,
  keep,
  drop,
  keep_equal,
  drop_equal,
  hashmod,
  label_map,
  label_drop,
  label_keep,
  lowercase,
  uppercase
};

/// The names and defaults are Prometheus'.
struct RuleText {
  std::vector<std::string> source_labels = {};
  std::string separator = ";";
  std::string regex = "(.*)";
  uint64_t modulus = 0;
  std::string target_label = {};
  std::string replacement = "$1";
  std::string action = "replace";  ///< in any case
  bool operator==(const RuleText&) const = default;
};

struct Fault {
  std::string_view key;  ///< which of RuleText
  std::string what;
};
/// What is wrong with a rule, in Prometheus' words; the regular expression is not looked at.
std::optional<Fault> find_fault(const RuleText& rule);

/// Cheap to copy. [any] Many threads may apply it at once, each to labels of its own.
class Rule {
 public:
  /// INVALID with what find_fault says, or with what is wrong with the regular expression.
  static Result<Rule> compile(RuleText text);

  /// False: what has these labels is dropped, and they are to be forgotten. The rule outlives their use, since a value may be a
  /// piece of it.
  bool apply(Labels& labels) const;

  const RuleText& text() const noexcept;
  Action action() const noexcept;
  /// The values of source_labels, joined.
  std::string_view source(Labels& labels) const;
  bool matches(std::string_view value) const;
  bool operator==(const Rule& other) const { return text() == other.text(); }

 private:
  struct Compiled;
  explicit Rule(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

  void replace(Labels& labels) const;
  void map_names(Labels& labels) const;
  void remove_names(Labels& labels, bool those_that_match) const;

  std::shared_ptr<const Compiled> compiled_;  // shared: a job's rules go to each of its targets
};

/// All in turn; false as soon as one drops.
bool apply_all(std::span<const Rule> rules, Labels& labels);

}  // namespace tarsier::relabel
