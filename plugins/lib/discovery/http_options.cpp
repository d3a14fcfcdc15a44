#include "plugins/lib/discovery/http_options.hpp"

#include "plugins/lib/client_config/request.hpp"
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

tarsier_http_client_request request_of(const HttpOptions& options, const HttpQuestion& question,
                                       std::vector<tarsier_pair>& headers) {
  headers = {field("Accept", "application/json"), field("User-Agent", kUserAgent)};
  for (const auto& [name, value] : question.headers) headers.push_back(field(name, value));
  tarsier_http_client_request request{};
  request.size = sizeof(request);
  request.flags = TARSIER_CLIENT_ACCEPT_GZIP;
  request.method = str("GET");
  request.url = str(question.url);
  request.headers = headers.data();
  request.header_count = static_cast<uint32_t>(headers.size());
  request.max_redirects = options.follow_redirects ? kMaxRedirects : 0;
  request.body = bytes("");
  request.timeout_ns = question.timeout_ns;
  request.max_body_bytes = question.max_body_bytes;
  return request;
}

Result<void> ask(const Host& host, const ServiceRef<tarsier_http>& http, const HttpOptions& options, const HttpQuestion& question,
                 http::Done done) {
  std::vector<tarsier_pair> headers;
  const tarsier_http_client_request request = request_of(options, question, headers);
  return client_config::request(host, http, options.client, request, [done = std::move(done)](Result<http::Response> response) {
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
