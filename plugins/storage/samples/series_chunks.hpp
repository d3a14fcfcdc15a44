// SeriesChunks: the samples of one series in memory: closed chunks and one open chunk, in order of time and never overlapping, none
// of them across a boundary of the partition window. Samples may come in any order.
#pragma once

#include <vector>

#include "chunk_encoder.hpp"
#include "tarsier/result.hpp"

namespace tarsier::samples {

enum class Inserted : uint8_t { appended, out_of_order, duplicate, conflict };

/// The begin of the partition window that a time lies in; saturates at the ends of time.
int64_t window_start(int64_t time, int64_t window) noexcept;
/// The last nanosecond of that window.
int64_t window_last(int64_t time, int64_t window) noexcept;

class SeriesChunks {
 public:
  bool empty() const noexcept { return open_.count() == 0 && closed_.empty(); }
  int64_t min_time() const noexcept { return closed_.empty() ? open_.min_time() : closed_.front().view.min_time; }
  int64_t max_time() const noexcept { return open_.count() != 0 ? open_.max_time() : closed_.back().view.max_time; }

  /// Keeps the first of samples with the same time: an equal one is a duplicate, another a conflict.
  Inserted insert(const Sample& sample, int64_t window);
  /// Views of the chunks that overlap [start, end].
  void views(int64_t start, int64_t end, std::vector<ChunkView>& out) const;
  bool overlaps(int64_t start, int64_t end) const noexcept;

  /// Views of all chunks that end before `cutoff`; they are marked, and stay until drop_sealed(). A marked chunk into which a
  /// sample is inserted loses its mark and stays.
  void begin_seal(int64_t cutoff, std::vector<ChunkView>& out);
  void drop_sealed();
  void abandon_seal() noexcept;

  size_t memory_bytes() const noexcept;
  uint64_t sample_count() const noexcept;
  size_t chunk_count() const noexcept { return closed_.size() + (open_.count() != 0 ? 1 : 0); }

 private:
  struct Closed {
    ChunkView view;
    bool sealing = false;
  };
  void append(const Sample& sample, int64_t window);
  void close_open();
  bool reopen(const Sample& sample, int64_t window);
  Inserted insert_between(const Sample& sample, int64_t window);
  /// Replaces the chunk at `at` by one or more that hold its samples and `sample`.
  Inserted merge_into(size_t at, const Sample& sample);

  std::vector<Closed> closed_;
  ChunkEncoder open_;
};

}  // namespace tarsier::samples
