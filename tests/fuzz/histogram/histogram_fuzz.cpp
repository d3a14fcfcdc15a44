// Any bytes as an encoded histogram: refused, or a histogram that is checked without harm and is the same when encoded and read
// again.
#include <cstdlib>

#include "tarsier/histogram.hpp"

namespace {

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (std::bit_cast<uint64_t>(a[i]) != std::bit_cast<uint64_t>(b[i])) return false;
  return true;
}

bool same(const tarsier::NativeHistogram& a, const tarsier::NativeHistogram& b) {
  return a.schema == b.schema && a.counter_reset == b.counter_reset && a.is_float == b.is_float &&
         same({a.zero_threshold, a.zero_count, a.count, a.sum}, {b.zero_threshold, b.zero_count, b.count, b.sum}) &&
         a.positive_spans == b.positive_spans && a.negative_spans == b.negative_spans &&
         same(a.positive_buckets, b.positive_buckets) && same(a.negative_buckets, b.negative_buckets) &&
         same(a.custom_bounds, b.custom_bounds);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> bytes(data, data + size);  // of exactly this size, so that a read beyond is seen
  tarsier::NativeHistogram histogram;
  if (!tarsier::decode_histogram(bytes, histogram)) return 0;
  (void)tarsier::check_histogram(histogram).ok();
  std::vector<uint8_t> again;
  tarsier::encode_histogram(histogram, again);
  tarsier::NativeHistogram read;
  if (!tarsier::decode_histogram(again, read) || !same(histogram, read)) std::abort();
  return 0;
}
