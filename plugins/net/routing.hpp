// Routing: which API and route a request comes to on one entrypoint, and what it is told when there is none.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/http/router.hpp"
#include "plugins/lib/http/runtime.hpp"
#include "plugins/lib/http/server.hpp"
#include "plugins/net/authorize.hpp"
#include "plugins/net/held_requests.hpp"
#include "plugins/net/plugin_route.hpp"

namespace tarsier::net {

/// What all entrypoints share.
struct DispatchContext {
  Router* router = nullptr;
  Executor* executor = nullptr;
  HeldRequests* held = nullptr;
  std::shared_ptr<const AccessPolicy> access;
  std::function<bool()> is_ready;                             // an API that is not there yet is told from one that never will be
  std::function<bool(std::string_view instance)> in_transit;  // Host::in_transit
  std::function<void(const Request&, const RequestRecord&)> finished;
};

/// Thread-safe, and shared with the requests that are under way: they may outlive their entrypoint.
class Routing {
 public:
  Routing(DispatchContext context, std::string root, std::vector<std::string> apis);

  struct Choice {
    std::shared_ptr<PluginRoute> route;  // null: none
    Router::Match match;
    std::string api;
    std::string prefix;
    size_t first = 0;  // segment after the prefix
    /// Whether an instance was in transit before the look-up: after it, the route that was not found may have come.
    bool in_transit = false;
    /// Writes into the request what its handler sees of the choice.
    void apply(Request& request) const;
  };
  Choice choose(const Request& request) const;
  /// While an instance is in transit, a request waits when nothing answers it, or only what answers for lack of better (a "**", a
  /// page of every entrypoint): the route that it is for may be about to come. So does one whose own route is of that instance, or
  /// uses it.
  bool must_wait(const Choice& choice) const;
  Answer unmatched(const Request& request, const Choice& choice) const;

  const DispatchContext& context() const noexcept { return context_; }

 private:
  bool serves(const std::string& api) const;
  std::optional<Answer> tidied(const Request& request, const Choice& choice) const;

  const DispatchContext context_;
  const std::string root_;
  const std::vector<std::string> apis_;
};

}  // namespace tarsier::net
