// Heads and trailers of answers. What belongs to the connection is never the handler's to say.
#include "plugins/lib/http/answer_head.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace tarsier::net {
namespace {

bool is_ours(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 5> kNames = {"connection", "transfer-encoding", "content-length", "date",
                                                             "keep-alive"};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view each) { return equal_ignoring_case(each, name); });
}

/// Of a connection of HTTP/1.1, and malformed in HTTP/2.
bool is_of_http1(std::string_view name) noexcept {
  return equal_ignoring_case(name, "upgrade") || equal_ignoring_case(name, "proxy-connection");
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

template <class Add>
void each_field(const AnswerHead& head, Add&& add) {
  add("Date", http_date(std::time(nullptr)));
  bool varies = false;
  for (const Headers* fields : {&head.fields, &head.extra}) {
    for (const Header& field : *fields) {
      if (is_ours(field.name) || !is_valid_field(field.name, field.value)) continue;
      add(field.name, field.value);
      varies = varies || (equal_ignoring_case(field.name, "vary") && list_has_token(field.value, "accept-encoding"));
    }
  }
  if (!varies && is_compressible(find_header(head.fields, "content-type"))) add("Vary", "Accept-Encoding");
  if (head.length) add("Content-Length", std::to_string(*head.length));
}

}  // namespace

std::string http1_head(const AnswerHead& head, bool chunked, std::string_view connection) {
  std::string out;
  out.reserve(256);
  out.append("HTTP/1.1 ").append(std::to_string(head.code)).append(" ").append(reason_phrase(head.code)).append("\r\n");
  each_field(head, [&](std::string_view name, std::string_view value) { append_field(out, name, value); });
  if (chunked) append_field(out, "Transfer-Encoding", "chunked");
  if (!connection.empty()) append_field(out, "Connection", connection);
  out.append("\r\n");
  return out;
}

Headers http2_head(const AnswerHead& head) {
  Headers out;
  out.reserve(head.fields.size() + head.extra.size() + 3);
  each_field(head, [&](std::string_view name, std::string_view value) {
    if (!is_of_http1(name)) out.push_back({lower(name), std::string(value)});
  });
  return out;
}

std::string last_chunk(const Headers& trailers) {
  std::string out = "0\r\n";
  for (const Header& field : allowed_trailers(trailers)) append_field(out, field.name, field.value);
  out.append("\r\n");
  return out;
}

Headers allowed_trailers(const Headers& trailers) {
  Headers out;
  for (const Header& field : trailers) {
    if (is_ours(field.name) || is_of_http1(field.name) || !is_valid_field(field.name, field.value)) continue;
    out.push_back({lower(field.name), field.value});
  }
  return out;
}

}  // namespace tarsier::net
