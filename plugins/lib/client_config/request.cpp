#include "plugins/lib/client_config/request.hpp"

#include <deque>
#include <memory>

#include "plugins/lib/client_config/secret_file.hpp"

namespace tarsier::client_config {
namespace {

/// How a request that has everything is sent; what it points to is valid during the call.
using Send = std::function<Result<void>(const tarsier_http_client_request&)>;

Result<void> complete(const ClientConfig& config, tarsier_http_client_request request, std::string_view authorization,
                      const Send& send) {
  std::vector<tarsier_pair> headers(request.headers, request.headers + request.header_count);
  if (!authorization.empty()) headers.push_back(field("Authorization", authorization));
  for (const auto& [name, value] : config.headers) headers.push_back(field(name, value));
  std::deque<std::string> secrets;
  for (const auto& [name, file] : config.header_files) {
    auto secret = read_secret_file(file);
    if (!secret) return std::move(secret).error();
    headers.push_back(field(name, secrets.emplace_back(std::move(*secret))));
  }
  const tarsier_tls_options tls = config.tls.options();
  const ProxyOptions proxy(config.proxy);
  request.headers = headers.data();
  request.header_count = static_cast<uint32_t>(headers.size());
  if (config.http2) request.flags |= TARSIER_CLIENT_HTTP2;
  request.tls = &tls;
  request.proxy = proxy.raw();
  return send(request);
}

/// A request that waits for a token.
class Waiting {
 public:
  Waiting(const Host& host, ClientConfig config, const tarsier_http_client_request& request, Send send)
      : host_(host),
        send_(std::move(send)),
        config_(std::move(config)),
        request_(request),
        method_(view(request.method)),
        url_(view(request.url)),
        body_(view(request.body)),
        deadline_ns_(host.mono_ns() + request.timeout_ns) {
    for (uint32_t i = 0; i < request.header_count; ++i)
      texts_.emplace_back(view(request.headers[i].name), view(request.headers[i].value));
    for (const auto& [name, value] : texts_) headers_.push_back(field(name, value));
    request_.method = str(method_);
    request_.url = str(url_);
    request_.body = bytes(body_);
    request_.headers = headers_.data();
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  void go_on(const Result<std::string>& authorization, const http::Done& done) {
    if (!authorization) return done(authorization.error());
    request_.timeout_ns = deadline_ns_ - host_.mono_ns();
    if (request_.timeout_ns <= 0) return done(Error(TARSIER_DEADLINE, "the token came too late"));
    if (auto sent = complete(config_, request_, *authorization, send_); !sent) done(std::move(sent).error());
  }

 private:
  const Host& host_;
  const Send send_;
  const ClientConfig config_;
  tarsier_http_client_request request_;
  const std::string method_, url_, body_;
  std::vector<std::pair<std::string, std::string>> texts_;
  std::vector<tarsier_pair> headers_;  // point into texts_
  const int64_t deadline_ns_;
};

/// Sends with what the configuration adds, or after a token has come; `done` is told when none comes.
Result<void> authorize(const Host& host, const ServiceRef<tarsier_http>& http, const ClientConfig& config,
                       const tarsier_http_client_request& request, const Send& send, const http::Done& done) {
  if (config.oauth2 == nullptr) {
    const auto secret = config.authorization.header();
    if (!secret) return secret.error();
    return complete(config, request, *secret, send);
  }
  const auto waiting = std::make_shared<Waiting>(host, config, request, send);
  const auto known =
      config.oauth2->header(host, http, request.timeout_ns,
                            [waiting, done](const Result<std::string>& authorization) { waiting->go_on(authorization, done); });
  if (!known) return known.error();
  return *known ? complete(config, request, **known, send) : Result<void>();
}

}  // namespace

Result<void> request(const Host& host, const ServiceRef<tarsier_http>& http, const ClientConfig& config,
                     const tarsier_http_client_request& request, http::Done done) {
  const Send send = [&host, http, done](const tarsier_http_client_request& complete) {
    return http::request(host, http, complete, done);
  };
  return authorize(host, http, config, request, send, done);
}

Result<void> stream(const Host& host, const ServiceRef<tarsier_http>& http, const ClientConfig& config,
                    const tarsier_http_client_request& request, int64_t quiet_timeout_ns, http::OnPiece on_piece, http::Done done,
                    std::function<void(http::Stream)> begun) {
  const Send send = [&host, http, quiet_timeout_ns, on_piece = std::move(on_piece), done,
                     begun = std::move(begun)](const tarsier_http_client_request& complete) -> Result<void> {
    auto call = http::stream(host, http, complete, quiet_timeout_ns, on_piece, done);
    if (!call) return std::move(call).error();
    begun(std::move(*call));
    return {};
  };
  return authorize(host, http, config, request, send, done);
}

}  // namespace tarsier::client_config
