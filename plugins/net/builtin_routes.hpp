// The routes of net itself, on every entrypoint: readiness, health, reload and the host's metrics.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "plugins/lib/http/router.hpp"
#include "plugins/net/plugin_route.hpp"
#include "tarsier/host.hpp"

namespace tarsier::net {

class BuiltinRoutes {
 public:
  /// `before_metrics` runs before the host's metrics are read.
  BuiltinRoutes(const Host& host, std::function<void()> before_metrics);
  BuiltinRoutes(const BuiltinRoutes&) = delete;
  BuiltinRoutes& operator=(const BuiltinRoutes&) = delete;

  Result<void> add_to(Router& router);
  /// [ctl] A reload that replaces net itself cannot be answered after net has gone: it is answered now.
  void answer_pending_reload();

 private:
  void ready(const std::shared_ptr<Exchange>& exchange) const;
  void metrics(const std::shared_ptr<Exchange>& exchange) const;
  void reload(const std::shared_ptr<Exchange>& exchange);

  const Host& host_;
  std::function<void()> before_metrics_;
  std::mutex reloading_mutex_;
  std::shared_ptr<Exchange> reloading_;
};

}  // namespace tarsier::net
