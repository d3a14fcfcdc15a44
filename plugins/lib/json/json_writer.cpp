#include "plugins/lib/json/json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace tarsier::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Bytes of the UTF-8 character at `at`, 0 when it is malformed.
size_t utf8_size(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned lead = byte(at);
  if (lead < 0x80U) return 1;
  if (lead >= 0xc2U && lead <= 0xdfU) return follows(at + 1) ? 2 : 0;
  if (lead >= 0xe0U && lead <= 0xefU) {
    if (lead == 0xe0U && byte(at + 1) < 0xa0U) return 0;
    if (lead == 0xedU && byte(at + 1) > 0x9fU) return 0;
    return follows(at + 1) && follows(at + 2) ? 3 : 0;
  }
  if (lead >= 0xf0U && lead <= 0xf4U) {
    if (lead == 0xf0U && byte(at + 1) < 0x90U) return 0;
    if (lead == 0xf4U && byte(at + 1) > 0x8fU) return 0;
    return follows(at + 1) && follows(at + 2) && follows(at + 3) ? 4 : 0;
  }
  return 0;
}

void append_control(std::string& out, unsigned char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out.push_back(kHex[c >> 4U]);
      out.push_back(kHex[c & 0xfU]);
  }
}

bool is_plain(unsigned char c) noexcept { return c >= 0x20U && c < 0x80U && c != '"' && c != '\\'; }

/// The same of eight bytes at once; each comparison leaves a high bit where it holds.
bool all_plain(const char* eight) noexcept {
  constexpr uint64_t kEach = 0x0101010101010101ULL, kHigh = 0x8080808080808080ULL;
  uint64_t word = 0;
  std::memcpy(&word, eight, sizeof(word));
  const auto below = [](uint64_t bytes, uint64_t limit) { return (bytes - kEach * limit) & ~bytes; };
  const uint64_t found = word | below(word, 0x20) | below(word ^ (kEach * '"'), 1) | below(word ^ (kEach * '\\'), 1);
  return (found & kHigh) == 0;
}

/// Where text that needs no escape ends that begins at `i`.
size_t plain_end(std::string_view text, size_t i) noexcept {
  while (text.size() - i >= 8 && all_plain(text.data() + i)) i += 8;
  while (i < text.size() && is_plain(static_cast<unsigned char>(text[i]))) ++i;
  return i;
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  size_t plain = 0;
  for (size_t i = plain_end(text, 0); i < text.size(); i = plain_end(text, i)) {
    const auto c = static_cast<unsigned char>(text[i]);
    const size_t size = c < 0x80U ? 0 : utf8_size(text, i);
    if (size > 0) {
      i += size;
      continue;
    }
    out.append(text, plain, i - plain);
    if (c < 0x80U) {
      append_control(out, c);
    } else {
      out += kReplacement;
    }
    plain = ++i;
  }
  out.append(text, plain, text.size() - plain);
}

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  append_escaped(out, text);
  out.push_back('"');
}

void append_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  const double magnitude = std::fabs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 exponent ? std::chars_format::scientific : std::chars_format::fixed);
  out.append(text.data(), static_cast<size_t>(end.ptr - text.data()));
}

void append_int(std::string& out, int64_t value) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), static_cast<size_t>(end.ptr - text.data()));
}

void Writer::separate() {
  if (comma_) buffer_.push_back(',');
  comma_ = true;
}

Writer& Writer::open(char bracket) {
  separate();
  buffer_.push_back(bracket);
  comma_ = false;
  return *this;
}

Writer& Writer::close(char bracket) {
  buffer_.push_back(bracket);
  comma_ = true;
  if (flush_ && buffer_.size() >= kPieceBytes) flush();
  return *this;
}

Writer& Writer::key(std::string_view name) {
  separate();
  append_string(buffer_, name);
  buffer_.push_back(':');
  comma_ = false;
  return *this;
}

Writer& Writer::string(std::string_view text) {
  separate();
  append_string(buffer_, text);
  return *this;
}

Writer& Writer::number(double value) {
  separate();
  if (std::isfinite(value)) {
    append_double(buffer_, value);
  } else {
    buffer_ += "null";
  }
  return *this;
}

Writer& Writer::integer(int64_t value) {
  separate();
  append_int(buffer_, value);
  return *this;
}

Writer& Writer::boolean(bool value) { return raw(value ? "true" : "false"); }
Writer& Writer::null() { return raw("null"); }

Writer& Writer::raw(std::string_view json) {
  separate();
  buffer_ += json;
  return *this;
}

Writer& Writer::quoted_double(double value) {
  separate();
  buffer_.push_back('"');
  append_double(buffer_, value);
  buffer_.push_back('"');
  return *this;
}

Writer& Writer::seconds_of_ms(int64_t ms) {
  separate();
  uint64_t magnitude = static_cast<uint64_t>(ms);
  if (ms < 0) {
    buffer_.push_back('-');
    magnitude = 0 - magnitude;
  }
  append_int(buffer_, static_cast<int64_t>(magnitude / 1000));
  const uint64_t rest = magnitude % 1000;
  if (rest == 0) return *this;
  const std::array<char, 4> digits = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                                      static_cast<char>('0' + rest % 10)};
  buffer_.append(digits.data(), digits.size());
  return *this;
}

void Writer::flush() {
  if (!flush_ || buffer_.empty()) return;
  flush_(buffer_);
  buffer_.clear();
}

}  // namespace tarsier::json
