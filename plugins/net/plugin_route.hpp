// A route that a plugin (or net itself) registered, and the gate that closes when it is removed.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "plugins/lib/http/exchange.hpp"
#include "plugins/lib/http/router.hpp"
#include "tarsier/service/http.h"

namespace tarsier::net {

class PluginRoute final : public Route {
 public:
  /// Answers the request, now or later; `request` is the exchange's own or, when its route was found late, a copy that says so.
  /// False when the owner is going: then nothing was done.
  using Serve = std::function<bool(const std::shared_ptr<Exchange>&, const std::shared_ptr<const Request>& request)>;

  std::string permission;
  uint64_t max_body_bytes = 0;
  std::chrono::nanoseconds timeout{0};
  bool on_network_thread = false;
  bool body_as_sent = false;
  void* service = nullptr;  // the HttpService that it was registered with; null: net's own route
  Serve serve;

  /// [any] False once it is closed; otherwise followed by leave(), on the same thread.
  bool enter();
  void leave();
  /// [any] No call begins any more; with `wait`, none is running either, but for one that this is called from.
  void close(bool wait);

 private:
  std::mutex gate_mutex_;
  std::condition_variable left_;
  bool open_ = true;
  int running_ = 0;
};

}  // namespace tarsier::net
