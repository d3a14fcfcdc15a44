// ServiceRegistry: which instance offers which service now, who refers to it, and what providers hold for their consumers. What
// plugins see of it is abi/services.h.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/host/owner.hpp"
#include "tarsier/abi/services.h"
#include "tarsier/result.hpp"

namespace tarsier::host {
class ServiceRegistry;
}

/// One consumer's reference to one service name. acquire counts first and reads the table then; whoever changes the table waits
/// until the count was seen at zero afterwards: from then on nobody uses the old one.
struct tarsier_service_ref {
  std::atomic<const void*> table{nullptr};
  std::atomic<int64_t> uses{0};
  std::atomic<bool> paused{false};  ///< acquire answers UNAVAILABLE for a moment, so that the count can reach zero
  std::string service;              ///< "tarsier.http/1"
  std::string instance;             ///< "" or the part after @
  tarsier::host::Owner* consumer = nullptr;
  std::string provider;  ///< instance that the table is of; guarded by the registry's mutex
  tarsier::host::ServiceRegistry* registry = nullptr;
};

/// Something that a provider holds for a consumer. Lives until the provider lets go of it, or is destroyed: a late unhold finds it.
struct tarsier_hold {
  tarsier::host::ServiceRegistry* registry;
  tarsier::host::Owner* provider;
  tarsier::host::Owner* owner;  ///< nullptr once revoked
  void (*revoke)(void* user);
  void* user;
  bool revoking = false;
};

namespace tarsier::host {

/// What one instance offers after its start.
struct OfferedService {
  std::string name;
  const void* table;
  uint32_t flags;  ///< TARSIER_OFFER_*
};

/// Thread-safe. What stands under "the lifecycle" is called by that only, one at a time.
class ServiceRegistry {
 public:
  using References = std::vector<tarsier_service_ref*>;
  /// How long acquire_wait waits: as long as a life-cycle call may take. And how many calls may do so at once: no more than the
  /// workers that the pool starts beyond its usual number.
  static constexpr std::chrono::seconds kTransitLimit{10};
  static constexpr unsigned kMaxWaiting = 16;

  // ---- consumers
  tarsier_service_ref* reference(Owner& consumer, std::string_view name);
  static const void* acquire(tarsier_service_ref& ref, tarsier_error* error) noexcept;
  /// Waits for a provider that is in transit.
  static const void* acquire_wait(tarsier_service_ref& ref, tarsier_error* error);
  static void release(tarsier_service_ref& ref) noexcept { ref.uses.fetch_sub(1, std::memory_order_release); }
  /// In start order.
  std::vector<std::string> providers(std::string_view service) const;
  /// The instance is in transit, or a provider of something that it refers to; "": any instance is.
  bool in_transit(std::string_view instance) const;

  // ---- the lifecycle
  /// The instance is being replaced: it will be back with these services, at its next offer(), or not at all, at end_transit().
  void begin_transit(const std::string& instance, const std::vector<OfferedService>& services);
  void end_transit();
  /// The instance's services from now on; `order` is its place in the start order. When the instance offered something before, its
  /// references are moved over at once. Returns those whose old table may still be in use: see wait_unused.
  References offer(const std::string& instance, uint64_t order, const std::vector<OfferedService>& services);
  /// The instance offers nothing any more; its references go over to the next provider, or to none.
  References withdraw(const std::string& instance);
  /// Waits until no use that began before the change is left. In the last part of `timeout` it pauses the references that are
  /// always in use, for an instant at a time. False: some are still in use.
  bool wait_unused(const References& references, std::chrono::nanoseconds timeout);
  /// One of these references, as far as it still exists, is in use now.
  bool in_use(const References& references) const;
  /// Uses in flight of what the instance offers.
  uint64_t uses_of(const std::string& instance) const;
  /// Consumers (by instance) that refer to something that `instance` offers now.
  std::vector<std::string> consumers_of(const std::string& instance) const;
  /// Frees the references of a consumer that was destroyed, and what it held as a provider.
  void forget(Owner& owner);

  // ---- providers that call back
  /// nullptr and `error` when `owner` is stopping.
  tarsier_hold* hold(Owner& provider, Owner& owner, void (*revoke)(void* user), void* user, tarsier_error* error);
  static void unhold(tarsier_hold* hold);
  /// After owner.close(): calls revoke of everything that is held for it.
  void revoke_all(Owner& owner);

 private:
  struct Provider {
    std::string instance;
    uint64_t order;
    OfferedService service;
  };

  struct InTransit {
    std::string instance;
    std::vector<OfferedService> services;
  };

  void set_providers(const std::string& instance, uint64_t order, const std::vector<OfferedService>& services);
  References rebind();
  const Provider* choose(const tarsier_service_ref& ref) const;
  bool expected(const tarsier_service_ref& ref) const;
  bool worth_waiting(const tarsier_service_ref& ref) const;
  void tell_waiting();

  mutable std::mutex providers_mutex_;
  std::condition_variable changed_;  // what acquire_wait waits for
  unsigned waiting_ = 0;
  std::vector<Provider> providers_;  // by order
  std::vector<InTransit> in_transit_;
  std::atomic<size_t> transits_{0};  // the size of in_transit_
  std::vector<std::unique_ptr<tarsier_service_ref>> references_;

  std::mutex holds_mutex_;
  std::condition_variable hold_revoked_;
  std::list<std::unique_ptr<tarsier_hold>> holds_;
};

/// The table behind "tarsier.services/1".
const tarsier_services* services_service() noexcept;

}  // namespace tarsier::host
