#include "plugins/query/promql/histogram/float_histogram.hpp"

#include <bit>

#include "plugins/query/promql/histogram/merge.hpp"

namespace tarsier::promql {
namespace {

BucketCounts list_of(const std::vector<BucketSpan>& spans, const std::vector<double>& counts) {
  BucketCounts list;
  list.reserve(counts.size());
  int32_t index = 0;
  size_t next = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next < counts.size(); ++i) list.push_back({index++, counts[next++]});
  }
  return list;
}

void to_spans(const BucketCounts& list, std::vector<BucketSpan>& spans, std::vector<double>& counts) {
  int32_t next = 0;
  for (const auto& bucket : list) {
    if (spans.empty() || bucket.index != next) spans.push_back({bucket.index - next, 0});
    ++spans.back().length;
    counts.push_back(bucket.count);
    next = bucket.index + 1;
  }
}

bool same_bits(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

bool identical(const BucketCounts& a, const BucketCounts& b) {
  auto left = a.begin();
  auto right = b.begin();
  for (;;) {
    while (left != a.end() && left->count == 0) ++left;
    while (right != b.end() && right->count == 0) ++right;
    if (left == a.end() || right == b.end()) return left == a.end() && right == b.end();
    if (left->index != right->index || !same_bits(left->count, right->count)) return false;
    ++left, ++right;
  }
}

}  // namespace

FloatHistogram from_native(const NativeHistogram& native) {
  FloatHistogram out;
  out.schema = native.schema;
  out.counter_reset = native.counter_reset;
  out.zero_threshold = native.zero_threshold;
  out.zero_count = native.zero_count;
  out.count = native.count;
  out.sum = native.sum;
  out.positive = list_of(native.positive_spans, native.positive_buckets);
  out.negative = list_of(native.negative_spans, native.negative_buckets);
  out.bounds = native.custom_bounds;
  return out;
}

NativeHistogram to_native(const FloatHistogram& histogram) {
  NativeHistogram out;
  out.schema = histogram.schema;
  out.counter_reset = histogram.counter_reset;
  out.is_float = true;
  out.zero_threshold = histogram.zero_threshold;
  out.zero_count = histogram.zero_count;
  out.count = histogram.count;
  out.sum = histogram.sum;
  to_spans(histogram.positive, out.positive_spans, out.positive_buckets);
  to_spans(histogram.negative, out.negative_spans, out.negative_buckets);
  out.custom_bounds = histogram.bounds;
  return out;
}

std::optional<MergeNotes> add(FloatHistogram& to, const FloatHistogram& other) { return merging::merge(to, other, 1); }
std::optional<MergeNotes> subtract(FloatHistogram& from, const FloatHistogram& other) { return merging::merge(from, other, -1); }

void multiply(FloatHistogram& histogram, double factor) {
  for (double* number : {&histogram.zero_count, &histogram.count, &histogram.sum}) *number *= factor;
  for (BucketCounts* side : {&histogram.positive, &histogram.negative})
    for (auto& bucket : *side) bucket.count *= factor;
  if (factor < 0) histogram.counter_reset = CounterReset::gauge;
}

void divide(FloatHistogram& histogram, double divisor) {
  for (double* number : {&histogram.zero_count, &histogram.count, &histogram.sum}) *number /= divisor;
  for (BucketCounts* side : {&histogram.positive, &histogram.negative}) {
    if (divisor == 0) side->clear();
    for (auto& bucket : *side) bucket.count /= divisor;
  }
  if (divisor < 0) histogram.counter_reset = CounterReset::gauge;
}

void compact(FloatHistogram& histogram) {
  merging::drop_empty(histogram.positive);
  merging::drop_empty(histogram.negative);
}

void reduce_resolution(FloatHistogram& histogram, int32_t schema) { merging::coarsen(histogram, schema); }

bool identical(const FloatHistogram& a, const FloatHistogram& b) {
  return a.schema == b.schema && same_bits(a.count, b.count) && same_bits(a.sum, b.sum) && a.bounds == b.bounds &&
         a.zero_threshold == b.zero_threshold && same_bits(a.zero_count, b.zero_count) && identical(a.negative, b.negative) &&
         identical(a.positive, b.positive);
}

uint64_t samples_of(const FloatHistogram& histogram) noexcept {
  constexpr uint64_t kBytesOfSample = sizeof(int64_t) + sizeof(double);
  const uint64_t bytes = sizeof(FloatHistogram) + histogram.bounds.size() * sizeof(double) +
                         (histogram.positive.size() + histogram.negative.size()) * sizeof(IndexedCount<double>);
  return (bytes + sizeof(int64_t)) / kBytesOfSample;
}

}  // namespace tarsier::promql
