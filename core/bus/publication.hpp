// Publication: one published batch on its way through the required subscriptions, and the answer that its producer waits for.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/host/owner.hpp"
#include "tarsier/abi/bus.h"
#include "tarsier/result.hpp"

namespace tarsier::bus {

struct Publication {
  host::Owner* producer;
  tarsier_published_fn published;
  void* user;
  std::atomic<uint32_t> remaining;  // required subscriptions that have not completed it

  // Guarded by Publications' mutex.
  tarsier_status status = TARSIER_OK;  // the first failure
  std::string message;
};

/// Publications that are not answered yet. Thread-safe.
class Publications {
 public:
  using Ptr = std::shared_ptr<Publication>;

  /// Null when the producer is closed: nobody could be answered.
  Ptr begin(host::Owner& producer, uint32_t required, tarsier_published_fn published, void* user);
  /// One required subscription is through with it. The last one calls `published`.
  void complete(const Ptr& publication, tarsier_status status, std::string_view message);
  /// The producer goes: answers what it waits for.
  void cancel_all(host::Owner& producer);

 private:
  std::mutex mutex_;
  std::unordered_set<Ptr> open_;
};

}  // namespace tarsier::bus
