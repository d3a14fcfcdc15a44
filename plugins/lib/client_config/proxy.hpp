// Proxy: by which proxy requests go, under Prometheus' names.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tarsier/config.hpp"
#include "tarsier/result.hpp"
#include "tarsier/service/http.h"

namespace tarsier::client_config {

struct Proxy {
  std::string url, no_proxy;
  bool from_environment = false;
  std::vector<std::pair<std::string, std::string>> connect_headers;
  bool operator==(const Proxy&) const = default;
};

/// Of a table with the keys proxy_url, no_proxy, proxy_from_environment and proxy_connect_header. INVALID with the place in the
/// file.
Result<Proxy> read_proxy(const Config& table);

/// A Proxy as requests have it; points into it.
class ProxyOptions {
 public:
  explicit ProxyOptions(const Proxy& proxy);
  ProxyOptions(const ProxyOptions&) = delete;
  ProxyOptions& operator=(const ProxyOptions&) = delete;
  /// Null: no proxy is configured.
  const tarsier_http_proxy* raw() const noexcept { return raw_.from_environment != 0 || raw_.url.size > 0 ? &raw_ : nullptr; }

 private:
  std::vector<tarsier_pair> headers_;
  tarsier_http_proxy raw_{};
};

}  // namespace tarsier::client_config
