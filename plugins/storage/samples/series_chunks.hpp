// SeriesChunks: the samples of one series that are in memory: closed chunks and one open chunk, in order of time and never
// overlapping, none of them across a boundary of the partition window. Samples may come in any order. What a flush took is gone
// from here; the newest sample's time and value stay known.
#pragma once

#include <limits>
#include <memory>
#include <optional>
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
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

  /// Nothing in memory.
  bool empty() const noexcept { return open_.count() == 0 && closed_ == nullptr; }
  /// The time of the newest sample, in memory or not; kNever when none is known.
  int64_t newest() const noexcept { return open_.max_time(); }
  /// Of what is in memory; not when empty().
  int64_t min_time() const noexcept { return closed_ == nullptr ? open_.min_time() : closed_->front().min_time; }
  int64_t max_time() const noexcept { return open_.count() != 0 ? open_.max_time() : closed_->back().max_time; }
  /// Its value, when it is a number for sure.
  std::optional<double> newest_value() const noexcept {
    return newest() == kNever || !open_.last_was_float() ? std::nullopt : std::optional(open_.last_value());
  }
  /// What is stored elsewhere has this newest sample; ignored when a newer one is known.
  void restore_newest(int64_t time, double value, bool is_float);
  /// It is deleted where it is stored: its time is still the newest, but any value may come for it. Not of one in memory.
  void forget_newest_value();

  /// Keeps the first of samples with the same time: an equal one is a duplicate, another a conflict. Sees what is in memory, and
  /// the newest sample.
  Inserted insert(const Sample& sample, int64_t window);
  /// Brings what insert() uses near; prefetch_end() a while after prefetch().
  void prefetch() const noexcept {
    __builtin_prefetch(this, 1);
    __builtin_prefetch(reinterpret_cast<const char*>(this + 1) - 1, 1);
  }
  void prefetch_end() const noexcept { open_.prefetch_end(); }
  /// Views of the chunks that overlap [start, end].
  void views(int64_t start, int64_t end, std::vector<ChunkView>& out) const;

  /// Moves all chunks out, in order of time.
  void take(std::vector<ChunkView>& out);

  size_t memory_bytes() const noexcept;
  uint64_t sample_count() const noexcept;
  size_t chunk_count() const noexcept { return (closed_ == nullptr ? 0 : closed_->size()) + (open_.count() != 0 ? 1 : 0); }

 private:
  void append(const Sample& sample, int64_t window);
  void close_open();
  std::vector<ChunkView>& closed();
  bool reopen(const Sample& sample, int64_t window);
  Inserted insert_between(const Sample& sample, int64_t window);
  /// Replaces the chunk at `at` by one or more that hold its samples and `sample`.
  Inserted merge_into(size_t at, const Sample& sample);

  std::unique_ptr<std::vector<ChunkView>> closed_;  // null when there are none, which is the usual state
  ChunkEncoder open_;
};

}  // namespace tarsier::samples
