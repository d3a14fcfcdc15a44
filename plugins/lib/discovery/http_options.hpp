// How a server that knows targets is asked by HTTP: authorization, headers, TLS, redirects. The keys are those of a job of
// `scrape`.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plugins/lib/client_config/client_config.hpp"
#include "tarsier/config.hpp"
#include "tarsier/http.hpp"
#include "tarsier/plugin.hpp"

namespace tarsier::discovery {

struct HttpOptions {
  client_config::ClientConfig client;
  bool follow_redirects = true;
  bool operator==(const HttpOptions&) const = default;
};

/// Of a table that has kHttpKeys. INVALID with the place in the file.
Result<HttpOptions> read_http_options(const Config& entry);

struct HttpQuestion {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  int64_t timeout_ns = 0;
  uint64_t max_body_bytes = 0;
};

/// A GET as tarsier.http/1 wants it, with the secrets that there are now.
class HttpRequest {
 public:
  /// `options` and `question` stay as long as this. UNAVAILABLE: a file with a secret cannot be read.
  static Result<HttpRequest> make(const HttpOptions& options, const HttpQuestion& question);
  /// Points into this.
  const tarsier_http_client_request& raw();

 private:
  HttpRequest(const HttpOptions& options, const HttpQuestion& question, std::string secret)
      : options_(&options), question_(&question), secret_(std::move(secret)) {}
  const HttpOptions* options_;
  const HttpQuestion* question_;
  std::string secret_;
  std::vector<tarsier_pair> headers_;
  tarsier_tls_options tls_{};
  tarsier_http_client_request raw_{};
};

/// [any] A GET. `done` is called once as [work] when OK is returned; what is not 200 comes as an error that says so.
Result<void> ask(const Host& host, const ServiceRef<tarsier_http>& http, const HttpOptions& options, const HttpQuestion& question,
                 http::Done done);

/// [work] Whether Content-Type says JSON, with no charset but UTF-8.
bool is_json(std::string_view content_type);

/// Of a parameter's value or a part of a path.
std::string percent_encode(std::string_view text);

constexpr uint32_t kHttpKeyFlags = TARSIER_KEY_RELOADABLE;
inline constexpr tarsier_config_key kHttpKeys[] = {
    key("config[].follow_redirects", TARSIER_KEY_BOOL, "true", "redirects are followed, at most 10", nullptr, kHttpKeyFlags),
    key("config[].http_headers", TARSIER_KEY_TABLE, nullptr, "request headers: name = { values = [..] }", nullptr, kHttpKeyFlags),
    key("config[].http_headers.*", TARSIER_KEY_TABLE, nullptr, "one header", nullptr, kHttpKeyFlags),
    key("config[].http_headers.*.values[]", TARSIER_KEY_STRING, nullptr, "its values", nullptr, TARSIER_KEY_SECRET | kHttpKeyFlags),
    key("config[].basic_auth", TARSIER_KEY_TABLE, nullptr, "HTTP Basic authentication", nullptr, kHttpKeyFlags),
    key("config[].basic_auth.username", TARSIER_KEY_STRING, nullptr, "user", nullptr, kHttpKeyFlags),
    key("config[].basic_auth.password", TARSIER_KEY_STRING, nullptr, "password", nullptr, TARSIER_KEY_SECRET | kHttpKeyFlags),
    key("config[].basic_auth.password_file", TARSIER_KEY_STRING, nullptr, "file with the password, read at each call", nullptr,
        kHttpKeyFlags),
    key("config[].authorization", TARSIER_KEY_TABLE, nullptr, "any other Authorization header", nullptr, kHttpKeyFlags),
    key("config[].authorization.type", TARSIER_KEY_STRING, nullptr, "Bearer when absent", nullptr, kHttpKeyFlags),
    key("config[].authorization.credentials", TARSIER_KEY_STRING, nullptr, "the token", nullptr,
        TARSIER_KEY_SECRET | kHttpKeyFlags),
    key("config[].authorization.credentials_file", TARSIER_KEY_STRING, nullptr, "file with the token, read at each call", nullptr,
        kHttpKeyFlags),
    key("config[].tls_config", TARSIER_KEY_TABLE, nullptr, "TLS to the server", nullptr, kHttpKeyFlags),
    key("config[].tls_config.ca_file", TARSIER_KEY_STRING, nullptr, "certificates to trust instead of the system's", nullptr,
        kHttpKeyFlags),
    key("config[].tls_config.cert_file", TARSIER_KEY_STRING, nullptr, "client certificate", nullptr, kHttpKeyFlags),
    key("config[].tls_config.key_file", TARSIER_KEY_STRING, nullptr, "its key", nullptr, kHttpKeyFlags),
    key("config[].tls_config.server_name", TARSIER_KEY_STRING, nullptr, "name to verify instead of the URL's", nullptr,
        kHttpKeyFlags),
    key("config[].tls_config.insecure_skip_verify", TARSIER_KEY_BOOL, "false", "any certificate is taken", nullptr, kHttpKeyFlags),
};

}  // namespace tarsier::discovery
