// SegmentSource: the series of the segments of one window, in order of their labels, for a partition to be written from. Segments are
// in order of the series' numbers, so it reads them once for each run of series that fits into memory.
#pragma once

#include "head_segment.hpp"
#include "series_source.hpp"
#include "series_table.hpp"

namespace tarsier::samples {

class SegmentSource final : public SeriesSource {
 public:
  /// `segments`: in order of their flushes. `table` knows all their series, and outlives this.
  static Result<std::unique_ptr<SegmentSource>> open(const SeriesTable& table, const HeadSegments& segments);
  Result<bool> next() override;
  Labels labels() const override { return labels_; }
  Result<void> samples(Columns& out) override;
  /// Where the last error came from; nothing when it came from no segment.
  const std::shared_ptr<HeadSegment>& failed() const noexcept { return failed_; }

 private:
  explicit SegmentSource(const SeriesTable& table) : table_(table) {}
  void sort();
  Result<void> read_run();

  const SeriesTable& table_;
  std::vector<SegmentReader> readers_;
  std::vector<uint32_t> order_;  // numbers in the table
  size_t next_ = 0;
  size_t run_length_ = 0;
  size_t run_begin_ = 0;
  std::vector<Columns> run_;
  std::vector<Label> labels_;
  std::shared_ptr<HeadSegment> failed_;
};

}  // namespace tarsier::samples
