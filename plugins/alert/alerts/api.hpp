// Alertmanager's API v2: status, receivers, alerts (also to post them), groups.
#pragma once

#include <string>
#include <vector>

#include "plugins/alert/alerts/dispatcher.hpp"
#include "tarsier/http.hpp"

namespace tarsier::alerts {

/// What the API needs of the plugin; thread-safe.
class Inbox {
 public:
  virtual ~Inbox() = default;
  /// Takes the good ones; returns what is wrong with the others, or "".
  virtual std::string take(std::vector<Alert> alerts) = 0;
  virtual std::vector<Alert> alerts() = 0;
  virtual std::vector<GroupView> groups() = 0;
  virtual std::string receiver() = 0;
  virtual int64_t now_ns() = 0;
  virtual int64_t started_ns() = 0;
  /// The effective configuration and the build, as the host's control service gives them.
  virtual std::string config_toml() = 0;
  virtual std::string build_json() = 0;
};

/// `inbox` must outlive the routes.
Result<void> add_routes(http::Routes& routes, Inbox& inbox);

/// The body of POST /api/v2/alerts; INVALID with the place of the mistake.
Result<std::vector<Alert>> parse_alerts(std::string_view json);

}  // namespace tarsier::alerts
