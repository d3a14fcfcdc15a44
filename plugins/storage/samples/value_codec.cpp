#include "value_codec.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "chunk_encoder.hpp"

namespace tarsier::samples {
namespace {

enum Form : uint8_t { kConstant = 0, kDecimal = 1, kDecimalRate = 2, kXor = 3 };

constexpr std::array<double, 10> kPowers = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
constexpr double kMostInteger = 9007199254740992.0;  // 2^53

double from_decimal(int64_t integer, size_t exponent) noexcept { return static_cast<double>(integer) / kPowers[exponent]; }

bool to_decimal(double value, size_t exponent, int64_t& integer) noexcept {
  const double scaled = std::nearbyint(value * kPowers[exponent]);
  if (!(std::fabs(scaled) < kMostInteger)) return false;  // NaN and infinities too
  integer = static_cast<int64_t>(scaled);
  return std::bit_cast<uint64_t>(from_decimal(integer, exponent)) == std::bit_cast<uint64_t>(value);
}

struct Decimals {
  size_t exponent = 0;
  std::vector<int64_t> integers;     // exceptions repeat the integer before them
  std::vector<uint32_t> exceptions;  // rows
};

bool scale(std::span<const double> values, size_t exponent, Decimals& out) {
  const size_t most = values.size() / 8 + 1;
  out.exponent = exponent;
  out.integers.clear();
  out.exceptions.clear();
  int64_t integer = 0;
  for (size_t row = 0; row < values.size(); ++row) {
    int64_t next = 0;
    if (to_decimal(values[row], exponent, next)) {
      integer = next;
    } else {
      if (out.exceptions.size() == most) return false;
      out.exceptions.push_back(static_cast<uint32_t>(row));
    }
    out.integers.push_back(integer);
  }
  return out.exceptions.size() < values.size();
}

size_t varint_size(uint64_t value) noexcept { return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7; }

/// Writes (or only measures) differences, or differences of differences.
size_t measure(const std::vector<int64_t>& integers, bool rate) noexcept {
  size_t bytes = 0;
  int64_t last = 0, last_delta = 0;
  for (const int64_t integer : integers) {
    const int64_t delta = wrapping_sub(integer, last);
    bytes += varint_size(zigzag(rate ? wrapping_sub(delta, last_delta) : delta));
    last = integer, last_delta = delta;
  }
  return bytes;
}

void write_decimals(const Decimals& decimals, std::span<const double> values, ByteWriter& out) {
  const bool rate = measure(decimals.integers, true) < measure(decimals.integers, false);
  out.u8(rate ? kDecimalRate : kDecimal);
  out.varint(decimals.exponent);
  out.varint(decimals.exceptions.size());
  uint32_t last_row = 0;
  for (const uint32_t row : decimals.exceptions) {
    out.varint(row - last_row);
    out.u64(std::bit_cast<uint64_t>(values[row]));
    last_row = row;
  }
  int64_t last = 0, last_delta = 0;
  for (const int64_t integer : decimals.integers) {
    const int64_t delta = wrapping_sub(integer, last);
    out.svarint(rate ? wrapping_sub(delta, last_delta) : delta);
    last = integer, last_delta = delta;
  }
}

void write_xor(std::span<const double> values, ByteWriter& out) {
  out.u8(kXor);
  uint64_t last = 0;
  for (const double value : values) {
    const auto bits = std::bit_cast<uint64_t>(value);
    const uint64_t change = bits ^ last;
    last = bits;
    const unsigned trailing = change == 0 ? 0U : static_cast<unsigned>(std::countr_zero(change)) / 8U;
    const unsigned length = change == 0 ? 0U : 8U - trailing - static_cast<unsigned>(std::countl_zero(change)) / 8U;
    out.u8(static_cast<uint8_t>(trailing << 4 | length));
    for (unsigned i = 0; i < length; ++i) out.u8(static_cast<uint8_t>(change >> (8 * (trailing + i))));
  }
}

void read_decimals(ByteReader& in, bool rate, size_t count, std::vector<double>& out) {
  const uint64_t exponent = in.count(0, kPowers.size() - 1);
  const uint64_t exceptions = in.count(9);
  std::vector<std::pair<uint64_t, uint64_t>> apart;
  uint64_t row = 0;
  for (uint64_t i = 0; i < exceptions; ++i) {
    row += in.count(0);
    apart.emplace_back(row, in.u64());
  }
  if (count > in.remaining()) return in.fail();
  const size_t base = out.size();
  int64_t last = 0, last_delta = 0;
  for (size_t i = 0; i < count; ++i) {
    const int64_t change = in.svarint();
    last_delta = rate ? wrapping_add(last_delta, change) : change;
    last = wrapping_add(last, last_delta);
    out.push_back(from_decimal(last, static_cast<size_t>(exponent)));
  }
  for (const auto& [at, bits] : apart) {
    if (at >= count) return in.fail();
    out[base + static_cast<size_t>(at)] = std::bit_cast<double>(bits);
  }
}

void read_xor(ByteReader& in, size_t count, std::vector<double>& out) {
  uint64_t last = 0;
  if (count > in.remaining()) return in.fail();
  for (size_t i = 0; i < count; ++i) {
    const uint8_t head = in.u8();
    const unsigned trailing = head >> 4;
    const unsigned length = head & 0xfU;
    if (trailing + length > 8) return in.fail();
    const auto run = in.bytes(length);
    for (size_t byte = 0; byte < run.size(); ++byte) last ^= uint64_t{run[byte]} << (8 * (trailing + byte));
    out.push_back(std::bit_cast<double>(last));
  }
}

}  // namespace

void encode_sealed_values(std::span<const double> values, ByteWriter& out) {
  const auto same = [&](double value) { return std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(values.front()); };
  if (!values.empty() && std::all_of(values.begin(), values.end(), same)) {
    out.u8(kConstant);
    out.u64(std::bit_cast<uint64_t>(values.front()));
    return;
  }
  Decimals decimals;
  for (size_t exponent = 0; exponent < kPowers.size(); ++exponent) {
    if (scale(values, exponent, decimals)) return write_decimals(decimals, values, out);
  }
  write_xor(values, out);
}

void decode_sealed_values(ByteReader& in, size_t count, std::vector<double>& out) {
  switch (in.u8()) {
    case kConstant: {
      const uint64_t bits = in.u64();
      if (in.ok()) out.resize(out.size() + count, std::bit_cast<double>(bits));
      return;
    }
    case kDecimal:
      return read_decimals(in, false, count, out);
    case kDecimalRate:
      return read_decimals(in, true, count, out);
    case kXor:
      return read_xor(in, count, out);
    default:
      return in.fail();
  }
}

void encode_sealed_times(std::span<const int64_t> times, ByteWriter& out) {
  const bool millis = std::all_of(times.begin(), times.end(), [](int64_t time) { return time % kMillisecond == 0; });
  const int64_t unit = millis ? kMillisecond : 1;
  out.u8(millis ? 1 : 0);
  out.varint(times.size());
  int64_t last = 0, last_delta = 0;
  for (const int64_t time : times) {
    const int64_t delta = wrapping_sub(time / unit, last);
    out.svarint(wrapping_sub(delta, last_delta));
    last = time / unit, last_delta = delta;
  }
}

void decode_sealed_times(ByteReader& in, std::vector<int64_t>& out) {
  const uint8_t millis = in.u8();
  const uint64_t count = in.count(1);
  if (millis > 1) return in.fail();
  int64_t last = 0, last_delta = 0;
  for (uint64_t i = 0; i < count; ++i) {
    last_delta = wrapping_add(last_delta, in.svarint());
    last = wrapping_add(last, last_delta);
    int64_t time = 0;
    if (__builtin_mul_overflow(last, millis == 1 ? kMillisecond : int64_t{1}, &time)) return in.fail();
    out.push_back(time);
  }
}

}  // namespace tarsier::samples
