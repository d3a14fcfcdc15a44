// tarsier/http.hpp - HTTP routes and calls (service/http.h) with closures.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service.hpp"
#include "service/http.h"

namespace tarsier::http {

/// A request; valid until its exchange is finished.
class Request {
 public:
  explicit Request(const tarsier_http_request* raw) noexcept : raw_(raw) {}
  const tarsier_http_request* raw() const noexcept { return raw_; }
  bool is(uint32_t method) const noexcept { return (raw_->method & method) != 0; }
  std::string_view path() const noexcept { return view(raw_->path); }
  std::string_view query() const noexcept { return view(raw_->query); }
  std::string_view prefix() const noexcept { return view(raw_->prefix); }
  std::string_view body() const noexcept { return view(raw_->body); }
  /// Of HTTP: 10, 11 or 20; 0 where the provider is too old to say.
  uint32_t version() const noexcept { return TARSIER_HAS(raw_, version) ? raw_->version : 0; }
  std::string_view arg(uint32_t index) const noexcept {
    return index < raw_->path_arg_count ? view(raw_->path_args[index]) : std::string_view{};
  }
  /// The header of that name (lower case), or "".
  std::string_view header(std::string_view name) const noexcept {
    for (uint32_t i = 0; i < raw_->header_count; ++i)
      if (view(raw_->headers[i].name) == name) return view(raw_->headers[i].value);
    return {};
  }

 private:
  const tarsier_http_request* raw_;
};

/// The answer being given. Exactly one of respond(), begin() ... end() or upgrade() ends it. Copyable; any thread. The provider
/// stays in place while an answer is owed, so the table stays valid.
class Exchange {
 public:
  Exchange(const tarsier_http* api, tarsier_exchange* raw) noexcept : api_(api), raw_(raw) {}
  tarsier_exchange* raw() const noexcept { return raw_; }
  const tarsier_http* api() const noexcept { return api_; }

  void respond(uint32_t code, std::string_view content_type, std::string_view body,
               std::initializer_list<tarsier_pair> headers = {}) const {
    std::vector<tarsier_pair> all(headers);
    all.push_back({str("content-type"), str(content_type)});
    api_->respond(raw_, code, all.data(), static_cast<uint32_t>(all.size()), bytes(body));
  }
  void begin(uint32_t code, std::string_view content_type) const {
    const tarsier_pair type = {str("content-type"), str(content_type)};
    api_->begin(raw_, code, &type, 1);
  }
  /// OK, AGAIN (nothing was taken: wait for on_writable) or CANCELLED.
  tarsier_status write(std::string_view piece) const { return api_->write(raw_, bytes(piece)); }
  void end(bool aborted = false) const { api_->end(raw_, aborted ? 1 : 0); }
  /// Ends it with fields behind the body; without them where the provider is too old for that.
  void end(std::initializer_list<tarsier_pair> trailers) const {
    if (!TARSIER_HAS(api_, end_with_trailers)) return end();
    api_->end_with_trailers(raw_, trailers.begin(), static_cast<uint32_t>(trailers.size()));
  }
  bool cancelled() const noexcept { return api_->cancelled(raw_) != 0; }

 private:
  const tarsier_http* api_;
  tarsier_exchange* raw_;
};

using Handler = std::function<void(const Request&, const Exchange&)>;

struct RouteSpec {
  uint32_t methods = TARSIER_HTTP_GET;
  std::string_view api;         ///< "prometheus", "" for the web page, "*" for every entrypoint
  std::string_view pattern;     ///< "/api/v1/label/:/values"
  std::string_view permission;  ///< "metrics:read"
  uint64_t max_body_bytes = 0;
  int64_t timeout_ns = 0;
  uint32_t flags = 0;
};

/// The routes of one instance. They end with it, or when this is destroyed; handlers do not run afterwards once the instance is
/// drained.
class Routes {
 public:
  /// May be a member of the plugin: asks nothing of the host before the first add().
  explicit Routes(const Host& host) : host_(host) {}

  /// [ctl] In start. The table of routes may be rebuilt by stop and start.
  Result<void> add(const RouteSpec& spec, Handler handler) {
    if (!http_) http_ = ServiceRef<tarsier_http>(host_, TARSIER_HTTP_SERVICE);
    auto use = http_.acquire();
    if (!use) return std::move(use).error().in("route " + std::string(spec.pattern));
    auto entry = std::make_unique<Entry>(Entry{&**use, std::move(handler)});
    tarsier_route_spec raw{};
    raw.size = sizeof(raw);
    raw.methods = spec.methods;
    raw.flags = spec.flags;
    raw.api = str(spec.api);
    raw.pattern = str(spec.pattern);
    raw.permission = str(spec.permission);
    raw.max_body_bytes = spec.max_body_bytes;
    raw.timeout_ns = spec.timeout_ns;
    raw.user = entry.get();
    raw.handler = [](void* user, const tarsier_http_request* request, tarsier_exchange* exchange) {
      const auto& target = *static_cast<const Entry*>(user);
      target.handler(Request(request), Exchange(target.api, exchange));
    };
    tarsier_route* route = nullptr;
    tarsier_error error = empty_error();
    const tarsier_status status = (*use)->add_route((*use)->self, host_.raw(), &raw, &route, &error);
    if (status != TARSIER_OK) return Error::from_c(status, error).in("route " + std::string(spec.pattern));
    entries_.push_back(std::move(entry));
    return {};
  }
  /// [ctl] In stop: the host has revoked the routes and drained the handlers.
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    const tarsier_http* api;
    Handler handler;
  };
  const Host& host_;
  ServiceRef<tarsier_http> http_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

// ---- client ------------------------------------------------------------------------------------------------------------------

/// The answer of a call: valid during the closure.
class Response {
 public:
  explicit Response(const tarsier_http_client_response* raw) noexcept : raw_(raw) {}
  uint32_t code() const noexcept { return raw_->code; }
  std::string_view body() const noexcept { return view(raw_->body); }
  int64_t duration_ns() const noexcept { return raw_->duration_ns; }
  std::string_view header(std::string_view name) const noexcept {
    for (uint32_t i = 0; i < raw_->header_count; ++i)
      if (view(raw_->headers[i].name) == name) return view(raw_->headers[i].value);
    return {};
  }

 private:
  const tarsier_http_client_response* raw_;
};

using Done = std::function<void(Result<Response>)>;

/// [any] Begins a call; when OK is returned, `done` is called exactly once as [work].
inline Result<void> request(const Host& host, const ServiceRef<tarsier_http>& http, const tarsier_http_client_request& request,
                            Done done) {
  auto use = http.acquire();
  if (!use) return std::move(use).error();
  auto* closure = new Done(std::move(done));
  tarsier_error error = empty_error();
  const tarsier_status status =
      (*use)->request((*use)->self, host.raw(), &request,
                      [](void* user, tarsier_status outcome, tarsier_str message, const tarsier_http_client_response* response) {
                        const std::unique_ptr<Done> owned(static_cast<Done*>(user));
                        if (outcome == TARSIER_OK) {
                          (*owned)(Response(response));
                        } else {
                          (*owned)(Error(outcome, std::string(view(message))));
                        }
                      },
                      closure, nullptr, &error);
  if (status != TARSIER_OK) delete closure;
  return Result<void>::from_c(status, error);
}

/// What takes a piece of the body, the first time an empty one when the head has come. An error ends the call and comes to `done`.
using OnPiece = std::function<Result<void>(const Response& head, std::string_view piece)>;

/// A call whose answer is taken while it comes. Destroying it does not end the call.
class Stream {
 public:
  Stream() = default;
  /// [any] The call ends with CANCELLED, unless it is over or its end is on the way. Does not wait for it.
  void cancel() {
    if (state_ == nullptr) return;
    const std::lock_guard lock(state_->mutex);
    if (state_->call != nullptr) state_->api->cancel(state_->api->self, state_->call);
  }

 private:
  friend Result<Stream> stream(const Host&, const ServiceRef<tarsier_http>&, const tarsier_http_client_request&, int64_t, OnPiece,
                               Done);
  struct State {
    OnPiece on_piece;  // it and `done` end with the call: they may own who owns this
    Done done;
    std::optional<Error> refused;  // what on_piece said
    const tarsier_http* api = nullptr;
    std::mutex mutex;
    tarsier_http_call* call = nullptr;  // until `done` begins: the provider and its table stay as long
    bool over = false;
  };
  std::shared_ptr<State> state_;
};

/// [any] Begins a call whose body is handed over while it comes (tarsier_http::stream). When OK is returned, `done` is called
/// exactly once, after the last piece; the response that it gets has no body. UNSUPPORTED: the provider of HTTP is too old.
inline Result<Stream> stream(const Host& host, const ServiceRef<tarsier_http>& http, const tarsier_http_client_request& request,
                             int64_t quiet_timeout_ns, OnPiece on_piece, Done done) {
  auto use = http.acquire();
  if (!use) return std::move(use).error();
  const tarsier_http* const api = &**use;
  if (!TARSIER_HAS(api, stream)) return Error(TARSIER_UNSUPPORTED, "the HTTP client does not hand over answers as they come");
  using Shared = std::shared_ptr<Stream::State>;
  Stream made;
  made.state_ = std::make_shared<Stream::State>();
  made.state_->on_piece = std::move(on_piece);
  made.state_->done = std::move(done);
  made.state_->api = api;
  auto* closure = new Shared(made.state_);
  tarsier_http_pieces pieces{};
  pieces.size = sizeof(pieces);
  pieces.quiet_timeout_ns = quiet_timeout_ns;
  pieces.on_piece = [](void* user, const tarsier_http_client_response* head, tarsier_bytes piece) -> tarsier_status {
    Stream::State& state = **static_cast<Shared*>(user);
    auto taken = state.on_piece(Response(head), view(piece));
    if (taken) return TARSIER_OK;
    state.refused = std::move(taken).error();
    return state.refused->code();
  };
  tarsier_http_call* call = nullptr;
  tarsier_error error = empty_error();
  const tarsier_status status = api->stream(
      api->self, host.raw(), &request, &pieces,
      [](void* user, tarsier_status outcome, tarsier_str message, const tarsier_http_client_response* response) {
        const std::unique_ptr<Shared> owned(static_cast<Shared*>(user));
        Stream::State& state = **owned;
        {
          const std::lock_guard lock(state.mutex);
          state.over = true;
          state.call = nullptr;
        }
        state.on_piece = nullptr;
        const Done end = std::exchange(state.done, nullptr);
        if (outcome == TARSIER_OK) {
          end(Response(response));
        } else {
          end(state.refused ? *state.refused : Error(outcome, std::string(view(message))));
        }
      },
      closure, &call, &error);
  if (status != TARSIER_OK) {
    delete closure;
    return Error::from_c(status, error);
  }
  const std::lock_guard lock(made.state_->mutex);
  if (!made.state_->over) made.state_->call = call;
  return made;
}

// ---- forms -------------------------------------------------------------------------------------------------------------------

/// The value of a hexadecimal digit, or -1.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Whether "%41" or the like begins at `at`.
constexpr bool is_escape(std::string_view text, size_t at) noexcept {
  return text[at] == '%' && at + 2 < text.size() && hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
}

/// Percent-decoding of a name or value in a query or form ("x+y%21"). Malformed escapes stay as they are.
inline std::string decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (is_escape(text, i)) {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

/// "text/html" of "Text/HTML; charset=utf-8".
inline std::string media_type(std::string_view content_type) {
  std::string type;
  for (const char c : content_type.substr(0, content_type.find(';'))) {
    if (c != ' ' && c != '\t') type.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return type;
}

/// The body of a request that sends a form, else "".
inline std::string_view form_body(const Request& request) {
  if (!request.is(TARSIER_HTTP_POST | TARSIER_HTTP_PUT | TARSIER_HTTP_PATCH)) return {};
  return media_type(request.header("content-type")) == "application/x-www-form-urlencoded" ? request.body() : std::string_view{};
}

/// What is malformed in "a=1&b=x+y", in the words of Go's net/url; "" when nothing is.
inline std::string form_fault(std::string_view encoded) {
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == ';') return "invalid semicolon separator in query";
    if (encoded[i] != '%' || is_escape(encoded, i)) continue;
    const std::string_view escape = encoded.substr(i, 3);
    return "invalid URL escape \"" + std::string(escape.substr(0, escape.find('&'))) + "\"";
  }
  return {};
}

/// Why the parameters of a request cannot be told for certain; "" when they can. A Form takes them as well as it can.
inline std::string form_fault(const Request& request) {
  if (media_type(request.header("content-type")) == "multipart/form-data")
    return "multipart/form-data is not taken, send application/x-www-form-urlencoded";
  std::string fault = form_fault(form_body(request));
  return fault.empty() ? form_fault(request.query()) : fault;
}

/// The parameters of a request: of its body when that is a form, then of its query. So the body wins.
class Form {
 public:
  explicit Form(const Request& request) {
    parse(form_body(request));
    parse(request.query());
  }
  explicit Form(std::string_view encoded) { parse(encoded); }

  bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
  /// The first value, or "".
  std::string_view get(std::string_view name) const noexcept {
    const auto* found = find(name);
    return found == nullptr ? std::string_view{} : std::string_view(found->second);
  }
  std::vector<std::string_view> all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : pairs_)
      if (key == name) values.emplace_back(value);
    return values;
  }

 private:
  using Pair = std::pair<std::string, std::string>;
  void parse(std::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find('&'), text.size());
      const std::string_view pair = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (pair.empty()) continue;
      const size_t equal = std::min(pair.find('='), pair.size());
      pairs_.emplace_back(decode(pair.substr(0, equal)), decode(pair.substr(std::min(equal + 1, pair.size()))));
    }
  }
  const Pair* find(std::string_view name) const noexcept {
    for (const auto& pair : pairs_)
      if (pair.first == name) return &pair;
    return nullptr;
  }
  std::vector<Pair> pairs_;
};

}  // namespace tarsier::http
