#include "plugins/collect/scrape/histogram_limits.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tarsier::scrape {
namespace {

/// Buckets of one sign with 2^shift of them in one, and without those that are empty.
void coarsen(std::vector<BucketSpan>& spans, std::vector<double>& buckets, int32_t shift) {
  std::vector<BucketSpan> made_spans;
  std::vector<double> made;
  int64_t index = 0, last = 0;
  size_t next = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++index) {
      const double count = buckets[next++];
      if (count == 0) continue;
      const int64_t target = ((index - 1) >> shift) + 1;
      if (made_spans.empty()) {
        made_spans.push_back({static_cast<int32_t>(target), 1});
      } else if (target == last) {
        made.back() += count;
        continue;
      } else if (target == last + 1) {
        ++made_spans.back().length;
      } else {
        made_spans.push_back({static_cast<int32_t>(target - last - 1), 1});
      }
      made.push_back(count);
      last = target;
    }
  }
  spans = std::move(made_spans);
  buckets = std::move(made);
}

void coarsen(NativeHistogram& histogram, int32_t schema) {
  const int32_t shift = histogram.schema - schema;
  coarsen(histogram.positive_spans, histogram.positive_buckets, shift);
  coarsen(histogram.negative_spans, histogram.negative_buckets, shift);
  histogram.schema = schema;
}

size_t buckets_of(const NativeHistogram& histogram) noexcept {
  return histogram.positive_buckets.size() + histogram.negative_buckets.size();
}

}  // namespace

int32_t schema_of_factor(double factor) noexcept {
  if (!(factor > 1)) return HistogramLimits::kFinest;
  const double schema = std::floor(-std::log2(std::log2(factor)));
  return static_cast<int32_t>(std::clamp<double>(schema, HistogramLimits::kCoarsest, HistogramLimits::kFinest));
}

bool fit(NativeHistogram& histogram, const HistogramLimits& limits) {
  const bool too_many = limits.buckets != 0 && buckets_of(histogram) > limits.buckets;
  if (histogram.schema == NativeHistogram::kCustomBuckets) return !too_many;
  if (too_many || histogram.schema > limits.schema) coarsen(histogram, std::min(histogram.schema, limits.schema));
  while (limits.buckets != 0 && buckets_of(histogram) > limits.buckets) {
    if (histogram.schema <= HistogramLimits::kCoarsest) return false;
    coarsen(histogram, histogram.schema - 1);
  }
  return true;
}

}  // namespace tarsier::scrape
