// The labels that a series is stored with, from the text that its line begins with.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/collect/scrape/label_set.hpp"
#include "plugins/lib/exposition/series_text.hpp"
#include "plugins/lib/relabel/rule.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::scrape {

struct LabelOptions {
  LabelSet target_labels;
  bool honor_labels = false;
  std::vector<relabel::Rule> rules;  ///< applied to all labels, the target's among them
  exposition::Limits limits;         ///< on the labels that are stored; samples counts those
};

class SeriesLabels {
 public:
  /// `options` outlives it.
  explicit SeriesLabels(const LabelOptions& options) : options_(options) {}

  /// Reads the line's own labels, adds the target's, renames clashes, leaves out empty ones and applies the rules. False: they drop
  /// it.
  Result<bool> resolve(std::string_view text);
  /// After resolve() was true, until the next: sorted by name.
  std::span<const batch::Label> all() const noexcept { return labels_; }

 private:
  Result<bool> relabel(size_t of_page);
  void rename_clashes();
  Result<void> check_limits() const;

  const LabelOptions& options_;
  exposition::SeriesText parsed_;
  std::vector<batch::Label> labels_;
  std::deque<std::string> renamed_;
  relabel::Labels relabelled_;
};

}  // namespace tarsier::scrape
