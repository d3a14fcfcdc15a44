// Bus::Impl: topics, and who holds what. Private to the .cpp files of this room.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/bus/publication.hpp"
#include "core/bus/subscription.hpp"

namespace tarsier::bus {

/// Publishers of one topic take turns, so that all its subscriptions see the same order. Lives as long as the bus.
struct Topic {
  explicit Topic(std::string called);
  const std::string name;

  std::mutex mutex;   // guards what follows
  uint16_t kind = 0;  // 0: a topic of a plugin's own, without a batch yet; its first one fixes the kind
  std::vector<std::shared_ptr<tarsier_subscription>> subscriptions;
  std::set<std::string> expected;  // instances that have, or had before they are replaced, a required one
  uint64_t published = 0;
  uint64_t published_bytes = 0;
};

/// What a batch is to be done with, and who hears of it.
struct Parcel {
  const tarsier_batch* batch;
  uint16_t kind;
  uint32_t flags;
  tarsier_published_fn published;
  void* user;
};

/// What a publish has to say once the topic's lock is released.
struct Loss {
  BusReport::Kind kind;
  std::string instance;
  std::string message;
};

struct Bus::Impl : std::enable_shared_from_this<Bus::Impl> {
  Impl(scheduler::WorkerPool& workers, BusOptions given) : pool(workers), options(std::move(given)) {}

  Topic& topic(std::string_view name);
  /// Gives the batch to all subscriptions, or to none. True: `published` will be called by the required ones. With the topic's lock
  /// held.
  Result<bool> hand_out(Topic& to, host::Owner& producer, const Parcel& parcel, std::vector<Loss>& losses);
  Error malformed(host::Owner& producer, const Topic& to, Error why);
  void leave_topic(const std::shared_ptr<tarsier_subscription>& subscription);
  void report(BusReport::Kind kind, const std::string& instance, const std::string& topic_name, std::string_view message) const;

  scheduler::WorkerPool& pool;
  const BusOptions options;
  Publications publications;

  mutable std::shared_mutex topics_mutex;  // guards `topics`; what is in it never goes away
  std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics;

  std::mutex owners_mutex;  // before a topic's
  std::unordered_map<host::Owner*, std::unordered_set<std::shared_ptr<tarsier_subscription>>> of_owner;
  uint64_t spill_files = 0;
};

}  // namespace tarsier::bus
