// Bytes of a client as a request, a response, a target, a URL and as header values. Whatever they are: no crash, and what was taken
// apart holds what it promises.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/lib/http/compression.hpp"
#include "plugins/lib/http/headers.hpp"
#include "plugins/lib/http/message_parser.hpp"
#include "plugins/lib/http/router.hpp"
#include "plugins/lib/http/target.hpp"
#include "plugins/lib/http/url.hpp"
#include "tarsier/service/http.h"

namespace {

using namespace tarsier::net;

void require(bool holds) {
  if (!holds) std::abort();
}

Router& router() {
  static Router* const made = [] {
    auto* fresh = new Router;
    for (const char* pattern : {"/", "/api/v1/query", "/api/v1/label/:/values", "/api/:/:/x", "/static/**", "/:/**"}) {
      auto route = std::make_shared<Route>();
      route->pattern = pattern;
      route->methods = TARSIER_HTTP_GET | TARSIER_HTTP_POST;
      require(fresh->add(std::move(route)).ok());
    }
    return fresh;
  }();
  return *made;
}

void try_target(std::string_view text) {
  const auto target = parse_target(text);
  if (!target) return;
  require(!target->segments.empty());
  for (const std::string& segment : target->segments) {
    require(segment != "." && segment != "..");
    require(segment.find('\0') == std::string::npos);
  }
  const auto match = router().find("", target->segments, 0, TARSIER_HTTP_GET);
  if (match.route) require((match.route->methods & TARSIER_HTTP_GET) != 0);
}

void try_headers(std::string_view text) {
  (void)choose_encoding(text);
  (void)list_has_token(text, "chunked");
  (void)is_compressible(text);
  if (const auto parts = split_host_port(text)) (void)is_loopback(parts->host);
  if (const auto url = parse_url(text); url) {
    require(url->target.front() == '/');
    require(url->target.find_first_of(" \r\n") == std::string::npos);
    (void)resolve_url(*url, text);
  }
}

/// The same bytes whole and byte by byte must come to the same.
struct Parsed {
  bool done = false;
  uint32_t failure = 0;
  std::string target;
  std::string body;
};
Parsed parse(MessageParser::Kind kind, std::string_view bytes, size_t step) {
  Parsed out;
  MessageParser parser(kind, 4096);
  parser.set_body_limit(65536);
  parser.set_body_sink([&](std::string_view piece) -> tarsier::Result<void> {
    out.body.append(piece);
    return {};
  });
  std::string waiting;
  for (size_t at = 0; at < bytes.size() && !parser.done() && !parser.failure(); at += step) {
    waiting.append(bytes.substr(at, step));
    size_t taken = 0;
    do {
      taken = parser.feed(waiting);
      require(taken <= waiting.size());
      waiting.erase(0, taken);
    } while (taken > 0 && !parser.done() && !parser.failure());
  }
  out.done = parser.done();
  out.failure = parser.failure() ? parser.failure()->code : 0;
  if (parser.head_done()) {
    out.target = parser.head().target;
    for (const Header& field : parser.head().headers) require(is_valid_field(field.name, field.value));
  }
  return out;
}

void try_message(MessageParser::Kind kind, std::string_view bytes) {
  const Parsed whole = parse(kind, bytes, bytes.size() + 1);
  const Parsed split = parse(kind, bytes, 1);
  require(whole.done == split.done);
  if (whole.done) require(whole.target == split.target && whole.body == split.body);
}

void try_decoders(std::string_view bytes) {
  for (const char* coding : {"gzip", "zstd"}) {
    const auto decoder = make_decoder(coding);
    std::string out;
    if (decoder->write(bytes, 1 << 20, out).ok()) (void)decoder->finish();
    require(out.size() <= 1U << 20U);
  }
  const auto whole = decompress_gzip(bytes, 1 << 20);
  if (whole.ok()) require(whole->size() <= 1U << 20U);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try_message(MessageParser::Kind::request, bytes);
  try_message(MessageParser::Kind::response, bytes);
  try_target(bytes.substr(0, bytes.find_first_of("\r\n")));
  try_headers(bytes.substr(0, bytes.find_first_of("\r\n")));
  try_decoders(bytes);
  return 0;
}
