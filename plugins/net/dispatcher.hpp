// Dispatcher: from a request on an entrypoint to the handler of a route. Which API, which route, may it, and on which thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/lib/http/router.hpp"
#include "plugins/lib/http/server.hpp"
#include "plugins/net/authorize.hpp"
#include "plugins/net/plugin_route.hpp"
#include "plugins/net/settings.hpp"

namespace tarsier::net {

/// What all entrypoints share.
struct DispatchContext {
  Router* router = nullptr;
  Executor* executor = nullptr;
  const AccessPolicy* access = nullptr;  // outlives the dispatcher
  std::function<bool()> is_ready;        // an API that is not there yet is told from one that never will be
  std::function<void(const Request&, const RequestRecord&)> finished;
};

/// One for each entrypoint. Thread-safe.
class Dispatcher final : public RequestHandler {
 public:
  Dispatcher(DispatchContext context, std::string root, std::vector<std::string> apis);

  Admission admit(Request& request) override;
  void handle(const std::shared_ptr<Exchange>& exchange) override;
  void finished(const Request& request, const RequestRecord& record) override;

 private:
  struct Choice {
    Router::Match match;
    size_t first = 0;  // segment after the prefix
  };
  Choice choose(Request& request) const;
  bool serves(const std::string& api) const;
  void refuse_unmatched(const Request& request, const Router::Match& match, Admission& admission) const;
  static void serve(const std::shared_ptr<Exchange>& exchange);

  const DispatchContext context_;
  const std::string root_;
  const std::vector<std::string> apis_;
};

}  // namespace tarsier::net
