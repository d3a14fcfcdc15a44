#include "packer.hpp"

#include <zstd.h>

namespace tarsier::samples {
namespace {

enum Packing : uint8_t { kPlain = 0, kZstd = 1 };
constexpr size_t kMostUnpacked = size_t{256} << 20;

}  // namespace

void Packer::Free::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }
void Unpacker::Free::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

void Packer::pack(std::span<const uint8_t> bytes, std::vector<uint8_t>& out) {
  if (context_ == nullptr) context_.reset(ZSTD_createCCtx());
  out.clear();
  ByteWriter(out).u8(kZstd);
  ByteWriter(out).varint(bytes.size());
  const size_t head = out.size();
  out.resize(head + ZSTD_compressBound(bytes.size()));
  const size_t size = ZSTD_compressCCtx(context_.get(), out.data() + head, out.size() - head, bytes.data(), bytes.size(), level_);
  if (!ZSTD_isError(size) && size < bytes.size()) return out.resize(head + size);
  out.clear();
  ByteWriter(out).u8(kPlain);
  ByteWriter(out).bytes(bytes);
}

Result<void> Unpacker::unpack(std::span<const uint8_t> packed, std::vector<uint8_t>& out) {
  ByteReader in(packed);
  const uint8_t packing = in.u8();
  if (in.ok() && packing == kPlain) {
    out.assign(packed.begin() + 1, packed.end());
    return {};
  }
  const uint64_t size = in.count(0, kMostUnpacked);
  if (!in.ok() || packing != kZstd) return Error{TARSIER_CORRUPT, "packed block has an unknown form"};
  const auto payload = in.bytes(in.remaining());
  // A forged size must not cost memory: zstd says itself how large the content is.
  if (ZSTD_getFrameContentSize(payload.data(), payload.size()) != size)
    return Error{TARSIER_CORRUPT, "packed block has a wrong size"};
  if (context_ == nullptr) context_.reset(ZSTD_createDCtx());
  out.resize(static_cast<size_t>(size));
  const size_t done = ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), payload.data(), payload.size());
  if (ZSTD_isError(done) || done != size) return Error{TARSIER_CORRUPT, "packed block does not decompress"};
  return {};
}

}  // namespace tarsier::samples
