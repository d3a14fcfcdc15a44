// A column of integers in its sealed form. Each integer is predicted, and only how far it is off is kept: above the lowest of these
// residuals, in as many bits as the highest needs. Their upper bits may go to bytes of their own where these are mostly alike,
// since the block's bytes are compressed and its bits are not. Residuals that are far out are patched.
#pragma once

#include <span>
#include <vector>

#include "bytes.hpp"

namespace tarsier::samples {

/// Where the columns of a block go: what describes them, bytes that compress, bits that do not.
struct ColumnStreams {
  std::vector<uint8_t> heads;
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> bits;

  /// Where the encoder works; kept from column to column.
  struct {
    std::vector<int64_t> multiples, steps, residuals;
    std::vector<uint8_t> patches;
  } scratch;

  size_t size() const noexcept { return heads.size() + bytes.size() + bits.size(); }
};

enum class Predictor : uint8_t {
  first = 0,      // the first integer
  last = 1,       // the one before
  line = 2,       // a straight line from the first
  neighbour = 3,  // the one before, and what the column before this one does, times a ratio
};

/// Bits of a head's first byte, above the predictor.
enum IntegerForm : uint8_t { kConstant = 1U << 2, kUnit = 1U << 3, kBytes = 1U << 4, kPatches = 1U << 5 };

inline constexpr unsigned kMostPackedBits = 56;   // so that one unaligned load holds them all
inline constexpr size_t kBitsPadding = 8;         // behind the last bits, for the same reason
inline constexpr uint64_t kMostRows = 1U << 26U;  // of one column

/// How a column is kept. The first integer is in the head; residuals are of the rows after it.
struct IntegerHead {
  int64_t first = 0;
  uint64_t unit = 1;   // all integers are `first` and a multiple of it
  int64_t base = 0;    // the lowest residual
  uint64_t slope = 0;  // of the line (signed), or the ratio to the neighbour in 1/65536
  uint32_t rows = 0;
  Predictor predictor = Predictor::first;
  uint8_t packed_bits = 0;
  bool constant = false;
  bool has_bytes = false;
  std::span<const uint8_t> patches = {};  // of the block's heads
  size_t bytes_at = 0;                    // in the block's streams
  size_t bits_at = 0;

  size_t residuals() const noexcept { return constant || rows == 0 ? 0 : rows - 1; }
  size_t byte_count() const noexcept { return has_bytes ? residuals() : 0; }
  size_t bit_bytes() const noexcept { return (residuals() * packed_bits + 7) / 8; }
};

/// Appends the column to the streams. `neighbour`: steps() of a column with as many rows that the reader has at hand, or empty.
/// Returns the head as the reader will see it, without patches.
IntegerHead encode_integers(std::span<const int64_t> integers, std::span<const int64_t> neighbour, ColumnStreams& out);

/// Reads a head of a column of `rows` integers. Places in the streams are the caller's matter.
IntegerHead decode_integer_head(ByteReader& in, uint64_t rows);

/// What a column's neighbour does makes this of its own step.
inline int64_t scaled_step(int64_t neighbour, uint64_t ratio) noexcept {
  return static_cast<int64_t>(static_cast<uint64_t>(neighbour) * ratio + 0x8000U) >> 16;
}

/// One decoded column at a time; keeps its memory.
class IntegerColumn {
 public:
  /// Decodes the first `rows` of the column, at least one; of a neighbour there must be as many steps. False when it is malformed.
  /// `bytes` and `bits` are the column's; behind its bits are kBitsPadding bytes more.
  bool decode(const IntegerHead& head, size_t rows, const uint8_t* bytes, const uint8_t* bits, std::span<const int64_t> neighbour);
  /// How much each row is above the one before, in units; 0 for the first row.
  std::span<const int64_t> steps();
  /// Calls put(row, integer) for the rows that were decoded, from `from` on.
  template <class Put>
  void each(size_t from, Put&& put) const;

 private:
  bool patch(const IntegerHead& head, size_t rows, std::vector<int64_t>& residuals) const;

  IntegerHead head_;
  std::vector<int64_t> column_;  // steps, or multiples of the unit
  bool stepwise_ = false;        // column_ holds steps
  std::vector<int64_t> steps_;   // when they are asked for and column_ does not hold them
};

template <class Put>
void IntegerColumn::each(size_t from, Put&& put) const {
  const uint64_t first = static_cast<uint64_t>(head_.first), unit = head_.unit;
  uint64_t multiple = 0;
  if (!stepwise_) {
    for (size_t row = from; row < column_.size(); ++row)
      put(row, static_cast<int64_t>(first + unit * static_cast<uint64_t>(column_[row])));
    return;
  }
  for (size_t row = 0; row < from; ++row) multiple += static_cast<uint64_t>(column_[row]);
  for (size_t row = from; row < column_.size(); ++row) {
    multiple += static_cast<uint64_t>(column_[row]);
    put(row, static_cast<int64_t>(first + unit * multiple));
  }
}

}  // namespace tarsier::samples
