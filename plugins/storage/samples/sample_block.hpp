// A block of samples of a partition: the columns of several series that stand side by side. A column of times that several series
// share, as those of one scrape do, is there once. pack() and unpack() are the outer layer that every block of a partition has:
// compression.
#pragma once

#include <memory>

#include "bytes.hpp"
#include "sample.hpp"
#include "tarsier/result.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace tarsier::samples {

class SampleBlockBuilder {
 public:
  void add(const Columns& series);
  size_t series_count() const noexcept { return lengths_.size(); }
  /// Before compression.
  size_t size_bytes() const noexcept { return times_.size() + payload_.size(); }
  /// The bytes. The builder is empty afterwards.
  void encode(std::vector<uint8_t>& out);

 private:
  std::vector<std::vector<uint8_t>> time_columns_;
  std::vector<uint8_t> times_;
  std::vector<uint64_t> time_of_;
  std::vector<uint64_t> lengths_;
  std::vector<uint8_t> payload_;
};

/// Reads one block; the bytes must outlive it.
class SampleBlock {
 public:
  static Result<SampleBlock> parse(std::span<const uint8_t> bytes);
  size_t series_count() const noexcept { return payloads_.size(); }
  /// Appends the samples of the series at `index` that lie in [start, end].
  Result<void> read(size_t index, int64_t start, int64_t end, Columns& out) const;

 private:
  std::vector<std::vector<int64_t>> times_;
  std::vector<size_t> time_of_;
  std::vector<std::span<const uint8_t>> payloads_;
};

/// zstd, unless it does not pay. The contexts are made on first use and kept as long as the object.
class Packer {
 public:
  void pack(std::span<const uint8_t> bytes, std::vector<uint8_t>& out);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };
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
