// Streaming gzip by zlib and zstd by libzstd; gzip at once by libdeflate.
#include "plugins/lib/http/compression.hpp"

#include <algorithm>
#include <array>
#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

namespace tarsier::net {
namespace {

constexpr size_t kPiece = 32 * 1024;
// A frame may ask for a window as large as it likes; 8 MiB is what every encoder's usual levels stay below.
constexpr int kMaxWindowLog = 23;
// Higher levels clear a table of a megabyte for each answer that is streamed, and save 2 % of a page of metrics.
constexpr int kZstdLevel = 1;

class GzipEncoder : public Encoder {
 public:
  GzipEncoder() { ok_ = deflateInit2(&stream_, 5, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK; }
  ~GzipEncoder() override { deflateEnd(&stream_); }
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;

  Result<void> write(std::string_view input, bool flush, std::string& out) override {
    return run(input, flush ? Z_SYNC_FLUSH : Z_NO_FLUSH, out);
  }
  Result<void> finish(std::string& out) override { return run({}, Z_FINISH, out); }

 private:
  Result<void> run(std::string_view input, int flush, std::string& out) {
    if (!ok_) return Error(TARSIER_RESOURCE, "gzip: no memory");
    std::array<unsigned char, kPiece> piece;
    do {
      const size_t take = std::min<size_t>(input.size(), 1U << 30);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
      stream_.avail_in = static_cast<uInt>(take);
      const int mode = take == input.size() ? flush : Z_NO_FLUSH;
      do {
        stream_.next_out = piece.data();
        stream_.avail_out = static_cast<uInt>(piece.size());
        if (deflate(&stream_, mode) == Z_STREAM_ERROR) return Error::internal("gzip: inconsistent stream");
        out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - stream_.avail_out);
      } while (stream_.avail_out == 0);
      input.remove_prefix(take);
    } while (!input.empty());
    return {};
  }
  z_stream stream_{};
  bool ok_ = false;
};

class ZstdEncoder : public Encoder {
 public:
  ZstdEncoder() : context_(ZSTD_createCCtx()) {
    if (context_ != nullptr) ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kZstdLevel);
  }
  ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }
  ZstdEncoder(const ZstdEncoder&) = delete;
  ZstdEncoder& operator=(const ZstdEncoder&) = delete;

  Result<void> write(std::string_view input, bool flush, std::string& out) override {
    return run(input, flush ? ZSTD_e_flush : ZSTD_e_continue, out);
  }
  Result<void> finish(std::string& out) override { return run({}, ZSTD_e_end, out); }

 private:
  Result<void> run(std::string_view input, ZSTD_EndDirective mode, std::string& out) {
    if (context_ == nullptr) return Error(TARSIER_RESOURCE, "zstd: no memory");
    std::array<char, kPiece> piece;
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    while (true) {
      ZSTD_outBuffer to{piece.data(), piece.size(), 0};
      const size_t left = ZSTD_compressStream2(context_, &to, &in, mode);
      if (ZSTD_isError(left) != 0) return Error::internal(std::string("zstd: ") + ZSTD_getErrorName(left));
      out.append(piece.data(), to.pos);
      if (mode == ZSTD_e_continue ? in.pos == in.size : left == 0) return {};
    }
  }
  ZSTD_CCtx* context_;
};

// In one call zstd knows the size, and takes tables to match.
Result<std::string> compress_zstd(std::string_view input) {
  std::string out(ZSTD_compressBound(input.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), input.data(), input.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0) return Error::internal(std::string("zstd: ") + ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

Error too_large(uint64_t max_bytes) {
  return {TARSIER_RESOURCE, "the decompressed body is larger than " + std::to_string(max_bytes) + " bytes"};
}

class InflateDecoder : public Decoder {
 public:
  // 15 + 32: gzip or zlib by the stream's own head ("deflate" on the web is zlib).
  InflateDecoder() { ok_ = inflateInit2(&stream_, 15 + 32) == Z_OK; }
  ~InflateDecoder() override { inflateEnd(&stream_); }
  InflateDecoder(const InflateDecoder&) = delete;
  InflateDecoder& operator=(const InflateDecoder&) = delete;

  Result<void> write(std::string_view input, uint64_t max_bytes, std::string& out) override {
    if (!ok_) return Error(TARSIER_RESOURCE, "gzip: no memory");
    std::array<unsigned char, kPiece> piece;
    while (!input.empty()) {
      if (ended_) {  // a gzip body may be several members, one after the other
        if (inflateReset(&stream_) != Z_OK) return Error::internal("gzip: reset failed");
        ended_ = false;
      }
      const size_t take = std::min<size_t>(input.size(), 1U << 30);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
      stream_.avail_in = static_cast<uInt>(take);
      do {
        stream_.next_out = piece.data();
        stream_.avail_out = static_cast<uInt>(piece.size());
        const int status = inflate(&stream_, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
          return Error::invalid(std::string("gzip: ") + (stream_.msg != nullptr ? stream_.msg : "malformed stream"));
        }
        const size_t made = piece.size() - stream_.avail_out;
        if (out.size() + made > max_bytes) return too_large(max_bytes);
        out.append(reinterpret_cast<const char*>(piece.data()), made);
        ended_ = status == Z_STREAM_END;
        if (status == Z_BUF_ERROR && made == 0) break;
      } while (!ended_ && (stream_.avail_in > 0 || stream_.avail_out == 0));
      input.remove_prefix(take - stream_.avail_in);
    }
    return {};
  }
  Result<void> finish() override {
    if (!ended_) return Error::invalid("gzip: the stream is cut short");
    return {};
  }

 private:
  z_stream stream_{};
  bool ok_ = false;
  bool ended_ = false;
};

/// False for a stream of several members, one whose size cannot be what its end says, and a damaged one.
bool inflate_at_once(std::string_view input, uint64_t max_bytes, std::string& out) {
  constexpr size_t kHeadAndTail = 18, kMostRatio = 1032;  // RFC 1952; what deflate can do at best
  if (input.size() < kHeadAndTail) return false;
  uint32_t size = 0;
  for (size_t i = 0; i < sizeof(size); ++i) size |= uint32_t{static_cast<unsigned char>(input[input.size() - 4 + i])} << (8 * i);
  if (size > max_bytes || size / kMostRatio > input.size()) return false;
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  if (decompressor == nullptr) return false;
  out.resize(size);
  size_t taken = 0, made = 0;
  return libdeflate_gzip_decompress_ex(decompressor.get(), input.data(), input.size(), out.data(), out.size(), &taken, &made) ==
             LIBDEFLATE_SUCCESS &&
         taken == input.size() && made == size;
}

class ZstdDecoder : public Decoder {
 public:
  ZstdDecoder() : context_(ZSTD_createDCtx()) {
    if (context_ != nullptr) ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kMaxWindowLog);
  }
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  Result<void> write(std::string_view input, uint64_t max_bytes, std::string& out) override {
    if (context_ == nullptr) return Error(TARSIER_RESOURCE, "zstd: no memory");
    std::array<char, kPiece> piece;
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer to{piece.data(), piece.size(), 0};
      left_ = ZSTD_decompressStream(context_, &to, &in);
      if (ZSTD_isError(left_) != 0) return Error::invalid(std::string("zstd: ") + ZSTD_getErrorName(left_));
      if (out.size() + to.pos > max_bytes) return too_large(max_bytes);
      out.append(piece.data(), to.pos);
      full = to.pos == to.size;
    }
    return {};
  }
  Result<void> finish() override {
    if (left_ != 0) return Error::invalid("zstd: the stream is cut short");
    return {};
  }

 private:
  ZSTD_DCtx* context_;
  size_t left_ = 1;
};

}  // namespace

std::unique_ptr<Encoder> make_encoder(Encoding encoding) {
  if (encoding == Encoding::zstd) return std::make_unique<ZstdEncoder>();
  return std::make_unique<GzipEncoder>();
}

Result<std::string> compress(Encoding encoding, std::string_view input) {
  if (encoding == Encoding::zstd) return compress_zstd(input);
  std::string out;
  out.reserve(input.size() / 4 + 64);
  const auto encoder = make_encoder(encoding);
  if (auto written = encoder->write(input, false, out); !written) return std::move(written).error();
  if (auto finished = encoder->finish(out); !finished) return std::move(finished).error();
  return out;
}

bool is_gzip(std::string_view content_encoding) noexcept {
  return equal_ignoring_case(content_encoding, "gzip") || equal_ignoring_case(content_encoding, "x-gzip");
}

Result<std::string> decompress_gzip(std::string_view input, uint64_t max_bytes) {
  std::string out;
  if (inflate_at_once(input, max_bytes, out)) return out;
  out.clear();
  InflateDecoder decoder;
  if (auto written = decoder.write(input, max_bytes, out); !written) return std::move(written).error();
  if (auto finished = decoder.finish(); !finished) return std::move(finished).error();
  return out;
}

std::unique_ptr<Decoder> make_decoder(std::string_view content_encoding) {
  if (is_gzip(content_encoding) || equal_ignoring_case(content_encoding, "deflate")) {
    return std::make_unique<InflateDecoder>();
  }
  if (equal_ignoring_case(content_encoding, "zstd")) return std::make_unique<ZstdDecoder>();
  return nullptr;
}

}  // namespace tarsier::net
