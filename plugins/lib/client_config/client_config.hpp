// ClientConfig: headers, authorization, TLS and proxy of requests to others, under Prometheus' names. request.hpp sends them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugins/lib/client_config/oauth2.hpp"
#include "plugins/lib/client_config/proxy.hpp"
#include "plugins/lib/client_config/tls.hpp"
#include "tarsier/config.hpp"
#include "tarsier/result.hpp"

namespace tarsier::client_config {

struct Authorization {
  std::string value;  // the whole header, when no file is named
  std::string type;   // "Basic" with a user's name, or the scheme, when the secret is read from `file`
  std::string user;
  std::string file;
  bool operator==(const Authorization&) const = default;
  /// [work] The header's value; "" when there is none. UNAVAILABLE: the file cannot be read.
  Result<std::string> header() const;
};

struct ClientConfig {
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, std::string>> header_files;  // names, and where the values stand
  Authorization authorization;
  std::shared_ptr<TokenSource> oauth2;  // null: none. Copies have one token
  Tls tls;
  Proxy proxy;
  bool http2 = true;  // offered over TLS; tokens are asked for without, as in the original
  bool operator==(const ClientConfig& other) const;
};

/// Of a table with Prometheus' keys: enable_http2, headers, http_headers, basic_auth, authorization, oauth2, tls_config, and those of a proxy.
/// INVALID with the place in the file, also for a header that the program sets itself.
Result<ClientConfig> read_client_config(const Config& table);

}  // namespace tarsier::client_config
