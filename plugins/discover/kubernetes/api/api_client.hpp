// Calls to the API server: lists as a whole, watches while they come. Access is read anew for each.
#pragma once

#include <functional>
#include <string>

#include "plugins/discover/kubernetes/api/access.hpp"
#include "plugins/discover/kubernetes/api/resource.hpp"
#include "tarsier/http.hpp"

namespace tarsier::discover_kubernetes {

/// Which objects are looked at.
struct Scope {
  AccessSource access;
  Kind kind = Kind::pod;
  std::string name_space;  // "" for all
  std::string label_selector, field_selector;
  bool operator==(const Scope&) const = default;

  /// "pods in default of https://api.example:6443"
  std::string name() const;
  /// Of a list: a page of it, or all of it when `limit` is 0.
  std::string list_path(uint32_t limit, const std::string& next) const;
  std::string watch_path(const std::string& version, int64_t timeout_seconds) const;
};

class ApiClient {
 public:
  explicit ApiClient(const Host& host) : host_(host), http_(host, TARSIER_HTTP_SERVICE) {}

  struct Limits {
    int64_t timeout_ns = 0;        // over all
    int64_t quiet_timeout_ns = 0;  // of watches
    uint64_t max_body_bytes = 0;   // 0: none, of watches
  };
  /// [work] `done` is called once as [work] when OK is returned, whatever the status of the answer.
  Result<void> get(const AccessSource& access, const std::string& path, const Limits& limits, http::Done done) const;
  /// [work] The same, with the body while it comes. `begun` gets the call, perhaps after the return.
  Result<void> stream(const AccessSource& access, const std::string& path, const Limits& limits, http::OnPiece on_piece,
                      http::Done done, std::function<void(http::Stream)> begun) const;

 private:
  const Host& host_;
  const ServiceRef<tarsier_http> http_;
};

}  // namespace tarsier::discover_kubernetes
