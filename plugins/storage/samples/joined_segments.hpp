// JoinedSegments: the series of several segments of one window, one after the other in the order of their keys. In memory is one
// block of each.
#pragma once

#include "deletion.hpp"
#include "head_segment.hpp"
#include "series_table.hpp"

namespace tarsier::samples {

class JoinedSegments {
 public:
  /// `segments`: in order of their flushes; of samples with equal times that of the first counts. `table` knows all their series,
  /// and outlives this. What is deleted is left out.
  static Result<JoinedSegments> open(const HeadSegments& segments, const SeriesTable& table, DeletionList deletions);
  /// Steps to the next series; false at the end.
  Result<bool> next();
  /// Of the current series.
  SeriesKey key() const noexcept { return readers_[current_.front()].key(); }
  /// Appends its samples, ascending and unique; none when all are deleted.
  Result<void> samples(Columns& out);
  /// Where the last error came from; nothing when it came from no segment.
  const std::shared_ptr<HeadSegment>& failed() const noexcept { return failed_; }

 private:
  JoinedSegments(const SeriesTable& table, DeletionList deletions) : table_(&table), deletions_(std::move(deletions)) {}
  Result<void> step(size_t place);
  void find_deletions();

  const SeriesTable* table_;
  DeletionList deletions_;
  std::vector<SegmentReader> readers_;
  std::vector<size_t> open_;     // readers that have a series in hand, ascending
  std::vector<size_t> current_;  // those whose series is the current one, ascending
  std::vector<Label> labels_;
  SeriesDeletions series_deletions_;
  std::shared_ptr<HeadSegment> failed_;
};

}  // namespace tarsier::samples
