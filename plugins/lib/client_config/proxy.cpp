#include "plugins/lib/client_config/proxy.hpp"

#include "plugins/lib/http/headers.hpp"
#include "tarsier/host.hpp"

namespace tarsier::client_config {
namespace {

/// The URL may have a password, so it is not quoted.
Result<void> check_url(const Config& node) {
  const std::string url = node.string();
  const std::string_view scheme = std::string_view(url).substr(0, url.find("://"));
  if (url.find("://") == std::string::npos || url.size() == scheme.size() + 3)
    return node.invalid("expected http://host:port of a proxy");
  if (net::lower(scheme) == "http") return {};
  return node.invalid("the proxy is spoken to by http:// only, which carries TLS to the other side, too");
}

Result<void> read_connect_headers(const Config& table, Proxy& out) {
  for (uint64_t i = 0; i < table.size(); ++i) {
    const std::string name(table.key_at(i));
    const Config values = table.at(i);
    for (uint64_t k = 0; k < values.size(); ++k) {
      if (!net::is_valid_field(name, values.at(k).string()))
        return values.at(k).invalid("the header " + name + " has a malformed name, or a value with line breaks or control bytes");
      out.connect_headers.emplace_back(name, values.at(k).string());
    }
  }
  return {};
}

}  // namespace

Result<Proxy> read_proxy(const Config& table) {
  Proxy out;
  out.url = table["proxy_url"].string();
  out.no_proxy = table["no_proxy"].string();
  out.from_environment = table["proxy_from_environment"].boolean();
  if (auto read = read_connect_headers(table["proxy_connect_header"], out); !read) return std::move(read).error();
  if (out.from_environment && !out.url.empty())
    return table["proxy_url"].invalid("if proxy_from_environment is configured, proxy_url must not be configured");
  if (out.from_environment && !out.no_proxy.empty())
    return table["no_proxy"].invalid("if proxy_from_environment is configured, no_proxy must not be configured");
  if (out.url.empty() && !out.from_environment && !out.no_proxy.empty())
    return table["no_proxy"].invalid("if no_proxy is configured, proxy_url must also be configured");
  if (out.url.empty() && !out.from_environment && !out.connect_headers.empty())
    return table["proxy_connect_header"].invalid(
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured");
  if (!out.url.empty())
    if (auto checked = check_url(table["proxy_url"]); !checked) return std::move(checked).error();
  return out;
}

ProxyOptions::ProxyOptions(const Proxy& proxy) {
  for (const auto& [name, value] : proxy.connect_headers) headers_.push_back(field(name, value));
  raw_.size = sizeof(raw_);
  raw_.from_environment = proxy.from_environment ? 1 : 0;
  raw_.url = str(proxy.url);
  raw_.no_proxy = str(proxy.no_proxy);
  raw_.connect_headers = headers_.data();
  raw_.connect_header_count = static_cast<uint32_t>(headers_.size());
}

}  // namespace tarsier::client_config
