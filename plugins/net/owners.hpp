// Owners: what net holds for each of the plugins that use it (routes, answers owed, websockets, calls), so that all of it ends when
// the plugin does.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "plugins/lib/http/client.hpp"
#include "plugins/lib/http/exchange.hpp"
#include "plugins/lib/http/router.hpp"
#include "plugins/net/plugin_route.hpp"
#include "tarsier/host.hpp"

namespace tarsier::net {

/// A websocket as its owner knows it.
class OwnedSocket {
 public:
  virtual ~OwnedSocket() = default;
  /// [any]
  virtual void owner_is_going() = 0;
};

/// Thread-safe. An owner's entry begins with the first thing held for it and ends when the host revokes it.
class Owners {
 public:
  Owners(const Host& host, Router& router) : host_(host), router_(router) {}
  /// Everything has been let go.
  ~Owners();
  Owners(const Owners&) = delete;
  Owners& operator=(const Owners&) = delete;

  Result<void> add_route(const tarsier_host* owner, const std::shared_ptr<PluginRoute>& route);
  void remove_route(PluginRoute* route);
  /// For each of the three: keep() before it is used, drop() after its last use. UNAVAILABLE when the owner is stopping.
  Result<void> keep(const tarsier_host* owner, const std::shared_ptr<Exchange>& exchange);
  Result<void> keep(const tarsier_host* owner, const std::shared_ptr<OwnedSocket>& socket);
  Result<void> keep(const tarsier_host* owner, const std::shared_ptr<ClientCall>& call, bool may_finish);
  void drop(const tarsier_host* owner, const void* thing);

  /// [ctl] Net is stopping: ends everything for everyone.
  void let_go();
  /// Answers that handlers still owe.
  size_t owed() const;

 private:
  struct Entry {
    Owners* owners = nullptr;
    const tarsier_host* owner = nullptr;
    tarsier_hold* hold = nullptr;
    bool done = false;  // revoked, and everything told
    std::vector<std::shared_ptr<PluginRoute>> routes;
    std::unordered_map<const void*, std::weak_ptr<Exchange>> exchanges;
    std::unordered_map<const void*, std::weak_ptr<OwnedSocket>> sockets;
    struct Call {
      std::weak_ptr<ClientCall> call;
      bool may_finish;
    };
    std::unordered_map<const void*, Call> calls;
  };
  /// With the lock held.
  Result<Entry*> entry(const tarsier_host* owner);
  static void revoked(void* entry);
  void end(Entry& entry);
  /// Frees the entries of owners that went, once nothing of them is left.
  void forget_ended();
  void cancel_later(const Entry& entry);

  const Host& host_;
  Router& router_;
  mutable std::mutex entries_mutex_;
  std::unordered_map<const tarsier_host*, std::unique_ptr<Entry>> entries_;
  std::vector<std::unique_ptr<Entry>> ended_;  // of owners that went, while something of them is left
};

}  // namespace tarsier::net
