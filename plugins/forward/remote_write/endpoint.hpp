// Endpoint: one receiver, and how far it is. It reads the queue as it is needed, makes requests of it in shards, and sends them.
//
// All of it runs in step(), never twice at the same time; what happens elsewhere leaves a note and calls wake().
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "plugins/forward/remote_write/answer.hpp"
#include "plugins/forward/remote_write/durable_queue.hpp"
#include "plugins/forward/remote_write/entry_writer.hpp"
#include "plugins/forward/remote_write/resharding.hpp"
#include "tarsier/scheduler.hpp"

namespace tarsier::forward {

/// What all endpoints use; outlives them.
struct Surroundings {
  const Host& host;
  ServiceRef<tarsier_http> http;
  DurableQueue& queue;
  CursorStore& cursors;
};

class Endpoint : public std::enable_shared_from_this<Endpoint> {
 public:
  Endpoint(Surroundings& around, EndpointSettings settings, const Cursor& cursor);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// [any] There may be something to do.
  void wake();
  /// [any] Other settings, under the same name: from the next request on.
  void apply(EndpointSettings settings);
  /// [ctl] Nothing is begun any more; returns when nothing of it runs.
  void end();
  /// [ctl] In the plugin's stop, after end(), when nothing of it runs: takes the answers that came, and keeps where it is.
  void keep_place();

  const std::string& name() const noexcept { return name_; }
  /// [any] The queue is not needed before this sequence number.
  uint64_t needed() const noexcept { return needed_.load(); }
  /// [any] What is wrong; "" when nothing is.
  std::string trouble() const;

 private:
  struct Note {
    std::optional<size_t> shard;  // none: metadata
    Answer answer;
  };
  // endpoint.cpp: steps, and what is kept
  void run();
  void step();
  void set_trouble(std::string text);
  void begin_at(const Cursor& cursor, const Position& stop = kNowhere);
  void adopt(EndpointSettings settings);
  void fill();
  void take_entry(const QueueEntry& entry);
  bool has_room() const;
  bool waits() const;
  bool settled() const;
  void save_place();
  Cursor cursor() const;
  void arm(int64_t mono_ns);
  void look_at_traffic(int64_t mono_ns);
  void reshard();
  Position reached() const noexcept { return std::min(read_, stop_at_); }
  uint64_t samples_before(uint64_t sequence) const;
  void tell_what_is_left_out(int64_t mono_ns);
  // endpoint_sending.cpp: requests and answers
  void take_note(const Note& note);
  void request_done(size_t shard, const Answer& answer);
  void note_written(const Request& request, const Answer& answer);
  void try_again(Shard& shard, const Answer& answer);
  int64_t pause_ns(Shard& shard, const Answer& answer);
  void drop_old_requests();
  void send_due(int64_t mono_ns);
  void send_request(size_t shard, const Request& request);
  void send_metadata(int64_t mono_ns);
  void post_body(std::string_view body, uint32_t attempts, std::optional<size_t> shard);
  void answered(const Note& note);
  bool any_in_flight() const;

  Surroundings& around_;
  const Host& host_;
  const std::string name_;
  const EndpointMetrics metrics_;
  std::atomic<uint64_t> needed_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable rests_;
  enum class Running : uint8_t { no, posted, yes, again } running_ = Running::no;
  std::vector<Note> notes_;
  std::optional<EndpointSettings> coming_settings_;
  std::string trouble_;
  bool ended_ = false;

  // Of step() alone.
  EndpointSettings settings_;
  MetadataBook metadata_;
  std::optional<EntryWriter> writer_;
  Shards shards_;
  Position read_;                                      // how far the queue was read
  uint64_t samples_read_ = 0;                          // samples of the queue before that
  std::deque<std::pair<uint64_t, uint64_t>> entries_;  // read and not sent whole: sequence, and the samples before it
  Cursor saved_;                                       // as it is on the disk
  std::optional<EndpointSettings> adopting_;           // once nothing is under way
  uint64_t reshard_to_ = 0;                            // 0: as it is
  Position stop_at_ = kNowhere;                        // where the shards meet before there is another number of them
  Resharding resharding_;
  struct {
    int64_t since_ns = 0, last_sent_ns = 0;
    uint64_t samples_in = 0, samples_out = 0;
    int64_t sending_ns = 0;
  } traffic_;
  uint64_t outdated_ = 0;  // samples that max_queue_age has dropped, and that were not told of
  int64_t outdated_told_ns_ = INT64_MIN;
  uint64_t metadata_left_out_ = 0;  // as it was told
  std::deque<MetadataBook::Page> metadata_pages_;
  bool metadata_in_flight_ = false;
  int64_t next_metadata_ns_ = 0;
  int64_t highest_sent_ms_ = INT64_MIN;
  uint64_t random_;
  Timer timer_;  // ended by itself, or with the endpoint
  int64_t timer_at_ns_ = INT64_MAX;
};

}  // namespace tarsier::forward
