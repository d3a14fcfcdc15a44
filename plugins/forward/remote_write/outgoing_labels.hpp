// OutgoingLabels: from the labels of a series in a batch to those that an endpoint sends: external labels join, then rules run.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "plugins/forward/remote_write/relabelled_labels.hpp"
#include "plugins/forward/remote_write/settings.hpp"
#include "tarsier/batch.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::forward {

/// Keeps memory from series to series. For one thread.
class OutgoingLabels {
 public:
  /// `external` is sorted by name, and outlives it, as the rules do.
  explicit OutgoingLabels(const Labels& external, std::span<const relabel::Rule> rules = {})
      : external_(external), relabelled_(rules) {}

  /// The series' own labels, sorted, none empty; valid until the next call. INVALID: malformed.
  Result<std::span<const batch::Label>> read(const batch::SamplesView& samples, uint32_t series);
  /// What is sent for the labels that read() gave last: with the external labels that it has none of its own for, as the rules
  /// leave them; none: rules drop the series. INVALID: they leave nothing that could be sent. Valid like those.
  Result<std::optional<std::span<const batch::Label>>> outgoing();

 private:
  std::span<const batch::Label> merged();
  const Labels& external_;
  std::vector<batch::Label> own_;
  std::vector<batch::Label> merged_;
  RelabelledLabels relabelled_;
};

/// Spreads series over shards. It stays as it is: cursors on the disk count on it. Of the series' own labels, so that it is not
/// moved to another shard when external labels change.
uint64_t series_hash(std::span<const batch::Label> labels) noexcept;

}  // namespace tarsier::forward
