// The one place that decides who may do what, asked before every handler. Log-ins and roles will sit here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/lib/http/exchange.hpp"
#include "plugins/net/settings.hpp"

namespace tarsier::net {

struct Decision {
  uint32_t refused_with = 0;  // 0: allowed; else the status code
  std::string reason;
  std::string user;
  bool allowed() const noexcept { return refused_with == 0; }
};

/// Whether the request may be here at all: from loopback, unless remote clients are allowed, and addressed to a name that is ours
/// (a page on the web may point a name of its own at 127.0.0.1, but cannot help sending that name).
Decision check_visitor(const Request& request, const AccessPolicy& policy);

/// Whether it may do what `permission` names. Changes are not taken from pages of other sites; reading is, by those in
/// cors_origins.
Decision authorize(const Request& request, std::string_view permission, const AccessPolicy& policy);

/// The headers of the Prometheus API for pages of other origins; always "Vary: Origin".
Headers cors_headers(const Request& request, const AccessPolicy& policy);

}  // namespace tarsier::net
