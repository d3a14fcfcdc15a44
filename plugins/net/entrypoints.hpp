// Entrypoints: those that are open now, each with its server, and the change from one configuration to the next: what stays the
// same is not touched, what goes ends after the answers that it owes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugins/lib/http/server.hpp"
#include "plugins/net/dispatcher.hpp"
#include "plugins/net/net_metrics.hpp"
#include "plugins/net/settings.hpp"
#include "tarsier/host.hpp"

namespace tarsier::net {

/// [ctl]
class Entrypoints {
 public:
  struct Parts {
    IoThreads* threads = nullptr;
    Executor* executor = nullptr;
    Log* log = nullptr;
    Router* router = nullptr;
    HeldRequests* held = nullptr;
    NetMetrics* metrics = nullptr;
    std::function<void(const Request&, const RequestRecord&)> finished;
  };
  Entrypoints(const Host& host, Parts parts);
  ~Entrypoints();
  Entrypoints(const Entrypoints&) = delete;
  Entrypoints& operator=(const Entrypoints&) = delete;

  /// Opens what is new or other than before, and then lets go of the rest. On failure everything is as it was.
  Result<void> apply(const std::vector<EntrypointSettings>& wanted, const AccessPolicy& access);
  /// Takes no connection any more, and returns when those that are open have been answered and closed, or at the deadline.
  void hand_over(std::chrono::steady_clock::time_point deadline);
  /// False when connections had to be cut at the deadline.
  bool stop(std::chrono::steady_clock::time_point deadline);

 private:
  struct Open;
  Result<std::unique_ptr<Open>> open(const EntrypointSettings& settings, const AccessPolicy& access);
  Result<void> follow_certificate(Open& open);
  void retire_all();

  const Host& host_;
  const Parts parts_;
  std::vector<std::unique_ptr<Open>> open_;
  std::vector<std::unique_ptr<Open>> retired_;  // still owe answers
};

}  // namespace tarsier::net
