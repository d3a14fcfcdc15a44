// DurableQueue: batches of samples in the order in which they came, on the disk. "remote-write/active" is written; when it is large
// it becomes a segment "remote-write/queue.<first sequence>", which goes when nobody needs it any more, or to make room.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "plugins/forward/remote_write/queue_entry.hpp"
#include "tarsier/storage.hpp"

namespace tarsier::forward {

inline constexpr std::string_view kActiveQueue = "remote-write/active";
inline constexpr std::string_view kSegmentPrefix = "remote-write/queue.";
inline constexpr std::string_view kDamagedPrefix = "remote-write/damaged.";

struct QueueLimits {
  uint64_t bytes = 0;
  int64_t age_ns = 0;  // 0: none
  /// The size at which a segment ends: small beside the limit, for room is made by whole segments.
  uint64_t segment_bytes() const noexcept;
};

class DurableQueue {
 public:
  using Done = std::function<void(Result<void>)>;

  /// `appended` is called [any] when there is more to read; it must not block.
  DurableQueue(const Host& host, QueueLimits limits, std::function<void()> appended);
  DurableQueue(const DurableQueue&) = delete;
  DurableQueue& operator=(const DurableQueue&) = delete;
  /// Waits for what is in flight.
  ~DurableQueue();

  /// [ctl] Finds what is there. Sequence numbers go on from `sequence` at least, and samples are counted from `samples`: what was
  /// known of the queue before a power cut that took its end.
  Result<void> open(uint64_t sequence, uint64_t samples);
  /// [work] Appends the batch; `done` is called once, on any thread. One caller at a time.
  void append(std::span<const uint8_t> batch, int64_t now_ns, const Done& done);
  /// [work] The first entry at or behind `from`; none: there is nothing yet. What cannot be read is left out and counted.
  Result<std::optional<QueueEntry>> read(uint64_t from);
  /// [work] Removes what lies before `needed`, then what is beyond the limits.
  Result<void> maintain(uint64_t needed, int64_t now_ns);
  void set_limits(const QueueLimits& limits);
  /// [ctl, work] Until all `done` of append() have returned.
  void wait_idle();

  /// The sequence number that the next batch gets.
  uint64_t next_sequence() const noexcept { return next_sequence_.load(); }
  /// Samples of all batches so far.
  uint64_t samples() const noexcept { return samples_.load(); }
  uint64_t bytes() const;
  uint64_t segments() const;
  uint64_t damaged() const noexcept { return damaged_.load(); }

 private:
  struct Segment {
    uint64_t last = 0;  // sequence
    uint64_t bytes = 0;
    int64_t newest_ns = 0;
    Env env;  // open while it is read
    bool read = false;
  };
  using Segments = std::map<uint64_t, Segment>;  // by first sequence

  Result<void> open_segments();
  Result<void> open_active();
  Result<std::optional<Segment>> look_at(const Env& env, uint64_t& first);
  bool take_last(const Result<Entry>& entry, Segment& segment);
  Result<void> rotate_if_large();
  Result<void> write(uint64_t sequence, const std::string& value, const Done& done);
  void set_aside(std::string_view name, uint64_t first, const Error& why);
  Result<std::optional<QueueEntry>> read_env(const Env& env, uint64_t from);
  Result<void> remove_first(const char* why);

  const Host& host_;
  const std::function<void()> appended_;
  std::atomic<uint64_t> next_sequence_{1};
  std::atomic<uint64_t> samples_{0};
  std::atomic<uint64_t> damaged_{0};  // entries and segments

  mutable std::mutex files_mutex_;  // guards what follows; held while a file is read
  QueueLimits limits_;
  Env active_;
  Segments segments_;
  uint64_t active_first_ = 0;  // 0: it is empty
  uint64_t active_bytes_ = 0;
  int64_t active_newest_ns_ = 0;

  std::mutex flight_mutex_;  // guards what follows; the writer thread takes it
  std::condition_variable idle_;
  uint64_t in_flight_ = 0;
};

}  // namespace tarsier::forward
