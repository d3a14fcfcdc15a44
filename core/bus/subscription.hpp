// A subscription: the queue between the publishers of a topic and one instance. The structs behind abi/bus.h's tarsier_subscription
// and tarsier_delivery.
#pragma once

#include <chrono>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/bus/batch.hpp"
#include "core/bus/bus.hpp"
#include "core/bus/publication.hpp"
#include "core/bus/spill_file.hpp"
#include "core/scheduler/call_gate.hpp"

namespace tarsier::bus {

struct Topic;

/// A batch in a queue; the publication only for required subscriptions whose producer wants an answer.
struct Queued {
  BatchRef batch;
  Publications::Ptr publication;
  uint32_t flags = 0;  ///< that it was published with
};

/// How fast a queue is emptied, as an average over the last tenths of a second. Not thread-safe.
class DrainRate {
 public:
  void drained(uint64_t bytes) noexcept;
  /// How long until that many bytes will be gone: from 1 ms to 5 s, 100 ms when nothing is known.
  std::chrono::nanoseconds time_for(uint64_t bytes) const noexcept;

 private:
  double bytes_per_second_ = 0;
  uint64_t window_bytes_ = 0;
  std::chrono::steady_clock::time_point window_begin_{};
};

/// What offering a batch to a queue came to.
struct Offered {
  bool schedule = false;         ///< call schedule()
  uint64_t dropped = 0;          ///< batches lost
  bool began_dropping = false;   ///< it was not losing any before
  std::optional<Error> failure;  ///< of the spill file
};

}  // namespace tarsier::bus

struct tarsier_delivery {
  std::shared_ptr<tarsier_subscription> subscription;
  uint64_t bytes;  // of its batch, which is kept by whoever still needs it
  tarsier::bus::Publications::Ptr publication;
  uint32_t flags;
  std::list<tarsier_delivery*>::iterator place;  // in the subscription's open deliveries
};

/// Thread-safe. Lock order: topic, then subscription.
struct tarsier_subscription : std::enable_shared_from_this<tarsier_subscription> {
  tarsier_subscription(std::shared_ptr<tarsier::bus::Bus::Impl> room, tarsier::host::Owner& subscriber, tarsier::bus::Topic& of,
                       const tarsier_subscribe_spec& spec, std::filesystem::path spill_path);

  bool blocks() const noexcept { return policy == TARSIER_FULL_BLOCK; }
  /// None: there is room (publishers of the topic are kept out by its lock, so it stays). Else when to ask again; counts the
  /// refusal.
  std::optional<std::chrono::nanoseconds> refuses(uint64_t bytes);
  tarsier::bus::Offered offer(const tarsier_batch* batch, const tarsier::bus::Publications::Ptr& publication, uint32_t flags);
  /// Has a worker call drain().
  void schedule();
  /// No further call begins. What waits is answered and freed.
  void end(const char* why);
  bool has_open_deliveries() const;
  /// Answers for deliveries that were never completed, and frees them.
  void abandon_deliveries();
  void complete(tarsier_delivery* delivery, tarsier_status status, std::string_view message);
  tarsier::bus::SubscriptionStats stats() const;

  const std::shared_ptr<tarsier::bus::Bus::Impl> bus;
  tarsier::host::Owner& owner;
  tarsier::bus::Topic& topic;
  const std::string instance;
  const bool required;
  const tarsier_full_policy policy;
  const uint64_t max_bytes;
  void* const user;
  void (*const on_batch)(void* user, const tarsier_batch* batch, tarsier_delivery* delivery);
  tarsier::scheduler::CallGate gate;

 private:
  bool has_room(uint64_t bytes) const noexcept { return held_bytes_ == 0 || held_bytes_ + bytes <= max_bytes; }
  void enqueue(const tarsier_batch* batch, const tarsier::bus::Publications::Ptr& publication, uint32_t flags);
  void drop_oldest(uint64_t needed, tarsier::bus::Offered& result);
  void spill(const tarsier_batch* batch, tarsier::bus::Offered& result);
  void note_drops(uint64_t count, tarsier::bus::Offered& result);
  void drain();
  std::optional<tarsier::bus::Queued> take(std::string& failure);
  void deliver(tarsier::bus::Queued item);
  void let_go(uint64_t bytes);

  mutable std::mutex mutex_;  // guards what follows
  std::deque<tarsier::bus::Queued> queue_;
  uint64_t held_bytes_ = 0;  // in the queue, in on_batch, and (required) delivered but not completed
  std::list<tarsier_delivery*> open_deliveries_;
  std::optional<tarsier::bus::SpillFile> spill_;
  tarsier::bus::DrainRate rate_;
  bool scheduled_ = false;
  bool dropping_ = false;
  uint64_t delivered_ = 0;
  uint64_t dropped_ = 0;
  uint64_t refused_ = 0;
};
