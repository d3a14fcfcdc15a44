// How a server that knows targets is asked by HTTP: authorization, headers, TLS, redirects. The keys are those of a job of
// `scrape`.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plugins/lib/client_config/client_config.hpp"
#include "plugins/lib/client_config/keys.hpp"
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

/// A GET, without what lib/client_config adds to it. Points into all three.
tarsier_http_client_request request_of(const HttpOptions& options, const HttpQuestion& question,
                                       std::vector<tarsier_pair>& headers);

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
    TARSIER_CLIENT_KEYS("config[].", "true", kHttpKeyFlags),
};

}  // namespace tarsier::discovery
