// HeadSegment: samples that a flush moved out of memory and that are not in a partition yet: one window of time, blocks of series
// in the order of their keys. It has no labels and no index of its own; the head's serves. docs/storage.md describes the bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sample_block.hpp"
#include "sealed_file.hpp"
#include "series_key.hpp"

namespace tarsier::samples {

inline constexpr std::string_view kSegmentPrefix = "samples/head.";

/// Which segment it is: it has what came through these flushes and lies in that window.
struct SegmentName {
  uint64_t first_flush = 0;
  uint64_t last_flush = 0;
  int64_t window_start = 0;
  int64_t window_ns = 0;  // its length, which is another one after partition_window was changed

  /// "samples/head.7.1799996400.2h": flush, begin of the window in seconds ("m12" before 1970) and its length;
  /// "samples/head.7-14.1799996400.2h" when it was made of others.
  std::string text() const;
  /// Nothing when it is no segment's name.
  static std::optional<SegmentName> parse(std::string_view text);
  Cover cover() const noexcept;
};

struct SegmentInfo {
  SegmentName name;
  int64_t min_time = INT64_MAX;
  int64_t max_time = INT64_MIN;
  uint64_t series = 0;
  uint64_t samples = 0;
  uint64_t histogram_bytes = 0;  // of all samples, as they are in memory
  uint64_t highest_ref = 0;
  std::vector<SeriesKey> first_keys;  // of each block, ascending

  void encode(std::vector<uint8_t>& out) const;
  static Result<SegmentInfo> decode(std::span<const uint8_t> bytes);
};

class HeadSegment final : public SealedFile {
 public:
  static Result<std::shared_ptr<HeadSegment>> open(const Host& host, const std::string& name);
  HeadSegment(const Host& host, std::string name) : SealedFile(host, std::move(name)) {}
  const SegmentInfo& info() const noexcept { return info_; }
  /// So many of its series are not known: what defined them is damaged. Their samples are in no answer.
  void note_unknown(uint64_t series) noexcept {
    unknown_series_ = series;
    if (series != 0) keep_when_doomed();
  }
  uint64_t unknown_series() const noexcept { return unknown_series_; }

 private:
  Result<void> read_head();
  SegmentInfo info_;
  std::atomic<uint64_t> unknown_series_{0};
};

/// One that was just written; when it does not open it is removed.
Result<std::shared_ptr<HeadSegment>> open_made_segment(const Host& host, const std::string& name);

/// Ascending by window, then by flush.
using HeadSegments = std::vector<std::shared_ptr<HeadSegment>>;
/// Of what is made of all of them, which are of one window.
Cover joint_cover(const HeadSegments& segments);

/// Makes one segment. It is on the disk, whole, when finish() returns OK; otherwise nothing of it is.
class SegmentWriter {
 public:
  static Result<SegmentWriter> begin(const Host& host, SegmentName name);
  /// Series in ascending order of their keys; `columns` ascend in time.
  Result<void> add(SeriesKey key, const Columns& columns);
  Result<void> finish();
  const std::string& name() const noexcept { return name_; }

 private:
  SegmentWriter(std::string name, Sealer sealer) : name_(std::move(name)), sealer_(std::move(sealer)) {}
  Result<void> write_block();

  std::string name_;
  Sealer sealer_;
  SegmentInfo info_;
  std::vector<SeriesKey> keys_;
  SampleBlockBuilder builder_;
  Packer packer_;
};

/// Reads series of one segment one after the other; for one thread. Keeps the block that it read last.
class SegmentReader {
 public:
  static Result<SegmentReader> open(std::shared_ptr<HeadSegment> segment);
  const std::shared_ptr<HeadSegment>& file() const noexcept { return segment_; }
  /// Appends the samples in [start, end]; nothing when the segment has none of that series, or was found to be damaged.
  Result<void> read(SeriesKey key, int64_t start, int64_t end, Columns& out);
  /// Steps to the next series in the order of their keys, the first one at first; false at the end. read() by key goes elsewhere.
  Result<bool> next();
  /// Of the series that next() stepped to.
  SeriesKey key() const noexcept { return keys_[next_ - 1]; }
  /// Appends all its samples.
  Result<void> read(Columns& out) { return read_at(next_ - 1, INT64_MIN, INT64_MAX, out); }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  SegmentReader(std::shared_ptr<HeadSegment> segment, Snapshot snapshot)
      : segment_(std::move(segment)), snapshot_(std::move(snapshot)) {}
  Result<void> load(size_t block);
  size_t block_of(SeriesKey key) const;
  size_t index_of(SeriesKey key) const;
  Result<void> read_at(size_t index, int64_t start, int64_t end, Columns& out);

  std::shared_ptr<HeadSegment> segment_;
  Snapshot snapshot_;
  Unpacker unpacker_;
  size_t block_number_ = kNone;
  size_t next_ = 0;  // in the block: behind the series that was read or stepped to last
  std::vector<uint8_t> key_bytes_;
  std::vector<SeriesKey> keys_;
  SampleBlock block_;
};

}  // namespace tarsier::samples
