// ProxyRules: by which proxy a request goes to its URL, if by any, as Go's golang.org/x/net/http/httpproxy has it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/http/headers.hpp"
#include "plugins/lib/http/url.hpp"
#include "tarsier/result.hpp"

namespace tarsier::net {

struct ProxyOptions {
  std::string url = {};           // "http://user:password@proxy:3128"; "": none
  std::string no_proxy = {};      // "example.org,10.0.0.0/8,host:8080"; "": everything goes by the proxy
  bool from_environment = false;  // HTTP_PROXY, HTTPS_PROXY and NO_PROXY say the same instead
  Headers connect_headers = {};   // of CONNECT only
  bool any() const noexcept { return !url.empty() || from_environment; }
};

/// Who is not asked by a proxy.
class NoProxy {
 public:
  /// What is malformed in the list matches nothing.
  explicit NoProxy(std::string_view list);
  /// Names and addresses of this machine never go by a proxy.
  bool matches(const Url& url) const;

 private:
  using Address = std::array<uint8_t, 16>;  // one of IPv4 mapped into IPv6
  struct Network {
    Address address;
    unsigned bits;
    std::string port;  // "": any
  };
  struct Domain {
    std::string suffix;  // ".example.org"
    bool itself;         // "example.org", too
    std::string port;    // "": any
  };
  static std::optional<Address> read_address(std::string_view text);
  bool add_network(std::string_view entry);
  void add(std::string_view entry);

  bool everything_ = false;
  std::vector<Network> networks_;
  std::vector<Domain> domains_;
};

class ProxyRules {
 public:
  /// INVALID for what is no URL of a proxy; only http:// is spoken with one. Reads the environment where it is asked to.
  static Result<ProxyRules> make(const ProxyOptions& options);

  /// Null: none.
  const Url* proxy_for(const Url& url) const;
  const Headers& connect_headers() const noexcept { return connect_headers_; }
  /// Connections by this proxy are for requests with the same key only.
  const std::string& key() const noexcept { return key_; }

 private:
  std::optional<Url> http_, https_;  // by the scheme of the URL that is asked for
  std::optional<NoProxy> no_proxy_;
  Headers connect_headers_;
  std::string key_;
};

/// The value of Proxy-Authorization; "": it asks for none.
std::string proxy_authorization(const Url& proxy);

}  // namespace tarsier::net
