// Content-Type with its one parameter, proto. What RFC 9110 takes for the same (case, blanks, quotes) is the same here.
#include "plugins/collect/remote_write_receiver/content.hpp"

#include <algorithm>
#include <string>

namespace tarsier::remote_write {
namespace {

constexpr std::string_view kType = "application/x-protobuf";

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

/// Takes what stands before the next ';' off `rest`.
std::string_view part(std::string_view& rest) noexcept {
  const size_t end = std::min(rest.find(';'), rest.size());
  const std::string_view first = trim(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return first;
}

Result<Message> message_named(std::string_view name) {
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
  if (name == "prometheus.WriteRequest") return Message::write_request;
  if (name == "io.prometheus.write.v2.Request") return Message::request_v2;
  return Error::invalid("the message '" + std::string(name) +
                        "' is not known, expected prometheus.WriteRequest or io.prometheus.write.v2.Request");
}

}  // namespace

Result<Message> message_of(std::string_view content_type, std::string_view content_encoding) {
  // As the original: old senders leave both out.
  if (const auto coding = trim(content_encoding); !coding.empty() && !equal_ignoring_case(coding, "snappy"))
    return Error::invalid("expected Content-Encoding snappy, got '" + std::string(content_encoding) + "'");
  std::string_view rest = content_type;
  if (trim(rest).empty()) return Message::write_request;
  if (!equal_ignoring_case(part(rest), kType))
    return Error::invalid("expected Content-Type application/x-protobuf, got '" + std::string(content_type) + "'");
  while (!rest.empty()) {
    const std::string_view parameter = part(rest);
    const size_t equal = parameter.find('=');
    // What was meant to name the message must not be passed over: one message read as the other is stored as nothing.
    if (equal == std::string_view::npos && !parameter.empty())
      return Error::invalid("expected NAME=VALUE, got '" + std::string(parameter) + "' in Content-Type '" +
                            std::string(content_type) + "'");
    if (equal_ignoring_case(trim(parameter.substr(0, equal)), "proto")) return message_named(trim(parameter.substr(equal + 1)));
  }
  return Message::write_request;
}

}  // namespace tarsier::remote_write
