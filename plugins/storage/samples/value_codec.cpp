#include "value_codec.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "chunk_encoder.hpp"

namespace tarsier::samples {
namespace {

constexpr uint8_t kHasExceptions = 0x80;
constexpr std::array<double, 10> kPowers = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
constexpr double kMostInteger = 9007199254740992.0;  // 2^53

double from_decimal(int64_t integer, size_t decimals) noexcept { return static_cast<double>(integer) / kPowers[decimals]; }

bool to_decimal(double value, size_t decimals, int64_t& integer) noexcept {
  const double scaled = value * kPowers[decimals];
  if (!(std::fabs(scaled) < kMostInteger)) return false;  // NaN and infinities too
  integer = static_cast<int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  return std::bit_cast<uint64_t>(from_decimal(integer, decimals)) == std::bit_cast<uint64_t>(value);
}

}  // namespace

bool ValueEncoder::scale(std::span<const double> values, uint8_t decimals) {
  const size_t most = values.size() / 8 + 1;
  integers_.clear();
  exceptions_.clear();
  int64_t last = 0;
  for (size_t row = 0; row < values.size(); ++row) {
    int64_t next = 0;
    if (to_decimal(values[row], decimals, next)) {
      // Exceptions in front repeat the first decimal, so that they make no step.
      if (exceptions_.size() == row) std::fill(integers_.begin(), integers_.end(), next);
      last = next;
    } else {
      if (exceptions_.size() == most) return false;
      exceptions_.push_back(static_cast<uint32_t>(row));
    }
    integers_.push_back(last);
  }
  return exceptions_.size() < values.size();
}

void ValueEncoder::write_exceptions(std::span<const double> values, ByteWriter& out) const {
  std::vector<uint8_t> list;
  ByteWriter writer(list);
  writer.varint(exceptions_.size());
  uint32_t last = 0;
  for (const uint32_t row : exceptions_) {
    writer.varint(row - last);
    writer.u64(std::bit_cast<uint64_t>(values[row]));
    last = row;
  }
  out.varint(list.size());
  out.bytes(list);
}

/// What IntegerColumn::steps() will give for this column.
void ValueEncoder::note_steps(const IntegerHead& head) {
  steps_.clear();
  if (head.constant) return;
  steps_.push_back(0);
  for (size_t row = 1; row < integers_.size(); ++row) {
    const int64_t step = wrapping_sub(integers_[row], integers_[row - 1]);
    steps_.push_back(head.unit == 1 ? step : step / static_cast<int64_t>(head.unit));
  }
}

void ValueEncoder::encode(std::span<const double> values, bool beside, ColumnStreams& out) {
  uint8_t decimals = 0;
  while (decimals < kPowers.size() && !scale(values, decimals)) ++decimals;
  if (decimals == kPowers.size()) {
    decimals = kBitsOfDoubles;
    integers_.clear();
    exceptions_.clear();
    for (const double value : values) integers_.push_back(std::bit_cast<int64_t>(value));
  }
  ByteWriter writer(out.heads);
  writer.u8(static_cast<uint8_t>(decimals | (exceptions_.empty() ? 0U : unsigned{kHasExceptions})));
  if (!exceptions_.empty()) write_exceptions(values, writer);
  const bool may = beside && decimals != kBitsOfDoubles && !steps_.empty() && !long_chain();
  const IntegerHead head = encode_integers(integers_, may ? std::span<const int64_t>(steps_) : std::span<const int64_t>(), out);
  chain_ = head.predictor == Predictor::neighbour ? chain_ + 1 : 0;
  note_steps(head);
  if (decimals == kBitsOfDoubles) steps_.clear();
}

ValueHead decode_value_head(ByteReader& in, uint64_t rows) {
  ValueHead head;
  const uint8_t form = in.u8();
  head.decimals = form & 0x7fU;
  if (head.decimals >= kPowers.size() && head.decimals != kBitsOfDoubles) in.fail();
  if ((form & kHasExceptions) != 0) head.exceptions = in.bytes(in.varint());
  head.integers = decode_integer_head(in, rows);
  return head;
}

bool is_constant(const ValueHead& head, double& value) {
  if (!head.integers.constant || !head.exceptions.empty()) return false;
  value = head.decimals == kBitsOfDoubles ? std::bit_cast<double>(head.integers.first)
                                          : from_decimal(head.integers.first, head.decimals);
  return true;
}

bool put_values(const ValueHead& head, const IntegerColumn& column, size_t from, std::span<double> out) {
  double* const values = out.data();
  if (head.decimals == kBitsOfDoubles) {
    column.each(from, [=](size_t row, int64_t integer) { values[row - from] = std::bit_cast<double>(integer); });
  } else if (head.decimals == 0) {
    column.each(from, [=](size_t row, int64_t integer) { values[row - from] = static_cast<double>(integer); });
  } else {
    const double power = kPowers[head.decimals];
    column.each(from, [=](size_t row, int64_t integer) { values[row - from] = static_cast<double>(integer) / power; });
  }
  if (head.exceptions.empty()) return true;
  ByteReader in(head.exceptions);
  const uint64_t count = in.count(9);
  uint64_t row = 0;
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    row += in.count(0);
    const uint64_t bits = in.u64();
    if (row >= head.integers.rows) return false;
    if (row >= from && row < from + out.size()) values[row - from] = std::bit_cast<double>(bits);
  }
  return in.ok() && in.at_end();
}

void encode_times(std::span<const int64_t> times, ColumnStreams& out) {
  const bool millis = std::all_of(times.begin(), times.end(), [](int64_t time) { return time % kMillisecond == 0; });
  ByteWriter writer(out.heads);
  writer.u8(millis ? 1 : 0);
  writer.varint(times.size());
  if (!millis) {
    (void)encode_integers(times, {}, out);
    return;
  }
  std::vector<int64_t> scaled;
  scaled.reserve(times.size());
  for (const int64_t time : times) scaled.push_back(time / kMillisecond);
  (void)encode_integers(scaled, {}, out);
}

TimeHead decode_time_head(ByteReader& in) {
  TimeHead head;
  const uint8_t millis = in.u8();
  head.millis = millis == 1;
  const uint64_t rows = in.count(0, kMostRows);
  if (millis > 1 || rows == 0) in.fail();
  head.integers = decode_integer_head(in, rows);
  if (head.integers.predictor == Predictor::neighbour || (head.integers.constant && rows > 1)) in.fail();
  return head;
}

bool put_times(const TimeHead& head, const IntegerColumn& column, std::vector<int64_t>& out) {
  out.resize(head.integers.rows);
  bool fits = true;
  column.each(0, [&](size_t row, int64_t integer) {
    fits &= !__builtin_mul_overflow(integer, head.millis ? kMillisecond : int64_t{1}, &out[row]);
  });
  return fits && std::adjacent_find(out.begin(), out.end(), std::greater_equal<>{}) == out.end();
}

}  // namespace tarsier::samples
