// Shard: the requests of some of the series, one after the other, so that each series stays in order.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "plugins/forward/remote_write/cursor_store.hpp"
#include "plugins/forward/remote_write/message_writer.hpp"

namespace tarsier::forward {

struct RequestCounts {
  uint64_t samples = 0;
  uint64_t histograms = 0;
  uint64_t exemplars = 0;
  uint64_t all() const noexcept { return samples + histograms + exemplars; }
};

/// Made once: what is sent again is the same to the byte.
struct Request {
  std::string body;  // compressed
  Position end;      // everything of the shard before it is in this request or an earlier one
  RequestCounts counts;
  int64_t newest_ms = INT64_MIN;
  uint32_t attempts = 0;
};

class Shard {
 public:
  /// `settings` outlive it. Nothing from `stop` on is wanted.
  Shard(const EndpointSettings& settings, const ShardMark& mark, const Position& stop = kNowhere);

  // -- what is to be sent

  /// Whether the part at that place was not sent yet.
  bool wants(const Position& at) const noexcept { return wants_any(at, at); }
  /// Whether that is so of any part from `first` to `last`.
  bool wants_any(const Position& first, const Position& last) const noexcept { return last >= resume_ && first < stop_; }
  /// The writer for the part at `at`, in a series with these labels; a request that is full ends before it.
  MessageWriter& write(const Position& at, std::span<const batch::Label> labels, const SeriesMetadata& metadata, int64_t mono_ns);
  /// Counts what was written.
  void wrote_sample(int64_t time_ms) noexcept { note(open_.counts.samples, time_ms); }
  void wrote_histogram(int64_t time_ms) noexcept { note(open_.counts.histograms, time_ms); }
  void wrote_exemplar(int64_t time_ms) noexcept { note(open_.counts.exemplars, time_ms); }
  void end_series();
  /// The queue was read up to `read`: ends the request when it is due, or at once with `all`.
  void end_request(const Position& read, int64_t mono_ns, bool all);

  // -- sending

  /// What is to be sent now, if anything.
  Request* due(int64_t mono_ns) noexcept;
  /// The front is on its way.
  void sending();
  /// The front needs no sending any more; it is given back.
  Request sent();
  /// The front is tried again at that time.
  void retry_at(int64_t mono_ns) noexcept;
  bool in_flight() const noexcept { return in_flight_; }
  int64_t backoff_ns = 0;  // the pause after the next failure; 0: the shortest

  // -- where it is

  /// The queue was read to where the shard began, and to where its first request has to end.
  bool settled(const Position& read) const noexcept { return read >= resume_ && fixed_end_ == Position{}; }
  bool empty() const noexcept { return ready_.empty() && open_.counts.all() == 0; }
  /// Samples and others that wait in memory.
  uint64_t waiting() const noexcept { return waiting_; }
  uint64_t waiting_bytes() const noexcept;
  /// With the queue read up to `read`.
  ShardMark mark(const Position& read) const noexcept;
  /// When something is to be done without anybody asking; INT64_MAX: never.
  int64_t next_ns() const noexcept;

 private:
  void note(uint64_t& count, int64_t time_ms) noexcept;
  void close(const Position& end);

  const EndpointSettings& settings_;
  ShardMark mark_;
  const Position resume_, stop_;
  Position fixed_end_;  // where the first request ends, whatever its size; {}: anywhere
  std::unique_ptr<MessageWriter> writer_;
  bool in_series_ = false;
  Request open_;
  int64_t open_since_ns_ = 0;
  std::deque<Request> ready_;
  uint64_t waiting_ = 0;
  uint64_t ready_bytes_ = 0;
  bool in_flight_ = false;
  int64_t retry_at_ns_ = 0;
};

}  // namespace tarsier::forward
