// gzip and zstd, in pieces: encoders for answers, and decoders that stop at a limit, so that a small bomb cannot become a large
// body.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/lib/http/headers.hpp"
#include "tarsier/result.hpp"

namespace tarsier::net {

class Encoder {
 public:
  virtual ~Encoder() = default;
  /// Appends what `input` became to `out`; with `flush` everything so far can be decoded from what was appended.
  virtual Result<void> write(std::string_view input, bool flush, std::string& out) = 0;
  /// Appends the end of the stream.
  virtual Result<void> finish(std::string& out) = 0;
};
/// Not for identity.
std::unique_ptr<Encoder> make_encoder(Encoding encoding);
Result<std::string> compress(Encoding encoding, std::string_view input);

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Appends what `input` became to `out`; RESOURCE when `out` would grow beyond `max_bytes`, INVALID when it is no such stream.
  virtual Result<void> write(std::string_view input, uint64_t max_bytes, std::string& out) = 0;
  /// INVALID when the stream was cut short.
  virtual Result<void> finish() = 0;
};
/// By the value of Content-Encoding: "gzip", "x-gzip", "deflate", "zstd"; null for any other.
std::unique_ptr<Decoder> make_decoder(std::string_view content_encoding);

/// Whether it is "gzip" or "x-gzip".
bool is_gzip(std::string_view content_encoding) noexcept;
/// A whole body at once, in a third of the time that pieces take. RESOURCE beyond `max_bytes`, INVALID when it is no gzip.
Result<std::string> decompress_gzip(std::string_view input, uint64_t max_bytes);

}  // namespace tarsier::net
