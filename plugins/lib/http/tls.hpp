// TLS contexts: a server's, which follows its certificate files, and clients' by their options.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "tarsier/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace tarsier::net {

struct TlsServerOptions {
  std::string cert_file;  // a chain in PEM
  std::string key_file;
  std::string client_ca_file;       // not empty: clients must show a certificate signed by one of these
  std::string min_version = "1.2";  // or "1.3"
  bool operator==(const TlsServerOptions&) const = default;
};

/// Thread-safe.
class TlsServer {
 public:
  static Result<std::shared_ptr<TlsServer>> load(const TlsServerOptions& options);
  /// Reads the files again. When they are not good, the old certificate stays in use. Connections keep what they began with.
  Result<void> reload();
  std::shared_ptr<boost::asio::ssl::context> current() const;
  const TlsServerOptions& options() const noexcept { return options_; }
  /// Seconds since 1970 after which the certificate in use is not valid any more.
  int64_t expires_at() const;

 private:
  explicit TlsServer(TlsServerOptions options) : options_(std::move(options)) {}
  const TlsServerOptions options_;
  mutable std::mutex current_mutex_;
  std::shared_ptr<boost::asio::ssl::context> current_;
  int64_t expires_at_ = 0;
};

struct TlsClientOptions {
  bool insecure_skip_verify = false;
  std::string ca_file;  // "": the system's
  std::string cert_file;
  std::string key_file;
  std::string server_name;    // "": the URL's host
  std::string ca, cert, key;  // PEM, each in place of its file
  std::string min_version;    // "TLS10" to "TLS13"; "": TLS12
  std::string max_version;    // "": the newest
};
Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_client(const TlsClientOptions& options);

}  // namespace tarsier::net
