#include "plugins/lib/client_config/request.hpp"

#include <deque>
#include <memory>

#include "plugins/lib/client_config/secret_file.hpp"

namespace tarsier::client_config {
namespace {

Result<void> send(const Host& host, const ServiceRef<tarsier_http>& http, const ClientConfig& config,
                  tarsier_http_client_request request, std::string_view authorization, http::Done done) {
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
  request.tls = &tls;
  request.proxy = proxy.raw();
  return http::request(host, http, request, std::move(done));
}

/// A request that waits for a token.
class Waiting {
 public:
  Waiting(const Host& host, const ServiceRef<tarsier_http>& http, ClientConfig config, const tarsier_http_client_request& request)
      : host_(host),
        http_(http),
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
    if (auto sent = send(host_, http_, config_, request_, *authorization, done); !sent) done(std::move(sent).error());
  }

 private:
  const Host& host_;
  const ServiceRef<tarsier_http> http_;
  const ClientConfig config_;
  tarsier_http_client_request request_;
  const std::string method_, url_, body_;
  std::vector<std::pair<std::string, std::string>> texts_;
  std::vector<tarsier_pair> headers_;  // point into texts_
  const int64_t deadline_ns_;
};

}  // namespace

Result<void> request(const Host& host, const ServiceRef<tarsier_http>& http, const ClientConfig& config,
                     const tarsier_http_client_request& request, http::Done done) {
  if (config.oauth2 == nullptr) {
    const auto secret = config.authorization.header();
    if (!secret) return secret.error();
    return send(host, http, config, request, *secret, std::move(done));
  }
  const auto waiting = std::make_shared<Waiting>(host, http, config, request);
  const auto known =
      config.oauth2->header(host, http, request.timeout_ns,
                            [waiting, done](const Result<std::string>& authorization) { waiting->go_on(authorization, done); });
  if (!known) return known.error();
  return *known ? send(host, http, config, request, **known, std::move(done)) : Result<void>();
}

}  // namespace tarsier::client_config
