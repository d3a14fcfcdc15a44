// tarsier/histogram.hpp - native histograms and their one encoding in batches, journals and partitions (docs/formats/histogram.md).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "abi/batch.h"
#include "result.hpp"
#include "varint.hpp"

namespace tarsier {

enum class CounterReset : uint8_t { unknown = 0, yes = 1, no = 2, gauge = 3 };

/// `length` buckets one behind the other; the first is `offset` buckets behind the end of the span before (of the first span:
/// behind bucket 0).
struct BucketSpan {
  int32_t offset = 0;
  uint32_t length = 0;
  bool operator==(const BucketSpan&) const = default;
};

/// One native histogram, as Prometheus has it. Counts are absolute, not deltas, and doubles in both flavours.
struct NativeHistogram {
  static constexpr int32_t kCustomBuckets = -53;  ///< schema of histograms with bounds of their own

  int32_t schema = 0;  ///< -4 .. 8: bucket i ends at 2^(i * 2^-schema); or kCustomBuckets
  CounterReset counter_reset = CounterReset::unknown;
  bool is_float = false;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;  ///< kept bit for bit: the staleness marker is one of its NaNs
  std::vector<BucketSpan> positive_spans, negative_spans;
  std::vector<double> positive_buckets, negative_buckets;
  std::vector<double> custom_bounds;  ///< upper bounds, ascending, without +Inf; bucket i has bound i

  bool is_stale() const noexcept { return std::bit_cast<uint64_t>(sum) == TARSIER_STALE_NAN_BITS; }
  void clear() {
    positive_spans.clear(), negative_spans.clear(), positive_buckets.clear(), negative_buckets.clear(), custom_bounds.clear();
    schema = 0, counter_reset = CounterReset::unknown, is_float = false;
    zero_threshold = zero_count = count = sum = 0;
  }
};

inline constexpr size_t kMaxHistogramSpans = 4096;     // of one sign
inline constexpr size_t kMaxHistogramBuckets = 16384;  // of one sign; custom bounds, too

namespace detail {

inline constexpr double kMaxExactCount = 9007199254740992;  // 2^53: to here every integer is a double
inline constexpr int kZeroThresholdBias = 243;              // of a threshold that is a power of two, in one byte

// The first byte.
inline constexpr unsigned kResetMask = 3;
inline constexpr unsigned kFloat = 1U << 2;
inline constexpr unsigned kBits = 1U << 3;  // counts as bits, because not all of them are integers up to 2^53
inline constexpr unsigned kNegative = 1U << 4;
inline constexpr unsigned kCustom = 1U << 5;
inline constexpr unsigned kReservedMask = 3U << 6;

inline bool is_exact(double count) noexcept {
  return !std::signbit(count) && count <= kMaxExactCount && std::floor(count) == count;
}

/// The bytes of a double the other way round as a varint: short, because most doubles end with zeros.
inline void append_reversed(std::vector<uint8_t>& out, double value) {
  append_varint(out, __builtin_bswap64(std::bit_cast<uint64_t>(value)));
}
inline void append_raw(std::vector<uint8_t>& out, double value) {
  const size_t at = out.size();
  out.resize(at + sizeof(value));
  std::memcpy(out.data() + at, &value, sizeof(value));
}

inline void append_zero_threshold(std::vector<uint8_t>& out, double threshold) {
  int exponent = 0;
  const double fraction = std::frexp(threshold, &exponent);
  const int power = exponent - 1 + kZeroThresholdBias;
  if (std::bit_cast<uint64_t>(threshold) == 0) {
    out.push_back(0);
  } else if (fraction == 0.5 && power >= 1 && power <= 254) {
    out.push_back(static_cast<uint8_t>(power));
  } else {
    out.push_back(255);
    append_raw(out, threshold);
  }
}

inline void append_buckets(std::vector<uint8_t>& out, const std::vector<BucketSpan>& spans, const std::vector<double>& buckets,
                           bool bits) {
  append_varint(out, spans.size());
  for (const BucketSpan& span : spans) {
    append_varint(out, zigzag(span.offset));
    append_varint(out, span.length);
  }
  int64_t before = 0;
  for (const double count : buckets) {
    if (bits) {
      append_reversed(out, count);
      continue;
    }
    const auto now = static_cast<int64_t>(count);
    append_varint(out, zigzag(now - before));
    before = now;
  }
}

/// Reads one part after the other; after a failure every further part is zero.
class HistogramReader {
 public:
  explicit HistogramReader(std::span<const uint8_t> data) noexcept : at_(data.data()), end_(data.data() + data.size()) {}

  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return at_ == end_; }
  uint8_t byte() noexcept { return need(1) ? *at_++ : uint8_t{0}; }
  uint64_t varint() noexcept {
    uint64_t value = 0;
    if (failed_ || !read_varint(at_, end_, value)) return fail(), 0;
    return value;
  }
  size_t size(size_t most) noexcept {
    const uint64_t value = varint();
    if (value > most) return fail(), 0;
    return static_cast<size_t>(value);
  }
  double raw() noexcept {
    double value = 0;
    if (!need(sizeof(value))) return 0;
    std::memcpy(&value, at_, sizeof(value));
    at_ += sizeof(value);
    return value;
  }
  double reversed() noexcept { return std::bit_cast<double>(__builtin_bswap64(varint())); }
  double count(bool bits) noexcept {
    if (bits) return reversed();
    const uint64_t value = varint();
    if (value > static_cast<uint64_t>(kMaxExactCount)) return fail(), 0;
    return static_cast<double>(value);
  }
  double zero_threshold() noexcept {
    const uint8_t power = byte();
    if (power == 255) return raw();
    return power == 0 ? 0 : std::ldexp(1.0, power - kZeroThresholdBias);
  }
  void buckets(std::vector<BucketSpan>& spans, std::vector<double>& counts, bool bits) {
    uint64_t total = 0;
    for (size_t left = size(kMaxHistogramSpans); left > 0 && !failed_; --left) {
      const int64_t offset = unzigzag(varint());
      const uint64_t length = varint();
      total += length;
      if (offset < INT32_MIN || offset > INT32_MAX || length > kMaxHistogramBuckets || total > kMaxHistogramBuckets) return fail();
      spans.push_back({static_cast<int32_t>(offset), static_cast<uint32_t>(length)});
    }
    if (total > static_cast<uint64_t>(end_ - at_)) return fail();  // each takes a byte at least
    int64_t now = 0;
    for (; total > 0 && !failed_; --total) {
      if (bits) {
        counts.push_back(reversed());
        continue;
      }
      const int64_t delta = unzigzag(varint());
      constexpr auto kMost = static_cast<int64_t>(kMaxExactCount);
      if (delta > kMost || delta < -kMost || now + delta < 0 || now + delta > kMost) return fail();
      counts.push_back(static_cast<double>(now += delta));
    }
  }
  void bounds(std::vector<double>& bounds) {
    size_t left = size(kMaxHistogramBuckets);
    if (left > static_cast<size_t>(end_ - at_)) return fail();
    for (; left > 0 && !failed_; --left) bounds.push_back(reversed());
  }

 private:
  bool need(size_t bytes) noexcept {
    if (failed_ || static_cast<size_t>(end_ - at_) < bytes) return fail(), false;
    return true;
  }
  void fail() noexcept { failed_ = true; }
  const uint8_t* at_;
  const uint8_t* end_;
  bool failed_ = false;
};

/// Spans and counts of one sign fit one another; adds the counts to `total`.
inline Result<void> check_buckets(const char* sign, const std::vector<BucketSpan>& spans, const std::vector<double>& buckets,
                                  int64_t index_limit, double& total) {
  const auto bad = [sign](const std::string& what) {
    return Error::invalid(std::string("histogram: ") + sign + " buckets: " + what);
  };
  if (spans.size() > kMaxHistogramSpans || buckets.size() > kMaxHistogramBuckets)
    return bad(std::to_string(spans.size()) + " spans and " + std::to_string(buckets.size()) + " counts are too many");
  uint64_t length = 0;
  int64_t index = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    if (i > 0 && spans[i].offset < 0) return bad("span " + std::to_string(i + 1) + " has a negative offset");
    length += spans[i].length;
    index += int64_t{spans[i].offset} + spans[i].length;
    if (index > index_limit) return bad("span " + std::to_string(i + 1) + " ends behind bucket " + std::to_string(index_limit));
  }
  if (length != buckets.size())
    return bad("spans for " + std::to_string(length) + " buckets, but " + std::to_string(buckets.size()) + " counts");
  for (const double count : buckets) {
    if (!(count >= 0)) return bad("a count of " + std::to_string(count));
    total += count;
  }
  return {};
}

inline Result<void> check_custom(const NativeHistogram& histogram) {
  if (histogram.custom_bounds.size() > kMaxHistogramBuckets) return Error::invalid("histogram: too many custom bounds");
  if (histogram.zero_count != 0 || histogram.zero_threshold != 0 || !histogram.negative_spans.empty() ||
      !histogram.negative_buckets.empty())
    return Error::invalid("histogram: custom buckets together with a zero bucket or negative buckets");
  double before = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < histogram.custom_bounds.size(); ++i) {
    const double bound = histogram.custom_bounds[i];
    if (!(bound > before || (i == 0 && bound == before)) || bound == std::numeric_limits<double>::infinity())
      return Error::invalid("histogram: custom bound " + std::to_string(i + 1) + " does not ascend, or is +Inf");
    before = bound;
  }
  if (!histogram.positive_spans.empty() && histogram.positive_spans.front().offset < 0)
    return Error::invalid("histogram: a custom bucket before the first");
  return {};
}

}  // namespace detail

/// [any] Whether the parts make a histogram: known schema, spans that fit the counts, no negative counts, an integer histogram's
/// count the sum of its buckets (or more, when the sum is NaN). INVALID says what is wrong.
inline Result<void> check_histogram(const NativeHistogram& histogram) {
  const bool custom = histogram.schema == NativeHistogram::kCustomBuckets;
  if (!custom && (histogram.schema < -4 || histogram.schema > 8))
    return Error::invalid("histogram: schema " + std::to_string(histogram.schema) +
                          ", expected -4 to 8, or -53 for custom buckets");
  if (!custom && !histogram.custom_bounds.empty())
    return Error::invalid("histogram: custom bounds with schema " + std::to_string(histogram.schema));
  if (custom)
    if (auto checked = detail::check_custom(histogram); !checked) return checked;
  if (!(histogram.count >= 0) || !(histogram.zero_count >= 0) || !(histogram.zero_threshold >= 0))
    return Error::invalid("histogram: count, zero count or zero threshold is negative or NaN");
  double total = histogram.zero_count;
  const int64_t limit = custom ? static_cast<int64_t>(histogram.custom_bounds.size()) + 1 : INT32_MAX;
  if (auto checked = detail::check_buckets("positive", histogram.positive_spans, histogram.positive_buckets, limit, total);
      !checked)
    return checked;
  if (auto checked = detail::check_buckets("negative", histogram.negative_spans, histogram.negative_buckets, limit, total);
      !checked)
    return checked;
  const bool agrees = std::isnan(histogram.sum) ? total <= histogram.count : total == histogram.count;
  if (!histogram.is_float && !agrees)
    return Error::invalid("histogram: its buckets count " + std::to_string(total) + ", its count is " +
                          std::to_string(histogram.count));
  return {};
}

/// [any] Appends the encoding. The histogram is one that check_histogram() accepts, or a stale one. Never empty.
inline void encode_histogram(const NativeHistogram& histogram, std::vector<uint8_t>& out) {
  bool bits = !detail::is_exact(histogram.count) || !detail::is_exact(histogram.zero_count);
  for (const double count : histogram.positive_buckets) bits = bits || !detail::is_exact(count);
  for (const double count : histogram.negative_buckets) bits = bits || !detail::is_exact(count);
  const bool negative = !histogram.negative_spans.empty();
  const bool custom = !histogram.custom_bounds.empty();
  out.push_back(static_cast<uint8_t>(static_cast<unsigned>(histogram.counter_reset) | (histogram.is_float ? detail::kFloat : 0U) |
                                     (bits ? detail::kBits : 0U) | (negative ? detail::kNegative : 0U) |
                                     (custom ? detail::kCustom : 0U)));
  append_varint(out, zigzag(histogram.schema));
  detail::append_zero_threshold(out, histogram.zero_threshold);
  for (const double count : {histogram.zero_count, histogram.count}) {
    if (bits) {
      detail::append_reversed(out, count);
    } else {
      append_varint(out, static_cast<uint64_t>(count));
    }
  }
  detail::append_raw(out, histogram.sum);
  detail::append_buckets(out, histogram.positive_spans, histogram.positive_buckets, bits);
  if (negative) detail::append_buckets(out, histogram.negative_spans, histogram.negative_buckets, bits);
  if (!custom) return;
  append_varint(out, histogram.custom_bounds.size());
  for (const double bound : histogram.custom_bounds) detail::append_reversed(out, bound);
}

/// [any] Replaces `histogram`. INVALID for bytes that encode_histogram() does not write: cut off, too long, beyond the limits, of a
/// later version; `histogram` is then unspecified. Allocates only when vectors have to grow, and little for any bytes.
inline Result<void> decode_histogram(std::span<const uint8_t> encoded, NativeHistogram& histogram) {
  histogram.clear();
  detail::HistogramReader reader(encoded);
  const uint8_t flags = reader.byte();
  if ((flags & detail::kReservedMask) != 0) return Error::invalid("histogram: an encoding that is not known");
  const bool bits = (flags & detail::kBits) != 0;
  histogram.counter_reset = static_cast<CounterReset>(flags & detail::kResetMask);
  histogram.is_float = (flags & detail::kFloat) != 0;
  const int64_t schema = unzigzag(reader.varint());
  if (schema < INT8_MIN || schema > INT8_MAX) return Error::invalid("histogram: schema " + std::to_string(schema));
  histogram.schema = static_cast<int32_t>(schema);
  histogram.zero_threshold = reader.zero_threshold();
  histogram.zero_count = reader.count(bits);
  histogram.count = reader.count(bits);
  histogram.sum = reader.raw();
  reader.buckets(histogram.positive_spans, histogram.positive_buckets, bits);
  if ((flags & detail::kNegative) != 0) reader.buckets(histogram.negative_spans, histogram.negative_buckets, bits);
  if ((flags & detail::kCustom) != 0) reader.bounds(histogram.custom_bounds);
  if (reader.failed() || !reader.at_end())
    return Error::invalid("histogram: malformed encoding of " + std::to_string(encoded.size()) + " bytes");
  return {};
}

}  // namespace tarsier
