// Tls: how a server is trusted, and what is shown to it, under Prometheus' names.
#pragma once

#include <string>

#include "tarsier/config.hpp"
#include "tarsier/result.hpp"
#include "tarsier/service/http.h"

namespace tarsier::client_config {

struct Tls {
  std::string ca_file, cert_file, key_file, server_name;
  std::string ca, cert, key;             // PEM, each in place of its file
  std::string min_version, max_version;  // "TLS12"; "": the client's
  bool insecure_skip_verify = false;
  bool operator==(const Tls&) const = default;
  /// Points into this.
  tarsier_tls_options options() const noexcept;
};

/// Of a table `tls_config`. INVALID with the place in the file.
Result<Tls> read_tls(const Config& table);

}  // namespace tarsier::client_config
