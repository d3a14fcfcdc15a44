// RelabelledLabels: what write_relabel_configs make of the labels of a series, remembered, so that rules run for a series and not
// for each of its samples.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/lib/relabel/rule.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::forward {

/// For one thread.
class RelabelledLabels {
 public:
  /// `rules` outlive it. Beyond so many bytes it forgets the series that it was not asked for lately.
  explicit RelabelledLabels(std::span<const relabel::Rule> rules, size_t max_bytes = size_t{256} << 20)
      : rules_(rules), max_bytes_(max_bytes) {}

  bool empty() const noexcept { return rules_.empty(); }

  struct Outcome {
    bool dropped = false;  // by a rule
    /// Sorted by name; none: no labels that could be sent. Valid until the next call.
    std::vector<batch::Label> labels;
  };
  /// `own` and `external` in their order: rules see them as the original does, the series' own first.
  const Outcome& of(std::span<const batch::Label> own, std::span<const batch::Label> external);
  /// Series of which the outcome is known.
  size_t remembered() const noexcept { return young_.size() + old_.size(); }

 private:
  struct Known {
    std::string texts;  // of the labels
    Outcome outcome;    // points into them
  };
  using Generation = std::unordered_map<std::string, Known>;  // by the series' own labels

  const Known& remember(std::string key, Known known);
  Known apply(std::span<const batch::Label> own, std::span<const batch::Label> external);

  const std::span<const relabel::Rule> rules_;
  const size_t max_bytes_;
  // What is asked for moves to the younger one; when that is half full, the older one goes.
  Generation young_, old_;
  size_t young_bytes_ = 0;
  std::string key_;
  relabel::Labels labels_;
};

}  // namespace tarsier::forward
