#include "plugins/query/promql/histogram/text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/histogram/bounds.hpp"

namespace tarsier::promql {
namespace {

constexpr int kLeastPlainExponent = -4;
constexpr int kLeastLargeExponent = 6;

std::string write_range(const BucketRange& range) {
  return (range.lower_inclusive ? "[" : "(") + write_general(range.lower) + "," + write_general(range.upper) +
         (range.upper_inclusive ? "]:" : "):") + write_general(range.count);
}

}  // namespace

std::string write_general(double value) {
  if (!std::isfinite(value)) return write_number(value);
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  std::string text(buffer.data(), end.ptr);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  return exponent < kLeastPlainExponent || exponent >= kLeastLargeExponent ? text : write_number(value);
}

std::string write_openmetrics(double value) {
  std::string text = write_general(value);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string write_histogram(const FloatHistogram& histogram) {
  std::string out = "{count:" + write_general(histogram.count) + ", sum:" + write_general(histogram.sum);
  const auto put = [&](const BucketRange& range) {
    if (range.count != 0) out += ", " + write_range(range);
  };
  for (auto bucket = histogram.negative.rbegin(); bucket != histogram.negative.rend(); ++bucket)
    put(negative_range(histogram, *bucket));
  put(zero_range(histogram));
  for (const auto& bucket : histogram.positive) put(positive_range(histogram, bucket));
  return out + "}";
}

}  // namespace tarsier::promql
