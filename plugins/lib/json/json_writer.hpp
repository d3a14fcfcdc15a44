// A streaming JSON writer: appends to a buffer that is handed on in pieces, so that an answer of any size needs little memory. It
// knows where commas belong; that keys and values alternate is the caller's care.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tarsier::json {

/// The text inside the quotes: '"', '\\' and control characters escaped, invalid UTF-8 replaced by U+FFFD, '<', '>' and '&' left
/// alone.
void append_escaped(std::string& out, std::string_view text);
/// A quoted string.
void append_string(std::string& out, std::string_view text);
/// The shortest text that reads back as the same double: plain decimals between 1e-6 and 1e21, otherwise with an exponent; "NaN",
/// "+Inf" and "-Inf" as Go prints them (not JSON numbers: quote them).
void append_double(std::string& out, double value);
void append_int(std::string& out, int64_t value);

class Writer {
 public:
  using Flush = std::function<void(std::string_view)>;
  static constexpr size_t kPieceBytes = size_t{64} * 1024;

  /// Without `flush` everything stays in text().
  explicit Writer(Flush flush = nullptr) : flush_(std::move(flush)) { buffer_.reserve(1024); }

  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return close('}'); }
  Writer& begin_array() { return open('['); }
  Writer& end_array() { return close(']'); }
  Writer& key(std::string_view name);
  Writer& string(std::string_view text);
  Writer& number(double value);  ///< null when it is not finite
  Writer& integer(int64_t value);
  Writer& boolean(bool value);
  Writer& null();
  /// A value that is JSON already.
  Writer& raw(std::string_view json);
  /// A double as a string, as Prometheus writes sample values: "1.5", "NaN", "+Inf".
  Writer& quoted_double(double value);
  /// Milliseconds since the epoch as seconds with up to three decimals.
  Writer& seconds_of_ms(int64_t ms);

  /// What has not been flushed.
  const std::string& text() const noexcept { return buffer_; }
  std::string take() { return std::move(buffer_); }
  void flush();

 private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  void separate();

  std::string buffer_;
  Flush flush_;
  bool comma_ = false;
};

}  // namespace tarsier::json
