// A block of samples of a partition: the columns of several series that stand side by side, in one slot of time. A column of times
// that several series share, as those of one scrape do, is there once, and values may be told by those of the series before.
#pragma once

#include <unordered_map>

#include "packer.hpp"
#include "sample.hpp"
#include "tarsier/result.hpp"
#include "value_codec.hpp"

namespace tarsier::samples {

class SampleBlockBuilder {
 public:
  /// Times ascend. A series may have no samples at all.
  void add(const Columns& series);
  size_t series_count() const noexcept { return series_; }
  /// About as many bytes as the block will have.
  size_t size_bytes() const noexcept { return times_.size() + values_.size(); }
  /// The bytes. The builder is empty afterwards.
  void encode(Packer& packer, std::vector<uint8_t>& out);

 private:
  /// The number of the column of times, from 1 on.
  size_t find_times(std::span<const int64_t> times);
  void add_extra(const Columns& series);

  ColumnStreams times_, values_;
  ValueEncoder encoder_;
  std::vector<std::vector<int64_t>> time_columns_;
  std::unordered_map<uint64_t, size_t> by_hash_;
  size_t series_ = 0;
  size_t last_times_ = 0;
};

/// Reads one block, for one thread. May be opened again and again; keeps its memory. Heads of series are parsed as far as they are
/// asked for, since who reads a block seldom wants all of it.
class SampleBlock {
 public:
  /// The bytes must outlive the block, or the next open().
  Result<void> open(std::span<const uint8_t> bytes, Unpacker& unpacker);
  size_t series_count() const noexcept { return series_count_; }
  /// Of the longest column of times.
  uint64_t rows() const noexcept;
  struct Rows {
    size_t first = 0;
    size_t last = 0;  // exclusive
  };
  /// The rows of the series at `index` that lie in [start, end].
  Result<Rows> rows_in(size_t index, int64_t start, int64_t end);
  /// Appends the samples of the series at `index` that lie in [start, end].
  Result<void> read(size_t index, int64_t start, int64_t end, Columns& out);

 private:
  struct Series {
    uint32_t times = 0;  // 0: none
    uint8_t flags = 0;
    ValueHead values;
    size_t extra_at = 0;  // start timestamps and histograms, in bytes_
    size_t extra_size = 0;
  };
  struct Times {
    TimeHead head;
    bool decoded = false;
    std::vector<int64_t> times;
  };

  /// Where the next head, and what it is the head of, begin.
  struct Frontier {
    size_t heads = 0, bytes = 0, bits = 0;
    size_t chain = 0;  // neighbours in a row
  };
  bool parse_times(size_t time_columns);
  bool parse_until(size_t index);
  bool parse_series(ByteReader& in, Series& one);
  bool place(IntegerHead& head);
  const std::vector<int64_t>* times_of(const Series& series);
  bool decode_column(size_t index, size_t rows);
  bool read_extra(const Series& series, size_t rows, Columns& out) const;

  std::vector<uint8_t> heads_, bytes_;
  std::span<const uint8_t> bits_;
  std::vector<Times> times_;
  size_t series_count_ = 0;
  Frontier frontier_;
  std::vector<Series> series_;     // those up to the frontier
  IntegerColumn column_, before_;  // the last that was decoded, and room for its neighbour
  size_t decoded_ = SIZE_MAX;      // the series of column_
  size_t decoded_rows_ = 0;
};

}  // namespace tarsier::samples
