// pack and unpack: the compression of blocks of an index and of what compresses in blocks of samples. A byte 0 and the bytes, or 1,
// the size and a zstd frame, whichever is smaller.
#pragma once

#include <memory>

#include "bytes.hpp"
#include "tarsier/result.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace tarsier::samples {

/// The context is made on first use and kept as long as the object.
class Packer {
 public:
  static constexpr int kFast = 1;
  static constexpr int kSmall = 9;
  explicit Packer(int level = kFast) noexcept : level_(level) {}
  void pack(std::span<const uint8_t> bytes, std::vector<uint8_t>& out);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };
  int level_;
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

class Unpacker {
 public:
  Result<void> unpack(std::span<const uint8_t> packed, std::vector<uint8_t>& out);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const noexcept;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace tarsier::samples
