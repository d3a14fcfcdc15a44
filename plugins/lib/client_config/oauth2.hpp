// OAuth 2: tokens that a token server gives for a client's id and secret, under Prometheus' names.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/lib/client_config/proxy.hpp"
#include "plugins/lib/client_config/tls.hpp"
#include "tarsier/config.hpp"
#include "tarsier/http.hpp"

namespace tarsier::client_config {

struct OAuth2Settings {
  std::string client_id;
  std::string client_secret;       // when no file is named
  std::string client_secret_file;  // read at each request
  std::vector<std::string> scopes;
  std::string token_url;
  std::vector<std::pair<std::string, std::string>> endpoint_params;
  Tls tls;  // to the token server
  Proxy proxy;
  bool operator==(const OAuth2Settings&) const = default;
};

/// Of the table `oauth2`; none: it is not there. INVALID with the place in the file.
Result<std::optional<OAuth2Settings>> read_oauth2(const Config& table);

/// The token of one configuration: asked for when it is needed, by one request at a time, and kept until shortly before it ends. A
/// target's 401 does not end it, as in the original.
class TokenSource : public std::enable_shared_from_this<TokenSource> {
 public:
  using Done = std::function<void(Result<std::string>)>;

  explicit TokenSource(OAuth2Settings settings) : settings_(std::move(settings)) {}
  const OAuth2Settings& settings() const noexcept { return settings_; }

  /// [work] The value of the header Authorization while a token is good. None: `done` is called once as [work], when the server has
  /// answered or `timeout_ns` is over. UNAVAILABLE: the secret cannot be read, or nobody can be asked.
  Result<std::optional<std::string>> header(const Host& host, const ServiceRef<tarsier_http>& http, int64_t timeout_ns, Done done);

 private:
  /// How the client says who it is. Servers know one or both; which of them is found out once.
  enum class Style : uint8_t { unknown, header, parameters };
  struct Token {
    std::string header;
    int64_t ends_ns = INT64_MAX;  // monotonic
  };
  struct Asking {
    const Host* host;
    ServiceRef<tarsier_http> http;
    int64_t deadline_ns;
    std::string secret;
    Style style;
  };
  Result<void> ask(const Asking& asking);
  void answered(const Asking& asking, const Result<http::Response>& response);
  Result<Token> read_answer(const Result<http::Response>& response, int64_t mono_ns) const;
  std::string body(const Asking& asking) const;

  const OAuth2Settings settings_;
  std::mutex mutex_;  // guards what follows
  std::optional<Token> token_;
  std::string secret_;  // that the token was given for
  Style style_ = Style::unknown;
  std::vector<Done> waiting_;  // not empty: a request is under way
};

}  // namespace tarsier::client_config
