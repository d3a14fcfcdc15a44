#include "plugins/lib/discovery/http_options.hpp"

#include "plugins/lib/http/headers.hpp"

namespace tarsier::discovery {
namespace {

constexpr std::string_view kUserAgent = "Tarsier/0.1.0";
constexpr uint32_t kMaxRedirects = 10;

}  // namespace

Result<HttpOptions> read_http_options(const Config& entry) {
  auto client = client_config::read_client_config(entry);
  if (!client) return std::move(client).error();
  return HttpOptions{std::move(*client), entry["follow_redirects"].boolean()};
}

Result<HttpRequest> HttpRequest::make(const HttpOptions& options, const HttpQuestion& question) {
  auto secret = options.client.authorization.header();
  if (!secret) return std::move(secret).error();
  return HttpRequest(options, question, std::move(*secret));
}

const tarsier_http_client_request& HttpRequest::raw() {
  headers_ = {field("Accept", "application/json"), field("User-Agent", kUserAgent)};
  if (!secret_.empty()) headers_.push_back(field("Authorization", secret_));
  for (const auto& [name, value] : question_->headers) headers_.push_back(field(name, value));
  for (const auto& [name, value] : options_->client.headers) headers_.push_back(field(name, value));
  tls_ = options_->client.tls.options();
  raw_.size = sizeof(raw_);
  raw_.flags = TARSIER_CLIENT_ACCEPT_GZIP;
  raw_.method = str("GET");
  raw_.url = str(question_->url);
  raw_.headers = headers_.data();
  raw_.header_count = static_cast<uint32_t>(headers_.size());
  raw_.max_redirects = options_->follow_redirects ? kMaxRedirects : 0;
  raw_.body = bytes("");
  raw_.timeout_ns = question_->timeout_ns;
  raw_.max_body_bytes = question_->max_body_bytes;
  raw_.tls = &tls_;
  return raw_;
}

Result<void> ask(const Host& host, const ServiceRef<tarsier_http>& http, const HttpOptions& options, const HttpQuestion& question,
                 http::Done done) {
  auto request = HttpRequest::make(options, question);
  if (!request) return std::move(request).error();
  return http::request(host, http, request->raw(), [done = std::move(done)](Result<http::Response> response) {
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
