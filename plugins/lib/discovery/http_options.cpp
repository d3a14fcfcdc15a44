#include "plugins/lib/discovery/http_options.hpp"

#include <fstream>

#include "plugins/lib/http/headers.hpp"

namespace tarsier::discovery {
namespace {

constexpr std::string_view kUserAgent = "Tarsier/0.1.0";
constexpr uint32_t kMaxRedirects = 10;

std::string base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8U | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out += i + k <= text.size() ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

/// `what` is named in place of the value, which may be secret.
Result<void> check_header_value(const Config& node, std::string_view what) {
  if (net::is_valid_field("a", node.string())) return {};
  return node.invalid(std::string(what) + " must not have line breaks or control bytes: it is sent as a header");
}

Result<void> read_headers(const Config& table, HttpOptions& options) {
  for (uint64_t i = 0; i < table.size(); ++i) {
    const Config entry = table.at(i);
    const std::string name(table.key_at(i));
    if (!net::is_valid_field(name, ""))
      return entry.invalid("not a header's name: letters, digits and !#$%&'*+-.^_`|~ are allowed");
    const Config values = entry["values"];
    for (uint64_t k = 0; k < values.size(); ++k) {
      if (auto checked = check_header_value(values.at(k), "the value of header " + name); !checked) return checked;
      options.headers.emplace_back(name, values.at(k).string());
    }
  }
  return {};
}

Result<void> read_basic(const Config& basic, HttpOptions& options) {
  if (basic["password"].present() && basic["password_file"].present())
    return basic["password_file"].invalid("at most one of password and password_file may be given");
  if (basic["password_file"].present()) {
    options.authorization_type = "Basic";
    options.authorization_user = basic["username"].string();
    options.authorization_file = basic["password_file"].path();
  } else {
    options.authorization = "Basic " + base64(basic["username"].string() + ":" + basic["password"].string());
  }
  return {};
}

Result<void> read_other(const Config& other, HttpOptions& options) {
  if (other["credentials"].present() && other["credentials_file"].present())
    return other["credentials_file"].invalid("at most one of credentials and credentials_file may be given");
  const std::string type = other["type"].present() ? other["type"].string() : "Bearer";
  if (net::lower(type) == "basic") return other.invalid("authorization type Basic is written as basic_auth");
  for (const char* name : {"type", "credentials"})
    if (auto checked = check_header_value(other[name], name); !checked) return checked;
  if (other["credentials_file"].present()) {
    options.authorization_type = type;
    options.authorization_file = other["credentials_file"].path();
  } else {
    options.authorization = type + " " + other["credentials"].string();
  }
  return {};
}

Result<std::string> authorization(const HttpOptions& options) {
  if (options.authorization_file.empty()) return options.authorization;
  std::ifstream file(options.authorization_file);
  std::string secret;
  if (!file || !std::getline(file, secret)) return Error::unavailable("cannot read the secret in " + options.authorization_file);
  if (!net::is_valid_field("a", secret))
    return Error::invalid("the secret in " + options.authorization_file + " has control bytes");
  if (options.authorization_type == "Basic") return "Basic " + base64(options.authorization_user + ":" + secret);
  return options.authorization_type + " " + secret;
}

tarsier_tls_options tls_of(const HttpOptions& options) {
  tarsier_tls_options tls{};
  tls.size = sizeof(tls);
  tls.insecure_skip_verify = options.insecure_skip_verify ? 1 : 0;
  tls.ca_file = str(options.ca_file);
  tls.cert_file = str(options.cert_file);
  tls.key_file = str(options.key_file);
  tls.server_name = str(options.server_name);
  return tls;
}

}  // namespace

Result<HttpOptions> read_http_options(const Config& entry) {
  HttpOptions options;
  options.follow_redirects = entry["follow_redirects"].boolean();
  if (auto read = read_headers(entry["http_headers"], options); !read) return std::move(read).error();
  const Config tls = entry["tls_config"];
  options.ca_file = tls["ca_file"].path();
  options.cert_file = tls["cert_file"].path();
  options.key_file = tls["key_file"].path();
  options.server_name = tls["server_name"].string();
  options.insecure_skip_verify = tls["insecure_skip_verify"].boolean();
  const Config basic = entry["basic_auth"], other = entry["authorization"];
  const bool has_basic = basic["username"].present(),
             has_other = other["credentials"].present() || other["credentials_file"].present();
  if (has_basic && has_other) return other.invalid("at most one of basic_auth and authorization may be given");
  Result<void> read;
  if (has_basic) read = read_basic(basic, options);
  if (has_other) read = read_other(other, options);
  if (!read) return std::move(read).error();
  return options;
}

Result<void> ask(const Host& host, const ServiceRef<tarsier_http>& http, const HttpOptions& options, const HttpQuestion& question,
                 http::Done done) {
  auto secret = authorization(options);
  if (!secret) return std::move(secret).error();
  std::vector<tarsier_pair> headers = {field("Accept", "application/json"), field("User-Agent", kUserAgent)};
  if (!secret->empty()) headers.push_back(field("Authorization", *secret));
  for (const auto& [name, value] : question.headers) headers.push_back(field(name, value));
  for (const auto& [name, value] : options.headers) headers.push_back(field(name, value));
  const tarsier_tls_options tls = tls_of(options);

  tarsier_http_client_request request{};
  request.size = sizeof(request);
  request.flags = TARSIER_CLIENT_ACCEPT_GZIP;
  request.method = str("GET");
  request.url = str(question.url);
  request.headers = headers.data();
  request.header_count = static_cast<uint32_t>(headers.size());
  request.max_redirects = options.follow_redirects ? kMaxRedirects : 0;
  request.body = bytes("");
  request.timeout_ns = question.timeout_ns;
  request.max_body_bytes = question.max_body_bytes;
  request.tls = &tls;
  return http::request(host, http, request, [done = std::move(done)](Result<http::Response> response) {
    if (!response || response->code() == 200) return done(std::move(response));
    done(Error::unavailable("server returned HTTP status " + std::to_string(response->code()) + " " +
                            std::string(net::reason_phrase(response->code()))));
  });
}

bool is_json(std::string_view content_type) {
  const std::string type = net::lower(content_type);
  const size_t end = std::min(type.find(';'), type.size());
  if (type.substr(0, end) != "application/json") return false;
  if (end == type.size()) return true;
  const std::string_view parameter = net::trim(std::string_view(type).substr(end + 1));
  return parameter == "charset=utf-8" || parameter == "charset=\"utf-8\"";
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kPlain = "-_.~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append(1, '%').append(1, kHex[byte >> 4U]).append(1, kHex[byte & 15U]);
    }
  }
  return out;
}

}  // namespace tarsier::discovery
