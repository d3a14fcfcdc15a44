// Checks of the peer, the Host field and the page that a browser sends a request for.
#include "plugins/net/authorize.hpp"

#include <algorithm>

#include "tarsier/service/http.h"

namespace tarsier::net {
namespace {

bool origin_allowed(std::string_view origin, const AccessPolicy& policy) {
  return std::any_of(policy.cors_origins.begin(), policy.cors_origins.end(),
                     [&](const std::string& each) { return each == "*" || equal_ignoring_case(each, origin); });
}

/// A request that a page of another site (also of another port) made its visitor's browser send.
bool is_cross_site(const Request& request) {
  const std::string_view site = find_header(request.headers, "sec-fetch-site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  const std::string_view origin = find_header(request.headers, "origin");
  if (origin.empty()) return false;  // no browser
  const size_t mark = origin.find("://");
  return mark == std::string_view::npos || !equal_ignoring_case(origin.substr(mark + 3), request.host);
}

}  // namespace

Decision check_visitor(const Request& request, const AccessPolicy& policy) {
  const auto peer = split_host_port(request.remote);
  if (!policy.allow_remote && (!peer || !is_loopback(peer->host)))
    return {403, "only this machine may ask until log-ins are configured", ""};
  const auto host = split_host_port(request.host);
  if (request.host.empty() && !request.http_1_1) return {};
  if (!host) return {400, "malformed Host header", ""};
  const bool ours = is_address(host->host) || is_loopback(host->host) ||
                    std::any_of(policy.allowed_hosts.begin(), policy.allowed_hosts.end(),
                                [&](const std::string& each) { return equal_ignoring_case(each, host->host); });
  if (!ours) return {421, "the host name '" + host->host + "' is not in allowed_hosts", ""};
  return {};
}

Decision authorize(const Request& request, std::string_view permission, const AccessPolicy& policy) {
  const bool reads_only = (request.method & (TARSIER_HTTP_GET | TARSIER_HTTP_HEAD | TARSIER_HTTP_OPTIONS)) != 0;
  if (reads_only && !has_header(request.headers, "upgrade")) return {};
  if (!is_cross_site(request)) return {};
  const std::string_view origin = find_header(request.headers, "origin");
  const bool shared = permission.ends_with(":read") && request.api == "prometheus" && origin_allowed(origin, policy);
  if (shared) return {};
  return {403, "requests that change something are not taken from pages of other sites", ""};
}

Headers cors_headers(const Request& request, const AccessPolicy& policy) {
  Headers out = {{"Vary", "Origin"}};
  const std::string_view origin = find_header(request.headers, "origin");
  if (origin.empty()) return out;
  out.push_back({"Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin"});
  out.push_back({"Access-Control-Allow-Methods", "GET, POST, OPTIONS"});
  out.push_back({"Access-Control-Expose-Headers", "Date"});
  const bool any = std::find(policy.cors_origins.begin(), policy.cors_origins.end(), "*") != policy.cors_origins.end();
  if (any) {
    out.push_back({"Access-Control-Allow-Origin", "*"});
  } else if (origin_allowed(origin, policy)) {
    out.push_back({"Access-Control-Allow-Origin", std::string(origin)});
  }
  return out;
}

}  // namespace tarsier::net
