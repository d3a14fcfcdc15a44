// Batches of samples on their way to the bus: in order, tried again while a queue is full or no store is there, bounded in bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "tarsier/bus.hpp"
#include "tarsier/metrics.hpp"
#include "tarsier/scheduler.hpp"

namespace tarsier::publisher {

class SamplesPublisher {
 public:
  /// [ctl] In start. `host` outlives it.
  SamplesPublisher(const Host& host, uint64_t max_waiting_bytes);
  SamplesPublisher(const SamplesPublisher&) = delete;
  SamplesPublisher& operator=(const SamplesPublisher&) = delete;
  ~SamplesPublisher() { stop(); }

  /// [any] Takes the batch; does not block. `source`: whose samples they are, where there are several: the instance is degraded
  /// while the last batch of any of them, as long as it lives, was not stored.
  void publish(Batch batch, const std::shared_ptr<const void>& source = nullptr);
  /// [ctl] First in the plugin's stop: what is published from now on goes to the store, but its answer does not come back, because
  /// the host begins no more calls into an instance that stops.
  void leave();
  /// [ctl] Tries once more, then drops what waits.
  void stop();

 private:
  struct Outcome;
  struct Source {
    const void* key = nullptr;
    std::weak_ptr<const void> alive;  // of a key
    bool is_gone() const noexcept { return key != nullptr && alive.expired(); }
  };
  struct Waiting {
    Batch batch;
    Source source;
  };
  Result<void> hand_over(const Waiting& waiting);
  void flush();  // with lock_ held
  void drop_front(const char* why);
  void retry_later(const Error& error);

  const Host& host_;
  const uint64_t max_waiting_bytes_;
  std::mutex lock_;  // guards everything below
  std::deque<Waiting> waiting_;
  uint64_t waiting_bytes_ = 0;
  bool leaving_ = false;
  bool stopped_ = false;
  bool retry_set_ = false;
  Timer retry_;
  std::shared_ptr<Outcome> outcome_;
  Counter batches_, retries_, dropped_;
  Gauge waiting_gauge_;
};

}  // namespace tarsier::publisher
