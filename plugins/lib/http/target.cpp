// Parsing and percent-decoding of request targets.
#include "plugins/lib/http/target.hpp"

namespace tarsier::net {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Cuts "http://host" off an absolute-form target.
std::string_view without_authority(std::string_view target) noexcept {
  const size_t scheme = target.find("://");
  if (target.empty() || target.front() == '/' || scheme == std::string_view::npos) return target;
  const size_t path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return Error::invalid("'%' is not followed by two hexadecimal digits");
    if (high == 0 && low == 0) return Error::invalid("%00 is not allowed");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Result<Target> parse_target(std::string_view target) {
  Target out;
  if (target == "*") {
    out.raw_path = "*";
    out.segments.emplace_back("*");
    return out;
  }
  target = without_authority(target);
  const size_t mark = target.find('?');
  std::string_view path = target.substr(0, mark);
  if (path.empty() && mark == 0) path = "/";
  if (path.empty() || path.front() != '/') return Error::invalid("the request target does not begin with '/'");
  for (const char c : target) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '#') {
      return Error::invalid("the request target has a character that must be percent-encoded");
    }
  }
  out.raw_path = path;
  if (mark != std::string_view::npos) out.query = target.substr(mark + 1);
  path.remove_prefix(1);
  while (true) {
    const size_t slash = path.find('/');
    auto segment = percent_decode(path.substr(0, slash));
    if (!segment) return std::move(segment).error();
    if (*segment == "." || *segment == "..") return Error::invalid("the request target has a '.' or '..' segment");
    out.segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return out;
}

std::string join_path(const std::vector<std::string>& segments, size_t first) {
  std::string out;
  for (size_t i = first; i < segments.size(); ++i) {
    out += '/';
    out += segments[i];
  }
  return out.empty() ? "/" : out;
}

}  // namespace tarsier::net
