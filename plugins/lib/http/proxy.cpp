#include "plugins/lib/http/proxy.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "plugins/lib/http/base64.hpp"

namespace tarsier::net {
namespace {

std::string environment(const char* upper, const char* lower_case) {
  for (const char* name : {upper, lower_case})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return {};
}

/// As Go takes it: without a scheme it is http.
Result<std::optional<Url>> read_proxy(std::string text, std::string_view what) {
  if (text.empty()) return std::optional<Url>();
  if (text.find("://") == std::string::npos) text.insert(0, "http://");
  auto url = parse_url(text);
  // The text may have a password, so it is not quoted.
  if (!url || url->scheme != "http") return Error::invalid(std::string(what) + ": expected http://host:port of a proxy");
  return std::optional<Url>(std::move(*url));
}

/// "host:port" and "[::1]:port"; none: there is no port.
std::optional<std::pair<std::string_view, std::string_view>> split_port(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  return std::pair(host, text.substr(colon + 1));
}

}  // namespace

std::optional<NoProxy::Address> NoProxy::read_address(std::string_view text) {
  const std::string address(text.substr(0, text.find('%')));
  Address out{};
  if (inet_pton(AF_INET6, address.c_str(), out.data()) == 1) return out;
  out = {};
  out[10] = out[11] = 0xff;
  if (inet_pton(AF_INET, address.c_str(), out.data() + 12) == 1) return out;
  return std::nullopt;
}

NoProxy::NoProxy(std::string_view list) {
  for (bool more = true; more;) {
    const size_t comma = list.find(',');
    more = comma != std::string_view::npos;
    add(lower(trim(list.substr(0, comma))));
    if (more) list.remove_prefix(comma + 1);
  }
}

/// "10.0.0.0/8" and "fd00::/8".
bool NoProxy::add_network(std::string_view entry) {
  const size_t slash = entry.find('/');
  if (slash == std::string_view::npos) return false;
  const auto address = read_address(entry.substr(0, slash));
  const std::string_view size = entry.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, failed] = std::from_chars(size.data(), size.data() + size.size(), bits);
  const bool is_v4 = entry.find(':') == std::string_view::npos;
  if (!address || failed != std::errc() || end != size.data() + size.size() || bits > (is_v4 ? 32U : 128U)) return false;
  networks_.push_back({*address, is_v4 ? bits + 96 : bits, ""});
  return true;
}

void NoProxy::add(std::string_view entry) {
  if (entry.empty()) return;
  if (entry == "*") everything_ = true;
  if (everything_ || add_network(entry)) return;
  std::string_view host = entry, port;
  if (const auto parts = split_port(entry)) std::tie(host, port) = *parts;
  if (host.empty()) return;
  if (const auto address = read_address(host)) {
    networks_.push_back({*address, 128, std::string(port)});
    return;
  }
  if (host.starts_with("*.")) host.remove_prefix(1);
  const bool itself = host.front() != '.';
  domains_.push_back({(itself ? "." : "") + std::string(host), itself, std::string(port)});
}

bool NoProxy::matches(const Url& url) const {
  const auto address = read_address(url.host);
  if (url.host == "localhost" || (address && is_loopback(url.host)) || everything_) return true;
  const auto contains = [&](const Network& network) {
    if (!network.port.empty() && network.port != url.port) return false;
    for (unsigned bit = 0; bit < network.bits; ++bit) {
      const auto mask = static_cast<uint8_t>(0x80U >> bit % 8);
      if (((network.address[bit / 8] ^ (*address)[bit / 8]) & mask) != 0) return false;
    }
    return true;
  };
  if (address) return std::ranges::any_of(networks_, contains);
  return std::ranges::any_of(domains_, [&](const Domain& domain) {
    const bool same = url.host.ends_with(domain.suffix) || (domain.itself && url.host == std::string_view(domain.suffix).substr(1));
    return same && (domain.port.empty() || domain.port == url.port);
  });
}

Result<ProxyRules> ProxyRules::make(const ProxyOptions& options) {
  ProxyRules rules;
  std::string no_proxy = options.no_proxy;
  const bool environs = options.from_environment;
  auto http = read_proxy(environs ? environment("HTTP_PROXY", "http_proxy") : options.url, environs ? "HTTP_PROXY" : "proxy_url");
  if (!http) return std::move(http).error();
  auto https = read_proxy(environs ? environment("HTTPS_PROXY", "https_proxy") : options.url, "HTTPS_PROXY");
  if (!https) return std::move(https).error();
  if (environs) no_proxy = environment("NO_PROXY", "no_proxy");
  rules.http_ = std::move(*http);
  rules.https_ = std::move(*https);
  if (environs || !no_proxy.empty()) rules.no_proxy_.emplace(no_proxy);
  rules.connect_headers_ = options.connect_headers;
  for (const auto& proxy : {rules.http_, rules.https_})
    rules.key_.append("|by ").append(proxy ? proxy->user_info + "@" + proxy->origin() : "none");
  for (const Header& header : rules.connect_headers_) {
    if (!is_valid_field(header.name, header.value))
      return Error::invalid("proxy header '" + header.name + "': malformed name or value");
    rules.key_.append("|").append(header.name).append(": ").append(header.value);
  }
  return rules;
}

const Url* ProxyRules::proxy_for(const Url& url) const {
  const std::optional<Url>& proxy = url.scheme == "https" ? https_ : http_;
  if (!proxy || url.scheme == "unix" || (no_proxy_ && no_proxy_->matches(url))) return nullptr;
  return &*proxy;
}

std::string proxy_authorization(const Url& proxy) {
  return proxy.user_info.empty() ? std::string() : "Basic " + base64(proxy.user_info);
}

}  // namespace tarsier::net
