// Sender: the queue, the endpoints, and what they need of one another.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "plugins/forward/remote_write/endpoint.hpp"
#include "tarsier/bus.hpp"

namespace tarsier::forward {

class Sender {
 public:
  explicit Sender(const Host& host, const Settings& settings);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender();

  /// [ctl] Opens what is there, and makes the endpoints go on from where they were.
  Result<void> open(const Settings& settings);
  /// [ctl] Other endpoints or limits: one that is new begins at now, one that is not there any more is forgotten.
  Result<void> apply(const Settings& settings);
  /// [work] One batch; `done` comes when it is as safe as the host's durability says. One caller at a time.
  void take(std::span<const uint8_t> batch, DurableQueue::Done done);
  /// [work] From time to time.
  void tick();
  /// [ctl] In the plugin's stop.
  void stop();

 private:
  static QueueLimits limits(const Settings& settings) { return {settings.max_queue_bytes, settings.max_queue_age_ns}; }
  Result<std::shared_ptr<Endpoint>> make(const EndpointSettings& settings);
  std::vector<std::shared_ptr<Endpoint>> endpoints() const;
  void forget(const std::string& endpoint);
  void wake_all();
  void note_append(double samples, const Result<void>& kept);
  void show_health(const Result<void>& kept);

  const Host& host_;
  CursorStore cursors_;
  DurableQueue queue_;
  Surroundings around_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::shared_ptr<Endpoint>> endpoints_;
  std::string health_;        // as it was told last
  std::string append_error_;  // of the last batch; "": it is in the queue
  bool stopped_ = false;
  std::atomic<int64_t> highest_ns_{INT64_MIN};
  Gauge queue_bytes_, queue_segments_, highest_seconds_, damaged_;
  Counter appended_, append_failed_;
};

}  // namespace tarsier::forward
