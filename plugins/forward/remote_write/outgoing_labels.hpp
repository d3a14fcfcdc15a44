// OutgoingLabels: from the labels of a series in a batch to those that an endpoint sends.
#pragma once

#include <span>
#include <vector>

#include "plugins/forward/remote_write/settings.hpp"
#include "tarsier/batch.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::forward {

/// Keeps memory from series to series. For one thread.
class OutgoingLabels {
 public:
  /// `external` is sorted by name, and outlives it.
  explicit OutgoingLabels(const Labels& external) : external_(external) {}

  /// The series' own labels, sorted, none empty; valid until the next call. INVALID: malformed.
  Result<std::span<const batch::Label>> read(const batch::SamplesView& samples, uint32_t series);
  /// What is sent for the labels that read() gave last: with the external labels that it has none of its own for. Valid like those.
  std::span<const batch::Label> outgoing();

 private:
  const Labels& external_;
  std::vector<batch::Label> own_;
  std::vector<batch::Label> merged_;
};

/// Spreads series over shards. It stays as it is: cursors on the disk count on it. Of the series' own labels, so that it is not
/// moved to another shard when external labels change.
uint64_t series_hash(std::span<const batch::Label> labels) noexcept;

}  // namespace tarsier::forward
