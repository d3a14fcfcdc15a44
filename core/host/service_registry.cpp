#include "core/host/service_registry.hpp"

#include <algorithm>
#include <thread>

namespace tarsier::host {
namespace {

constexpr int64_t kRetryAfterNs = 100'000'000;
constexpr int64_t kPausedRetryNs = 1'000'000;

bool unused_within(tarsier_service_ref& ref, std::chrono::steady_clock::time_point deadline) {
  auto pause = std::chrono::microseconds(20);
  while (ref.uses.load(std::memory_order_seq_cst) != 0) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(2000));
  }
  return true;
}

}  // namespace

// ---- consumers

tarsier_service_ref* ServiceRegistry::reference(Owner& consumer, std::string_view name) {
  const size_t at = std::min(name.find('@'), name.size());
  auto ref = std::make_unique<tarsier_service_ref>();
  ref->service = name.substr(0, at);
  ref->instance = name.substr(std::min(at + 1, name.size()));
  ref->consumer = &consumer;
  ref->registry = this;
  const std::lock_guard lock(providers_mutex_);
  for (const auto& known : references_) {
    if (known->consumer == &consumer && known->service == ref->service && known->instance == ref->instance) return known.get();
  }
  if (const Provider* provider = choose(*ref); provider != nullptr) {
    ref->table.store(provider->service.table);
    ref->provider = provider->instance;
  }
  return references_.emplace_back(std::move(ref)).get();
}

const void* ServiceRegistry::acquire(tarsier_service_ref& ref, tarsier_error* error) noexcept {
  // Both sequentially consistent, as are the store of a table and the load of the count in wait_unused: either this use is seen
  // there, or the new table is seen here.
  ref.uses.fetch_add(1, std::memory_order_seq_cst);
  const void* table = ref.table.load(std::memory_order_seq_cst);
  if (table != nullptr && !ref.paused.load(std::memory_order_relaxed)) [[likely]]
    return table;
  ref.uses.fetch_sub(1, std::memory_order_release);
  const bool paused = table != nullptr;
  const std::string at = ref.instance.empty() ? std::string() : "@" + ref.instance;
  (void)Error::unavailable(ref.service + at + (paused ? " is being replaced" : " has no running provider"),
                           paused ? kPausedRetryNs : kRetryAfterNs)
      .to_c(error);
  return nullptr;
}

const void* ServiceRegistry::acquire_wait(tarsier_service_ref& ref, tarsier_error* error) {
  const void* table = acquire(ref, error);
  if (table != nullptr) return table;
  ServiceRegistry& registry = *ref.registry;
  const auto until = std::chrono::steady_clock::now() + kTransitLimit;
  std::unique_lock lock(registry.providers_mutex_);
  if (registry.waiting_ >= kMaxWaiting) return nullptr;
  ++registry.waiting_;
  const auto settled = [&] { return (ref.table.load() != nullptr && !ref.paused.load()) || !registry.worth_waiting(ref); };
  // A table that came may be gone again by the time it is acquired.
  while (table == nullptr && registry.worth_waiting(ref) && registry.changed_.wait_until(lock, until, settled)) {
    table = acquire(ref, error);
  }
  --registry.waiting_;
  return table;
}

// Not when the consumer itself is being stopped: then it is waited for.
bool ServiceRegistry::worth_waiting(const tarsier_service_ref& ref) const {
  return !ref.consumer->closed() && (ref.table.load() != nullptr || expected(ref));
}

bool ServiceRegistry::expected(const tarsier_service_ref& ref) const {
  return std::any_of(in_transit_.begin(), in_transit_.end(), [&](const InTransit& going) {
    if (!ref.instance.empty() && ref.instance != going.instance) return false;
    return std::any_of(going.services.begin(), going.services.end(),
                       [&](const auto& service) { return service.name == ref.service; });
  });
}

bool ServiceRegistry::in_transit(std::string_view instance) const {
  if (transits_.load(std::memory_order_acquire) == 0) return false;  // as nearly always, for every request
  if (instance.empty()) return true;
  const std::lock_guard lock(providers_mutex_);
  if (std::any_of(in_transit_.begin(), in_transit_.end(), [&](const InTransit& going) { return going.instance == instance; }))
    return true;
  return std::any_of(references_.begin(), references_.end(),
                     [&](const auto& ref) { return ref->consumer->instance() == instance && expected(*ref); });
}

std::vector<std::string> ServiceRegistry::providers(std::string_view service) const {
  const std::lock_guard lock(providers_mutex_);
  std::vector<std::string> names;
  for (const Provider& provider : providers_) {
    if (provider.service.name == service) names.push_back(provider.instance);
  }
  return names;
}

// ---- the lifecycle

void ServiceRegistry::begin_transit(const std::string& instance, const std::vector<OfferedService>& services) {
  const std::lock_guard lock(providers_mutex_);
  std::erase_if(in_transit_, [&](const InTransit& going) { return going.instance == instance; });
  in_transit_.push_back({instance, services});
  transits_.store(in_transit_.size(), std::memory_order_release);
}

void ServiceRegistry::end_transit() {
  const std::lock_guard lock(providers_mutex_);
  in_transit_.clear();
  transits_.store(0, std::memory_order_release);
  changed_.notify_all();
}

void ServiceRegistry::tell_waiting() {
  const std::lock_guard lock(providers_mutex_);
  changed_.notify_all();
}

ServiceRegistry::References ServiceRegistry::offer(const std::string& instance, uint64_t order,
                                                   const std::vector<OfferedService>& services) {
  const std::lock_guard lock(providers_mutex_);
  set_providers(instance, order, services);
  std::erase_if(in_transit_, [&](const InTransit& going) { return going.instance == instance; });
  transits_.store(in_transit_.size(), std::memory_order_release);
  References moved = rebind();
  changed_.notify_all();
  return moved;
}

ServiceRegistry::References ServiceRegistry::withdraw(const std::string& instance) {
  const std::lock_guard lock(providers_mutex_);
  set_providers(instance, 0, {});
  return rebind();
}

void ServiceRegistry::set_providers(const std::string& instance, uint64_t order, const std::vector<OfferedService>& services) {
  std::erase_if(providers_, [&](const Provider& provider) { return provider.instance == instance; });
  for (const OfferedService& service : services) providers_.push_back({instance, order, service});
  std::stable_sort(providers_.begin(), providers_.end(), [](const Provider& a, const Provider& b) { return a.order < b.order; });
}

ServiceRegistry::References ServiceRegistry::rebind() {
  References changed;
  for (const auto& ref : references_) {
    const Provider* provider = choose(*ref);
    const void* table = provider == nullptr ? nullptr : provider->service.table;
    ref->provider = provider == nullptr ? std::string() : provider->instance;
    if (ref->table.load() == table) continue;
    if (ref->table.exchange(table, std::memory_order_seq_cst) != nullptr) changed.push_back(ref.get());
  }
  return changed;
}

const ServiceRegistry::Provider* ServiceRegistry::choose(const tarsier_service_ref& ref) const {
  for (const Provider& provider : providers_) {
    if (provider.service.name == ref.service && (ref.instance.empty() || ref.instance == provider.instance)) return &provider;
  }
  return nullptr;
}

bool ServiceRegistry::wait_unused(const References& references, std::chrono::nanoseconds timeout) {
  const auto begin = std::chrono::steady_clock::now();
  bool all = true;
  for (tarsier_service_ref* ref : references) {
    if (unused_within(*ref, begin + timeout / 2)) continue;
    // Uses of the new table may overlap for ever: hold new ones off until the count was at zero once.
    ref->paused.store(true);
    all = unused_within(*ref, begin + timeout) && all;
    ref->paused.store(false);
    tell_waiting();
  }
  return all;
}

bool ServiceRegistry::in_use(const References& references) const {
  const std::lock_guard lock(providers_mutex_);
  return std::any_of(references_.begin(), references_.end(), [&](const auto& known) {
    return std::find(references.begin(), references.end(), known.get()) != references.end() && known->uses.load() != 0;
  });
}

uint64_t ServiceRegistry::uses_of(const std::string& instance) const {
  const std::lock_guard lock(providers_mutex_);
  int64_t uses = 0;
  for (const auto& ref : references_) {
    if (ref->provider == instance) uses += ref->uses.load(std::memory_order_relaxed);
  }
  return static_cast<uint64_t>(std::max<int64_t>(uses, 0));
}

std::vector<std::string> ServiceRegistry::consumers_of(const std::string& instance) const {
  const std::lock_guard lock(providers_mutex_);
  std::vector<std::string> names;
  for (const auto& ref : references_) {
    if (ref->provider == instance) names.push_back(ref->consumer->instance());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void ServiceRegistry::forget(Owner& owner) {
  {
    const std::lock_guard lock(providers_mutex_);
    std::erase_if(references_, [&](const auto& ref) { return ref->consumer == &owner; });
  }
  const std::lock_guard lock(holds_mutex_);
  std::erase_if(holds_, [&](const auto& hold) { return hold->provider == &owner; });
}

// ---- providers that call back

tarsier_hold* ServiceRegistry::hold(Owner& provider, Owner& owner, void (*revoke)(void* user), void* user, tarsier_error* error) {
  const std::lock_guard lock(holds_mutex_);
  // Under the lock: revoke_all comes after close(), so it either finds this hold or this finds the owner closed.
  if (owner.closed()) {
    (void)Error::unavailable("instance " + owner.instance() + " is stopping").to_c(error);
    return nullptr;
  }
  return holds_.emplace_back(std::make_unique<tarsier_hold>(tarsier_hold{this, &provider, &owner, revoke, user})).get();
}

void ServiceRegistry::unhold(tarsier_hold* hold) {
  ServiceRegistry& registry = *hold->registry;
  std::unique_lock lock(registry.holds_mutex_);
  registry.hold_revoked_.wait(lock, [&] { return !hold->revoking; });
  std::erase_if(registry.holds_, [&](const auto& known) { return known.get() == hold; });
}

void ServiceRegistry::revoke_all(Owner& owner) {
  tell_waiting();
  std::unique_lock lock(holds_mutex_);
  for (const auto& hold : holds_) {
    if (hold->owner != &owner) continue;
    hold->owner = nullptr;
    hold->revoking = true;
    lock.unlock();
    hold->revoke(hold->user);
    lock.lock();
    hold->revoking = false;
    hold_revoked_.notify_all();
  }
}

}  // namespace tarsier::host
