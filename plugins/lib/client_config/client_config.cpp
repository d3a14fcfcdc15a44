#include "plugins/lib/client_config/client_config.hpp"

#include <algorithm>
#include <array>

#include "plugins/lib/client_config/secret_file.hpp"
#include "plugins/lib/http/base64.hpp"
#include "plugins/lib/http/headers.hpp"

namespace tarsier::client_config {
namespace {

constexpr std::array<std::string_view, 15> kReserved = {"accept-encoding",
                                                        "connection",
                                                        "content-encoding",
                                                        "content-length",
                                                        "content-type",
                                                        "host",
                                                        "keep-alive",
                                                        "proxy-authenticate",
                                                        "proxy-authorization",
                                                        "retry-attempt",
                                                        "user-agent",
                                                        "www-authenticate",
                                                        "x-prometheus-refresh-interval-seconds",
                                                        "x-prometheus-remote-write-version",
                                                        "x-prometheus-scrape-timeout-seconds"};

/// `what` is named in place of the value, which may be secret.
Result<void> check_value(const Config& node, std::string_view what) {
  if (net::is_valid_field("a", node.string())) return {};
  return node.invalid(std::string(what) + " must not have line breaks or control bytes: it is sent as a header");
}

Result<void> check_name(const Config& node, const std::string& name) {
  if (!net::is_valid_field(name, "")) return node.invalid("not a header's name: letters, digits and !#$%&'*+-.^_`|~ are allowed");
  const std::string key = net::lower(name);
  if (key == "authorization") return node.invalid("the header Authorization is written as basic_auth or authorization");
  if (std::ranges::find(kReserved, key) != kReserved.end()) return node.invalid("the header " + name + " is set by the program");
  return {};
}

Result<void> add_header(const std::string& name, const Config& value, ClientConfig& out) {
  if (auto checked = check_value(value, "the value of header " + name); !checked) return checked;
  out.headers.emplace_back(name, value.string());
  return {};
}

Result<void> read_headers(const Config& table, ClientConfig& out) {
  const Config plain = table["headers"], lists = table["http_headers"];
  for (uint64_t i = 0; i < plain.size(); ++i) {
    const std::string name(plain.key_at(i));
    if (auto checked = check_name(plain.at(i), name); !checked) return checked;
    if (auto added = add_header(name, plain.at(i), out); !added) return added;
  }
  for (uint64_t i = 0; i < lists.size(); ++i) {
    const std::string name(lists.key_at(i));
    if (auto checked = check_name(lists.at(i), name); !checked) return checked;
    for (const char* key : {"values", "secrets"}) {
      const Config values = lists.at(i)[key];
      for (uint64_t k = 0; k < values.size(); ++k)
        if (auto added = add_header(name, values.at(k), out); !added) return added;
    }
    const Config files = lists.at(i)["files"];
    for (uint64_t k = 0; k < files.size(); ++k) out.header_files.emplace_back(name, files.at(k).path());
  }
  return {};
}

Result<void> check_one_secret(const Config& table, const std::string& value) {
  const std::string file = value + "_file";
  if (!table[value].present() || !table[file].present()) return {};
  return table[file].invalid("at most one of " + value + " and " + file + " may be given");
}

Result<void> read_basic(const Config& basic, Authorization& out) {
  if (auto checked = check_one_secret(basic, "password"); !checked) return checked;
  if (basic["password_file"].present()) {
    out.type = "Basic";
    out.user = basic["username"].string();
    out.file = basic["password_file"].path();
  } else {
    out.value = "Basic " + net::base64(basic["username"].string() + ":" + basic["password"].string());
  }
  return {};
}

Result<void> read_other(const Config& other, Authorization& out) {
  if (auto checked = check_one_secret(other, "credentials"); !checked) return checked;
  const std::string type = other["type"].present() ? other["type"].string() : "Bearer";
  if (net::lower(type) == "basic") return other.invalid("authorization type Basic is written as basic_auth");
  for (const char* key : {"type", "credentials"})
    if (auto checked = check_value(other[key], key); !checked) return checked;
  if (other["credentials_file"].present()) {
    out.type = type;
    out.file = other["credentials_file"].path();
  } else {
    out.value = type + " " + other["credentials"].string();
  }
  return {};
}

Result<void> read_authorization(const Config& table, bool has_oauth2, Authorization& out) {
  const Config basic = table["basic_auth"], other = table["authorization"];
  const bool has_basic = basic["username"].present();
  const bool has_other = other["credentials"].present() || other["credentials_file"].present();
  if (int{has_basic} + int{has_other} + int{has_oauth2} > 1)
    return table.invalid("at most one of basic_auth, oauth2 and authorization may be given");
  if (has_basic) return read_basic(basic, out);
  return has_other ? read_other(other, out) : Result<void>();
}

}  // namespace

Result<std::string> Authorization::header() const {
  if (file.empty()) return value;
  const auto secret = read_secret_file(file);
  if (!secret) return secret.error();
  if (type == "Basic") return "Basic " + net::base64(user + ":" + *secret);
  return type + " " + *secret;
}

bool ClientConfig::operator==(const ClientConfig& other) const {
  const bool same_token = oauth2 == other.oauth2 || (oauth2 && other.oauth2 && oauth2->settings() == other.oauth2->settings());
  return headers == other.headers && header_files == other.header_files && authorization == other.authorization && same_token &&
         tls == other.tls && proxy == other.proxy && http2 == other.http2;
}

Result<ClientConfig> read_client_config(const Config& table) {
  ClientConfig out;
  out.http2 = table["enable_http2"].boolean();
  if (auto read = read_headers(table, out); !read) return std::move(read).error();
  auto oauth2 = read_oauth2(table["oauth2"]);
  if (!oauth2) return std::move(oauth2).error();
  if (auto read = read_authorization(table, oauth2->has_value(), out.authorization); !read) return std::move(read).error();
  if (*oauth2) out.oauth2 = std::make_shared<TokenSource>(std::move(**oauth2));
  auto tls = read_tls(table["tls_config"]);
  if (!tls) return std::move(tls).error();
  out.tls = std::move(*tls);
  auto proxy = read_proxy(table);
  if (!proxy) return std::move(proxy).error();
  out.proxy = std::move(*proxy);
  return out;
}

}  // namespace tarsier::client_config
