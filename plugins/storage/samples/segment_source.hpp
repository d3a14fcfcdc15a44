// SegmentSource: the series of the segments of one window, in order of their labels, for a partition to be written from. Segments
// are in order of the series' keys, so it reads them once for each run of series that fits into memory.
#pragma once

#include "deletion.hpp"
#include "head_segment.hpp"
#include "series_source.hpp"
#include "series_table.hpp"

namespace tarsier::samples {

class SegmentSource final : public SeriesSource {
 public:
  /// `segments`: in order of their flushes. `table` knows all their series, and outlives this. What is deleted is left out.
  static Result<std::unique_ptr<SegmentSource>> open(const SeriesTable& table, const HeadSegments& segments,
                                                     DeletionList deletions);
  Result<bool> next() override;
  Labels labels() const override { return labels_; }
  Result<void> samples(Columns& out) override;
  /// Where the last error came from; nothing when it came from no segment.
  const std::shared_ptr<HeadSegment>& failed() const noexcept { return failed_; }
  /// When next() has returned false: tells each segment how many series it has that the table does not know.
  void note_unknown() const noexcept;

 private:
  SegmentSource(const SeriesTable& table, DeletionList deletions) : table_(table), deletions_(std::move(deletions)) {}
  void sort();
  void find_deletions();
  Result<void> read_run();

  const SeriesTable& table_;
  const DeletionList deletions_;
  std::vector<SegmentReader> readers_;
  std::vector<uint64_t> known_;  // of the series of each
  std::vector<uint32_t> order_;  // numbers in the table
  size_t next_ = 0;
  size_t run_length_ = 0;
  size_t run_begin_ = 0;
  std::vector<Columns> run_;
  std::vector<SeriesDeletions> run_deletions_;  // none when there are no deletions at all
  std::vector<Label> labels_;
  std::shared_ptr<HeadSegment> failed_;
};

}  // namespace tarsier::samples
