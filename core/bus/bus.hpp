// Bus: topics of batches between instances. A published batch is verified, then given to each subscription of its topic, whose
// queue is bounded in bytes; delivery is [work] of the subscriber. What plugins see of it is abi/bus.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/host/owner.hpp"
#include "core/scheduler/worker_pool.hpp"
#include "tarsier/abi/bus.h"
#include "tarsier/result.hpp"

namespace tarsier::bus {

/// What went wrong, by name. The strings are valid during the call.
struct BusReport {
  enum class Kind : uint8_t {
    malformed,    ///< `instance` published a batch that does not verify; already counted
    dropping,     ///< the subscription of `instance` begins to lose batches; already counted
    spill_failed  ///< its spill file cannot be written or read
  };
  Kind kind;
  std::string_view instance;
  std::string_view topic;
  std::string_view message;
};

struct BusOptions {
  std::filesystem::path spill_dir;  ///< "<data_dir>/spill"; emptied at start: what was spilled does not survive a restart
  std::function<void(const BusReport&)> report;  ///< on any thread, must not block
};

/// One subscription, for the host's metrics.
struct SubscriptionStats {
  std::string instance;
  std::string topic;
  bool required = false;
  uint64_t queued_batches = 0;  ///< waiting in memory or being delivered
  uint64_t queued_bytes = 0;
  uint64_t max_bytes = 0;
  uint64_t spilled_bytes = 0;  ///< waiting in the file
  uint64_t uncompleted = 0;    ///< delivered, complete() not yet called
  uint64_t delivered_total = 0;
  uint64_t dropped_total = 0;
  uint64_t refused_total = 0;  ///< publish answered AGAIN because of this one
};

struct TopicStats {
  std::string topic;
  uint64_t published_total = 0;
  uint64_t published_bytes_total = 0;
};

struct BusStats {
  std::vector<TopicStats> topics;
  std::vector<SubscriptionStats> subscriptions;
};

/// Thread-safe. The pool outlives it, and all Owners that used it are detached or alive until it is destroyed.
class Bus {
 public:
  Bus(scheduler::WorkerPool& pool, BusOptions options);
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;
  ~Bus();

  /// Zeroed, aligned to 64 bytes, reference count 1.
  static Result<tarsier_batch*> allocate(uint64_t bytes);
  static uint8_t* data(const tarsier_batch* batch, uint64_t* bytes) noexcept;
  static void retain(const tarsier_batch* batch) noexcept;
  static void release(const tarsier_batch* batch) noexcept;

  Result<void> publish(host::Owner& owner, std::string_view topic, const tarsier_batch* batch, uint32_t flags,
                       tarsier_published_fn published, void* user);
  Result<tarsier_subscription*> subscribe(host::Owner& owner, const tarsier_subscribe_spec& spec);
  static void unsubscribe(tarsier_subscription* subscription);
  static void complete(tarsier_delivery* delivery, tarsier_status status, std::string_view message);

  /// After owner.close(): ends the instance's subscriptions without waiting for a running on_batch. Batches that wait in the queue
  /// of a required one are answered UNAVAILABLE to their producers; those already delivered may still be completed, in stop(). Its
  /// own batches that are not completed yet are answered CANCELLED, because afterwards `published` could not be called any more.
  /// From now on it may publish only without `published`.
  void detach(host::Owner& owner);
  /// After the instance is destroyed: answers UNAVAILABLE for deliveries that it never completed, and frees its handles.
  void forget(host::Owner& owner);

  /// The instance is about to be replaced: while a required subscription that it has now is missing, a publish that demands a store
  /// is answered UNAVAILABLE, though others may be there. Until expect_nobody().
  void expect_back(std::string_view instance);
  void expect_nobody();

  BusStats snapshot() const;

  struct Impl;  // of the .cpp files of this room

 private:
  std::shared_ptr<Impl> impl_;
};

/// The table behind "tarsier.bus/1".
const tarsier_bus* bus_service() noexcept;

}  // namespace tarsier::bus
