// ClientConfig: headers, authorization and TLS of requests to others, under Prometheus' names.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tarsier/config.hpp"
#include "tarsier/result.hpp"
#include "tarsier/service/http.h"

namespace tarsier::client_config {

struct Tls {
  std::string ca_file, cert_file, key_file, server_name;
  bool insecure_skip_verify = false;
  std::string ca, cert, key;  // as texts in PEM; what is not "" comes before the file
  bool operator==(const Tls&) const = default;
  /// Points into this.
  tarsier_tls_options options() const noexcept;
};

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
  Authorization authorization;
  Tls tls;
  bool operator==(const ClientConfig&) const = default;
};

/// Of a table with Prometheus' keys: headers, http_headers, basic_auth, authorization, tls_config. INVALID with the place in the
/// file, also for a header that the program sets itself.
Result<ClientConfig> read_client_config(const Config& table);

}  // namespace tarsier::client_config
