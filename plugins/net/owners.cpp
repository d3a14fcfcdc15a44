// Owners: the books, and what happens when an owner goes.
#include "plugins/net/owners.hpp"

#include <algorithm>
#include <utility>

namespace tarsier::net {
namespace {

// Answers under way, and calls that may, finish while their plugin is drained; after this they are told to stop.
constexpr int64_t kGraceNs = 2'000'000'000;

struct LateCancel {
  std::vector<std::weak_ptr<Exchange>> exchanges;
  std::vector<std::weak_ptr<ClientCall>> calls;
  void run() const {
    for (const auto& each : exchanges) {
      if (const auto exchange = each.lock()) exchange->cancel();
    }
    for (const auto& each : calls) {
      if (const auto call = each.lock()) call->cancel();
    }
  }
};

}  // namespace

Owners::~Owners() { let_go(); }

Result<Owners::Entry*> Owners::entry(const tarsier_host* owner) {
  auto& slot = entries_[owner];
  if (slot) return slot.get();
  auto fresh = std::make_unique<Entry>();
  fresh->owners = this;
  fresh->owner = owner;
  tarsier_error error = empty_error();
  fresh->hold = host_.services->hold(host_.raw(), owner, &Owners::revoked, fresh.get(), &error);
  if (fresh->hold == nullptr) {
    entries_.erase(owner);
    return Error::from_c(error.code == TARSIER_OK ? TARSIER_UNAVAILABLE : error.code, error);
  }
  slot = std::move(fresh);
  return slot.get();
}

Result<void> Owners::add_route(const tarsier_host* owner, const std::shared_ptr<PluginRoute>& route) {
  forget_ended();
  const std::lock_guard lock(entries_mutex_);
  auto found = entry(owner);
  if (!found) return std::move(found).error();
  if (auto added = router_.add(route); !added) return added;
  (*found)->routes.push_back(route);
  return {};
}

void Owners::remove_route(PluginRoute* route) {
  std::shared_ptr<PluginRoute> mine;
  {
    const std::lock_guard lock(entries_mutex_);
    for (const auto& [owner, entry] : entries_) {
      const auto found =
          std::find_if(entry->routes.begin(), entry->routes.end(), [&](const auto& each) { return each.get() == route; });
      if (found == entry->routes.end()) continue;
      mine = std::move(*found);
      entry->routes.erase(found);
      break;
    }
  }
  if (!mine) return;  // its owner was revoked meanwhile
  router_.remove(*mine);
  mine->close(true);
}

Result<void> Owners::keep(const tarsier_host* owner, const std::shared_ptr<Exchange>& exchange) {
  const std::lock_guard lock(entries_mutex_);
  auto found = entry(owner);
  if (!found) return std::move(found).error();
  (*found)->exchanges.emplace(exchange.get(), exchange);
  return {};
}

Result<void> Owners::keep(const tarsier_host* owner, const std::shared_ptr<OwnedSocket>& socket) {
  const std::lock_guard lock(entries_mutex_);
  auto found = entry(owner);
  if (!found) return std::move(found).error();
  (*found)->sockets.emplace(socket.get(), socket);
  return {};
}

Result<void> Owners::keep(const tarsier_host* owner, const std::shared_ptr<ClientCall>& call, bool may_finish) {
  const std::lock_guard lock(entries_mutex_);
  auto found = entry(owner);
  if (!found) return std::move(found).error();
  (*found)->calls.emplace(call.get(), Entry::Call{call, may_finish});
  return {};
}

void Owners::drop(const tarsier_host* owner, const void* thing) {
  const std::lock_guard lock(entries_mutex_);
  const auto erase = [&](Entry& entry) {
    entry.exchanges.erase(thing);
    entry.sockets.erase(thing);
    entry.calls.erase(thing);
  };
  if (const auto found = entries_.find(owner); found != entries_.end()) erase(*found->second);
  for (const auto& entry : ended_) {
    if (entry->owner == owner) erase(*entry);
  }
}

void Owners::revoked(void* user) {
  auto& entry = *static_cast<Entry*>(user);
  Owners& owners = *entry.owners;
  {
    const std::lock_guard lock(owners.entries_mutex_);
    const auto found = owners.entries_.find(entry.owner);
    if (found == owners.entries_.end() || found->second.get() != &entry) return;  // let_go() was quicker
    owners.ended_.push_back(std::move(found->second));
    owners.entries_.erase(found);
  }
  owners.end(entry);
}

void Owners::end(Entry& entry) {
  std::vector<std::shared_ptr<PluginRoute>> routes;
  std::vector<std::shared_ptr<OwnedSocket>> sockets;
  std::vector<std::shared_ptr<ClientCall>> calls;
  {
    const std::lock_guard lock(entries_mutex_);
    routes = std::exchange(entry.routes, {});
    for (const auto& [key, each] : entry.sockets) sockets.push_back(each.lock());
    for (const auto& [key, each] : entry.calls)
      if (!each.may_finish) calls.push_back(each.call.lock());
  }
  for (const auto& route : routes) {
    router_.remove(*route);
    route->close(false);
  }
  for (const auto& socket : sockets) {
    if (socket) socket->owner_is_going();
  }
  for (const auto& call : calls) {
    if (call) call->cancel();
  }
  cancel_later(entry);
  const std::lock_guard lock(entries_mutex_);
  entry.done = true;
}

void Owners::forget_ended() {
  std::vector<std::unique_ptr<Entry>> ended;
  {
    const std::lock_guard lock(entries_mutex_);
    const auto left = std::stable_partition(ended_.begin(), ended_.end(), [](const auto& each) {
      return !each->done || !each->exchanges.empty() || !each->sockets.empty() || !each->calls.empty();
    });
    ended.assign(std::make_move_iterator(left), std::make_move_iterator(ended_.end()));
    ended_.erase(left, ended_.end());
  }
  for (const auto& entry : ended) {
    if (entry->hold != nullptr)
      host_.services->unhold(entry->hold);  // waits for a revoke that is just returning: not under the lock
  }
}

void Owners::cancel_later(const Entry& entry) {
  auto late = std::make_unique<LateCancel>();
  {
    const std::lock_guard lock(entries_mutex_);
    for (const auto& [key, each] : entry.exchanges) late->exchanges.push_back(each);
    for (const auto& [key, each] : entry.calls)
      if (each.may_finish) late->calls.push_back(each.call);
  }
  if (late->exchanges.empty() && late->calls.empty()) return;
  tarsier_job job{};
  job.size = sizeof(job);
  job.name = str("http: end what is left of a stopping plugin");
  job.user = late.get();
  job.run = [](void* user) {
    const std::unique_ptr<LateCancel> mine(static_cast<LateCancel*>(user));
    mine->run();
  };
  job.drop = job.run;
  if (host_.scheduler->after(host_.raw(), kGraceNs, &job, nullptr, nullptr) == TARSIER_OK) {
    (void)late.release();
  } else {
    late->run();
  }
}

void Owners::let_go() {
  std::vector<std::unique_ptr<Entry>> entries;
  std::vector<tarsier_hold*> holds;
  {
    const std::lock_guard lock(entries_mutex_);
    for (auto& [owner, entry] : entries_) entries.push_back(std::move(entry));
    entries_.clear();
    for (const auto& entry : entries) holds.push_back(entry->hold);
    for (const auto& entry : ended_) holds.push_back(std::exchange(entry->hold, nullptr));
  }
  for (tarsier_hold* hold : holds) {  // not under the lock: it waits for a revoke that is under way
    if (hold != nullptr) host_.services->unhold(hold);
  }
  for (const auto& entry : entries) {
    entry->hold = nullptr;
    end(*entry);
  }
  const std::lock_guard lock(entries_mutex_);
  for (auto& entry : entries) ended_.push_back(std::move(entry));
}

size_t Owners::owed() const {
  const std::lock_guard lock(entries_mutex_);
  size_t count = 0;
  for (const auto& [owner, entry] : entries_) count += entry->exchanges.size();
  for (const auto& entry : ended_) count += entry->exchanges.size();
  return count;
}

}  // namespace tarsier::net
