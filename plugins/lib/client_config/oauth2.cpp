// The client credentials grant (RFC 6749, section 4.4), as Go's golang.org/x/oauth2 speaks it.
#include "plugins/lib/client_config/oauth2.hpp"

#include <algorithm>
#include <exception>

#include <boost/json.hpp>

#include "plugins/lib/client_config/secret_file.hpp"
#include "plugins/lib/http/base64.hpp"
#include "plugins/lib/http/headers.hpp"

namespace tarsier::client_config {
namespace {

namespace bj = boost::json;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kLongestNs = 30 * kSecond;    // of a request for a token
constexpr int64_t kEndsEarlyNs = 10 * kSecond;  // a token is not used up to its last moment
constexpr uint64_t kMaxAnswerBytes = uint64_t{1} << 20;
constexpr uint32_t kMaxRedirects = 10;
constexpr std::string_view kUserAgent = "Tarsier/0.1.0";

/// As Go's url.QueryEscape.
std::string escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const auto byte = static_cast<unsigned char>(c);
    if (letter || std::string_view("-_.~").find(c) != std::string_view::npos) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out.append(1, '%').append(1, kHex[byte >> 4U]).append(1, kHex[byte & 15U]);
    }
  }
  return out;
}

void append_parameter(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  form.append(escaped(name)).append("=").append(escaped(value));
}

/// Without parameters, which may be secret. It has no user.
std::string shown(std::string_view url) { return std::string(url.substr(0, url.find_first_of("?#"))); }

/// What a token server says of a token, or of why there is none.
struct Answer {
  std::string token, type, error;
  int64_t seconds = 0;  // 0: it does not end
};

int64_t to_seconds(std::string_view text) {
  int64_t seconds = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || seconds > INT32_MAX) return seconds;
    seconds = seconds * 10 + (c - '0');
  }
  return seconds;
}

Answer read_form(std::string_view body) {
  Answer answer;
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(pair.size() + 1, body.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = http::decode(pair.substr(0, equals));
    std::string value = http::decode(pair.substr(std::min(equals + 1, pair.size())));
    if (name == "access_token") answer.token = std::move(value);
    if (name == "token_type") answer.type = std::move(value);
    if (name == "error") answer.error = std::move(value);
    if (name == "expires_in") answer.seconds = to_seconds(value);
  }
  return answer;
}

Result<Answer> read_json(std::string_view body) {
  Answer answer;
  try {
    const bj::value parsed = bj::parse(body);
    const auto text = [&](std::string_view key) {
      const bj::value* const found = parsed.as_object().if_contains(key);
      return found != nullptr && found->is_string() ? std::string(std::string_view(found->get_string())) : std::string();
    };
    answer = {text("access_token"), text("token_type"), text("error"), to_seconds(text("expires_in"))};
    const bj::value* const seconds = parsed.as_object().if_contains("expires_in");
    if (seconds != nullptr && seconds->is_number())
      answer.seconds = static_cast<int64_t>(std::clamp(seconds->to_number<double>(), 0.0, static_cast<double>(INT32_MAX)));
  } catch (const std::exception& thrown) {
    return Error::invalid("the answer is no JSON object: " + std::string(thrown.what()));
  }
  return answer;
}

Result<Answer> read_body(const http::Response& response) {
  const std::string type = http::media_type(response.header("content-type"));
  if (type == "application/x-www-form-urlencoded" || type == "text/plain") return read_form(response.body());
  return read_json(response.body());
}

/// The code of an error is a word of the specification; a longer text might quote the request.
bool is_code(std::string_view error) {
  return !error.empty() && error.size() <= 64 && std::ranges::all_of(error, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

/// "bearer" is written as it usually is.
std::string scheme_of(const std::string& type) {
  const std::string small = net::lower(type);
  if (small.empty() || small == "bearer") return "Bearer";
  if (small == "basic") return "Basic";
  return small == "mac" ? "MAC" : type;
}

}  // namespace

Result<std::optional<OAuth2Settings>> read_oauth2(const Config& table) {
  const auto any = {"client_id", "client_secret", "client_secret_file", "token_url"};
  if (std::ranges::none_of(any, [&](const char* key) { return table[key].present(); })) return std::optional<OAuth2Settings>();
  OAuth2Settings out;
  out.client_id = table["client_id"].string();
  out.token_url = table["token_url"].string();
  if (out.client_id.empty()) return table.invalid("oauth2 client_id must be configured");
  if (out.token_url.empty()) return table.invalid("oauth2 token_url must be configured");
  const std::string_view authority = std::string_view(out.token_url).substr(0, out.token_url.find_first_of("?#"));
  if (!authority.starts_with("http://") && !authority.starts_with("https://"))
    return table["token_url"].invalid("expected an http:// or https:// URL");
  if (authority.find('@') != std::string_view::npos)
    return table["token_url"].invalid("who asks is said by client_id and client_secret, not in the URL");
  if (table["client_secret"].present() && table["client_secret_file"].present())
    return table["client_secret_file"].invalid("at most one of oauth2 client_secret and client_secret_file may be given");
  out.client_secret = table["client_secret"].string();
  out.client_secret_file = table["client_secret_file"].path();
  const Config scopes = table["scopes"], parameters = table["endpoint_params"];
  for (uint64_t i = 0; i < scopes.size(); ++i) out.scopes.push_back(scopes.at(i).string());
  for (uint64_t i = 0; i < parameters.size(); ++i)
    out.endpoint_params.emplace_back(std::string(parameters.key_at(i)), parameters.at(i).string());
  auto tls = read_tls(table["tls_config"]);
  if (!tls) return std::move(tls).error();
  out.tls = std::move(*tls);
  auto proxy = read_proxy(table);
  if (!proxy) return std::move(proxy).error();
  out.proxy = std::move(*proxy);
  return std::optional(std::move(out));
}

Result<std::optional<std::string>> TokenSource::header(const Host& host, const ServiceRef<tarsier_http>& http, int64_t timeout_ns,
                                                       Done done) {
  std::string secret = settings_.client_secret;
  if (!settings_.client_secret_file.empty()) {
    auto read = read_secret_file(settings_.client_secret_file);
    if (!read) return std::move(read).error();
    secret = std::move(*read);
  }
  const int64_t now = host.mono_ns();
  const std::lock_guard lock(mutex_);
  if (token_ && secret_ == secret && now < token_->ends_ns) return std::optional(token_->header);
  if (waiting_.empty()) {
    const Style style = style_ == Style::unknown ? Style::header : style_;
    const Asking asking = {&host, http, now + std::min(timeout_ns, kLongestNs), std::move(secret), style};
    if (auto asked = ask(asking); !asked) return std::move(asked).error().in("OAuth 2 token from " + shown(settings_.token_url));
  }
  waiting_.push_back(std::move(done));
  return std::optional<std::string>();
}

std::string TokenSource::body(const Asking& asking) const {
  std::string form;
  append_parameter(form, "grant_type", "client_credentials");
  std::string scopes;
  for (const std::string& scope : settings_.scopes) scopes.append(scopes.empty() ? "" : " ").append(scope);
  if (!scopes.empty()) append_parameter(form, "scope", scopes);
  if (asking.style == Style::parameters) {
    append_parameter(form, "client_id", settings_.client_id);
    if (!asking.secret.empty()) append_parameter(form, "client_secret", asking.secret);
  }
  for (const auto& [name, value] : settings_.endpoint_params) append_parameter(form, name, value);
  return form;
}

/// Under the lock: the answer comes on another thread.
Result<void> TokenSource::ask(const Asking& asking) {
  const std::string form = body(asking);
  const std::string basic = "Basic " + net::base64(escaped(settings_.client_id) + ":" + escaped(asking.secret));
  std::vector<tarsier_pair> headers = {field("Content-Type", "application/x-www-form-urlencoded"), field("User-Agent", kUserAgent)};
  if (asking.style == Style::header) headers.push_back(field("Authorization", basic));
  const tarsier_tls_options tls = settings_.tls.options();
  const ProxyOptions proxy(settings_.proxy);
  tarsier_http_client_request request{};
  request.size = sizeof(request);
  request.flags = TARSIER_CLIENT_ACCEPT_GZIP;
  request.method = str("POST");
  request.url = str(settings_.token_url);
  request.headers = headers.data();
  request.header_count = static_cast<uint32_t>(headers.size());
  request.max_redirects = kMaxRedirects;
  request.body = bytes(form);
  request.timeout_ns = std::max<int64_t>(asking.deadline_ns - asking.host->mono_ns(), 1);
  request.max_body_bytes = kMaxAnswerBytes;
  request.tls = &tls;
  request.proxy = proxy.raw();
  return http::request(
      *asking.host, asking.http, request,
      [self = shared_from_this(), asking](const Result<http::Response>& response) { self->answered(asking, response); });
}

void TokenSource::answered(const Asking& asking, const Result<http::Response>& response) {
  auto token = read_answer(response, asking.host->mono_ns());
  std::vector<Done> waiting;
  {
    const std::lock_guard lock(mutex_);
    // A server that does not know the one way may know the other.
    const bool in_vain = !token && style_ == Style::unknown && asking.style == Style::header;
    if (in_vain && token.error().code() != TARSIER_CANCELLED) {
      Asking again = asking;
      again.style = Style::parameters;
      if (ask(again)) return;
    }
    if (token) {
      token_ = *token;
      secret_ = asking.secret;
      style_ = asking.style;
    }
    waiting.swap(waiting_);
  }
  for (const Done& done : waiting) {
    if (token) {
      done(token->header);
    } else {
      done(Error(token.error()).in("OAuth 2 token from " + shown(settings_.token_url)));
    }
  }
}

Result<TokenSource::Token> TokenSource::read_answer(const Result<http::Response>& response, int64_t mono_ns) const {
  if (!response) return response.error();
  auto answer = read_body(*response);
  const bool good = response->code() >= 200 && response->code() <= 299;
  const std::string said = answer && is_code(answer->error) ? ": " + answer->error : "";
  if (!good)
    return Error::unavailable("server returned HTTP status " + std::to_string(response->code()) + " " +
                              std::string(net::reason_phrase(response->code())) + said);
  if (!answer) return std::move(answer).error();
  if (!answer->error.empty()) return Error::unavailable("the server refused it" + said);
  if (answer->token.empty()) return Error::invalid("the answer has no access_token");
  Token token;
  token.header = scheme_of(answer->type) + " " + answer->token;
  if (!net::is_valid_field("a", token.header)) return Error::invalid("the token has control bytes");
  if (answer->seconds > 0) token.ends_ns = mono_ns + answer->seconds * kSecond - kEndsEarlyNs;
  return token;
}

}  // namespace tarsier::client_config
