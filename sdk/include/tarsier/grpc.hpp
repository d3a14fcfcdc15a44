// tarsier/grpc.hpp - unary methods of gRPC as HTTP routes (http.hpp). The text behind it is "gRPC over HTTP2" of the gRPC project:
// a method is POST /package.Service/Method, a message has five bytes before it (compressed or not, and its length), and what became
// of the call stands in trailers. Messages are bytes here: which code reads them is the plugin's own choice. Link zlib.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <zlib.h>

#include "http.hpp"

namespace tarsier::grpc {

enum class Code : uint32_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16
};

/// What a call came to, when it is not a message.
struct Status {
  Code code = Code::unknown;
  std::string message;
  std::string details = {};  ///< a google.rpc.Status as bytes; "": none
};

/// How an answer of HTTP reads to a client of gRPC. 400 and below 600, as the project's table has it, and what it leaves open.
constexpr Code code_of_http(uint32_t status) noexcept {
  switch (status) {
    case 400:
      return Code::internal;
    case 401:
      return Code::unauthenticated;
    case 403:
    case 421:
      return Code::permission_denied;
    case 404:
    case 405:
      return Code::unimplemented;
    case 413:
    case 431:
      return Code::resource_exhausted;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return Code::unavailable;
    default:
      return Code::unknown;
  }
}

/// The form that a message has in "grpc-message".
inline std::string percent_encode(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      out.push_back(c);
    } else {
      out.append({'%', kDigits[byte >> 4U], kDigits[byte & 15U]});
    }
  }
  return out;
}

/// Nanoseconds of "grpc-timeout": at most eight digits, and H, M, S, m, u or n. Nothing when it is none.
constexpr std::optional<int64_t> parse_timeout(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  int64_t value = 0;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  switch (text.back()) {
    case 'H':  // 99999999 hours are more than 64 bits of nanoseconds
      return value > 2'000'000 ? INT64_MAX : value * 3'600'000'000'000;
    case 'M':
      return value * 60'000'000'000;
    case 'S':
      return value * 1'000'000'000;
    case 'm':
      return value * 1'000'000;
    case 'u':
      return value * 1'000;
    case 'n':
      return value;
    default:
      return std::nullopt;
  }
}

/// "application/grpc", "application/grpc+proto", "application/grpc; ...".
constexpr bool is_grpc(std::string_view content_type) noexcept {
  constexpr std::string_view kType = "application/grpc";
  if (!content_type.starts_with(kType)) return false;
  content_type.remove_prefix(kType.size());
  return content_type.empty() || content_type.front() == '+' || content_type.front() == ';' || content_type.front() == ' ';
}

namespace detail {

/// RESOURCE beyond `max_bytes`, INVALID when it is no gzip or is cut short.
inline Result<std::string> gunzip(std::string_view packed, uint64_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return Error(TARSIER_RESOURCE, "no memory for gzip");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());  // a message has 32 bits of length
  std::string out;
  std::array<char, 16384> piece;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = inflate(&stream, Z_NO_FLUSH);
    const size_t made = piece.size() - stream.avail_out;
    if (out.size() + made > max_bytes)
      return Error(TARSIER_RESOURCE, "the decompressed message is larger than " + std::to_string(max_bytes) + " bytes");
    out.append(piece.data(), made);
  }
  if (status != Z_STREAM_END || stream.avail_in != 0) return Error::invalid("the message is not one whole stream of gzip");
  return out;
}

/// Nothing when there is no memory for it.
inline std::optional<std::string> gzip(std::string_view plain) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return std::nullopt;
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, deflateEnd);
  std::string out(deflateBound(&stream, static_cast<uLong>(plain.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return std::nullopt;
  out.resize(out.size() - stream.avail_out);
  return out;
}

/// As headers carry bytes: without padding.
inline std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t waiting = 0;
  uint32_t bits = 0;
  for (const char c : bytes) {
    waiting = (waiting << 8U) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) out.push_back(kDigits[(waiting >> (bits - 6)) & 63U]);
  }
  if (bits > 0) out.push_back(kDigits[(waiting << (6 - bits)) & 63U]);
  return out;
}

}  // namespace detail

/// A message with the five bytes before it.
inline std::string frame(std::string_view message, bool compressed = false) {
  std::string out;
  out.reserve(message.size() + 5);
  out.push_back(compressed ? '\1' : '\0');
  for (const uint32_t shift : {24U, 16U, 8U, 0U}) out.push_back(static_cast<char>((message.size() >> shift) & 255U));
  return out.append(message);
}

/// The one message that the body of a unary call holds.
struct Message {
  std::string_view bytes;  ///< of `unpacked`, or of the body
  std::string unpacked;
};

/// Reads the body of a unary call. The failure is what to tell the client. `encoding` is its "grpc-encoding".
inline std::optional<Status> read_message(std::string_view body, std::string_view encoding, uint64_t max_bytes, Message& out) {
  if (body.size() < 5) return Status{Code::internal, "expected one message, found none"};
  uint64_t size = 0;
  for (size_t i = 1; i < 5; ++i) size = (size << 8U) | static_cast<unsigned char>(body[i]);
  if (size > max_bytes)
    return Status{Code::resource_exhausted,
                  "the message has " + std::to_string(size) + " bytes, more than " + std::to_string(max_bytes)};
  if (body.size() - 5 != size)
    return Status{Code::internal, "expected one message of " + std::to_string(size) + " bytes, found " +
                                      std::to_string(body.size() - 5) + " bytes"};
  out.bytes = body.substr(5);
  if (body[0] == 0) return std::nullopt;
  if (body[0] != 1) return Status{Code::internal, "malformed message: neither compressed nor not"};
  if (encoding.empty() || encoding == "identity") return Status{Code::internal, "a compressed message without grpc-encoding"};
  if (encoding != "gzip")
    return Status{Code::unimplemented, "grpc-encoding '" + std::string(encoding) + "' is not known, gzip and identity are"};
  auto unpacked = detail::gunzip(out.bytes, max_bytes);
  if (!unpacked) {
    const bool large = unpacked.error().code() == TARSIER_RESOURCE;
    return Status{large ? Code::resource_exhausted : Code::internal, unpacked.error().message()};
  }
  out.unpacked = std::move(*unpacked);
  out.bytes = out.unpacked;
  return std::nullopt;
}

/// The answer being given to a call: exactly one of finish() and fail() ends it. Copyable; any thread.
class Call {
 public:
  using Clock = std::chrono::steady_clock;
  Call(http::Exchange exchange, std::optional<Clock::time_point> deadline, bool gzip)
      : exchange_(exchange), deadline_(deadline), gzip_(gzip) {}

  /// When the client does not wait any more, by its grpc-timeout.
  std::optional<Clock::time_point> deadline() const noexcept { return deadline_; }
  /// The client went, or its time has passed: stop the work for it.
  bool cancelled() const noexcept { return exchange_.cancelled() || late(); }

  void finish(std::string_view message) const {
    if (late()) return fail({Code::deadline_exceeded, "the deadline of the call has passed"});
    const auto packed = gzip_ && message.size() > kMinCompressed ? detail::gzip(message) : std::nullopt;
    const bool smaller = packed && packed->size() < message.size();
    std::vector<tarsier_pair> head = {kType};
    if (smaller) head.push_back({str("grpc-encoding"), str("gzip")});
    exchange_.api()->begin(exchange_.raw(), 200, head.data(), static_cast<uint32_t>(head.size()));
    (void)exchange_.write(frame(smaller ? std::string_view(*packed) : message, smaller));  // the first piece is always taken
    exchange_.end({{str("grpc-status"), str("0")}});
  }
  void fail(const Status& status) const {
    const std::string code = std::to_string(static_cast<uint32_t>(status.code));
    const std::string message = percent_encode(status.message);
    const std::string details = detail::base64(status.details);
    std::vector<tarsier_pair> head = {kType, {str("grpc-status"), str(code)}, {str("grpc-message"), str(message)}};
    if (status.code == Code::unimplemented) head.push_back({str("grpc-accept-encoding"), str("identity,gzip")});
    if (!details.empty()) head.push_back({str("grpc-status-details-bin"), str(details)});
    exchange_.api()->respond(exchange_.raw(), 200, head.data(), static_cast<uint32_t>(head.size()), bytes(std::string_view()));
  }

 private:
  static constexpr size_t kMinCompressed = 1024;
  static constexpr tarsier_pair kType = {{"content-type", 12}, {"application/grpc", 16}};
  bool late() const noexcept { return deadline_ && Clock::now() >= *deadline_; }

  http::Exchange exchange_;
  std::optional<Clock::time_point> deadline_;
  bool gzip_;
};

/// [work] or, by the route's flags, [net]. `message` is valid while the handler runs; the call may be answered later.
using Handler = std::function<void(std::string_view message, const http::Request& request, const Call& call)>;

struct MethodSpec {
  std::string_view api;                          ///< "otlp"
  std::string_view path;                         ///< "/package.Service/Method"
  std::string_view permission;                   ///< "metrics:write"
  uint64_t max_message_bytes = 4 * 1024 * 1024;  ///< compressed, and decompressed
  int64_t timeout_ns = 0;
};

/// Reads a request of the method, calls the handler, or says what is wrong with it.
inline void serve(const http::Request& request, const http::Exchange& exchange, uint64_t max_message_bytes,
                  const Handler& handler) {
  if (!is_grpc(request.header("content-type")))
    return exchange.respond(415, "text/plain", "expected Content-Type application/grpc\n");
  if (request.version() < 20) return exchange.respond(505, "text/plain", "gRPC needs HTTP/2\n");
  std::optional<Call::Clock::time_point> deadline;
  const std::string_view timeout = request.header("grpc-timeout");
  const std::optional<int64_t> timeout_ns = parse_timeout(timeout);
  constexpr int64_t kYearNs = 365LL * 24 * 3600 * 1'000'000'000;
  if (timeout_ns && *timeout_ns < kYearNs) deadline = Call::Clock::now() + std::chrono::nanoseconds(*timeout_ns);
  const bool gzip = request.header("grpc-accept-encoding").find("gzip") != std::string_view::npos;
  const Call call(exchange, deadline, gzip);
  if (!timeout.empty() && !timeout_ns) return call.fail({Code::internal, "malformed grpc-timeout '" + std::string(timeout) + "'"});
  Message message;
  const auto refused = read_message(request.body(), request.header("grpc-encoding"), max_message_bytes, message);
  if (refused) return call.fail(*refused);
  handler(message.bytes, request, call);
}

/// [ctl] In start, as Routes::add. A service's other methods are unknown: clients get UNIMPLEMENTED.
inline Result<void> add_method(http::Routes& routes, const MethodSpec& spec, Handler handler) {
  http::RouteSpec route;
  route.methods = TARSIER_HTTP_POST;
  route.api = spec.api;
  route.pattern = spec.path;
  route.permission = spec.permission;
  route.max_body_bytes = spec.max_message_bytes + 5;
  route.timeout_ns = spec.timeout_ns;
  route.flags = TARSIER_ROUTE_BODY_AS_SENT;
  return routes.add(route,
                    [max = spec.max_message_bytes, handler = std::move(handler)](
                        const http::Request& request, const http::Exchange& exchange) { serve(request, exchange, max, handler); });
}

}  // namespace tarsier::grpc
