#include <cstring>

#include "integer_codec.hpp"

namespace tarsier::samples {
namespace {

/// Little-endian, wherever it lies.
uint64_t load_word(const uint8_t* at) noexcept {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

template <bool kBytesToo>
void unpack(const IntegerHead& head, const uint8_t* bytes, const uint8_t* bits, std::span<int64_t> out) noexcept {
  const unsigned width = head.packed_bits;
  const uint64_t mask = (uint64_t{1} << width) - 1;
  const auto base = static_cast<uint64_t>(head.base);
  if (width == 0) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<int64_t>(base + (kBytesToo ? bytes[i] : 0U));
    return;
  }
  size_t bit = 0;
  for (size_t i = 0; i < out.size(); ++i, bit += width) {
    uint64_t above = load_word(bits + bit / 8) >> (bit % 8) & mask;
    if constexpr (kBytesToo) above |= uint64_t{bytes[i]} << width;
    out[i] = static_cast<int64_t>(base + above);
  }
}

}  // namespace

IntegerHead decode_integer_head(ByteReader& in, uint64_t rows) {
  IntegerHead head;
  head.rows = static_cast<uint32_t>(rows);
  const uint8_t form = in.u8();
  head.first = in.svarint();
  head.constant = (form & kConstant) != 0;
  head.predictor = static_cast<Predictor>(form & 3U);
  if (form >= 64 || (head.constant && form != kConstant)) in.fail();
  if (head.constant) return head;
  if ((form & kUnit) != 0) head.unit = in.varint();
  if (head.predictor >= Predictor::line) head.slope = in.varint();
  head.base = in.svarint();
  head.packed_bits = in.u8();
  head.has_bytes = (form & kBytes) != 0;
  if ((form & kPatches) != 0) head.patches = in.bytes(in.varint());
  if (head.packed_bits > kMostPackedBits || rows < 2) in.fail();
  return head;
}

bool IntegerColumn::patch(const IntegerHead& head, size_t rows, std::vector<int64_t>& residuals) const {
  ByteReader in(head.patches);
  const uint64_t count = in.count(2);
  uint64_t row = 0;
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    row += in.count(0);
    const int64_t residual = in.svarint();
    if (row >= head.residuals()) return false;
    if (row + 1 < rows) residuals[static_cast<size_t>(row) + 1] = residual;
  }
  return in.ok() && in.at_end();
}

bool IntegerColumn::decode(const IntegerHead& head, size_t rows, const uint8_t* bytes, const uint8_t* bits,
                           std::span<const int64_t> neighbour) {
  head_ = head;
  steps_.clear();
  column_.resize(rows);
  column_[0] = 0;
  stepwise_ = head.predictor == Predictor::last || head.predictor == Predictor::neighbour;
  const std::span<int64_t> residuals = std::span(column_).subspan(1);
  if (head.constant) {
    std::fill(residuals.begin(), residuals.end(), 0);
    return true;
  }
  if (head.has_bytes) {
    unpack<true>(head, bytes, bits, residuals);
  } else {
    unpack<false>(head, bytes, bits, residuals);
  }
  if (!head.patches.empty() && !patch(head, rows, column_)) return false;
  if (head.predictor == Predictor::line) {
    const auto slope = static_cast<uint64_t>(unzigzag(head.slope));
    for (size_t row = 1; row < rows; ++row)
      column_[row] = static_cast<int64_t>(static_cast<uint64_t>(column_[row]) + slope * static_cast<uint64_t>(row));
  } else if (head.predictor == Predictor::neighbour) {
    if (neighbour.size() < rows) return false;
    for (size_t row = 1; row < rows; ++row) column_[row] = wrapping_add(column_[row], scaled_step(neighbour[row], head.slope));
  }
  return true;
}

std::span<const int64_t> IntegerColumn::steps() {
  if (stepwise_) return column_;
  if (steps_.empty() && !column_.empty()) {
    steps_.push_back(0);
    for (size_t row = 1; row < column_.size(); ++row) steps_.push_back(wrapping_sub(column_[row], column_[row - 1]));
  }
  return steps_;
}

}  // namespace tarsier::samples
