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
  bool legacy_names = false;         ///< names in other letters are refused
  exposition::Limits limits;         ///< on the labels that are stored; samples counts those
};

class SeriesLabels {
 public:
  /// `options` outlives it.
  explicit SeriesLabels(const LabelOptions& options) : options_(options) {}

  /// Reads the line's own labels, adds the target's, renames clashes, leaves out empty ones and applies the rules. False: they drop
  /// it. `type`: that the page said last, TARSIER_SERIES_*. The bounds of its histograms and summaries are written in one way,
  /// however the page has them: "1" is "1.0", as in the original since 3.0.
  Result<bool> resolve(std::string_view text, uint32_t type);
  /// After resolve() was true, until the next: sorted by name.
  std::span<const batch::Label> all() const noexcept { return labels_; }

 private:
  Result<bool> relabel(size_t of_page);
  void write_bounds(uint32_t type);
  void rename_clashes();
  Result<void> check_names();
  Result<void> check_limits() const;

  const LabelOptions& options_;
  exposition::SeriesText parsed_;
  std::vector<batch::Label> labels_;
  std::deque<std::string> changed_;  // names and values that are not the page's
  relabel::Labels relabelled_;
};

}  // namespace tarsier::scrape
