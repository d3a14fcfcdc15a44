#include "plugins/collect/otlp_receiver/native_histogram.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace tarsier::otlp {
namespace {

constexpr int32_t kMinSchema = -4;
constexpr int32_t kMaxSchema = 8;
constexpr double kZeroThreshold = 1e-128;
constexpr int64_t kLongestGap = 2;  // empty buckets that are written rather than begin another span

/// Puts counts at their buckets into spans; indices ascend.
class SpanWriter {
 public:
  SpanWriter(std::vector<BucketSpan>& spans, std::vector<double>& buckets) : spans_(spans), buckets_(buckets) {}

  Result<void> add(int64_t index, double count) {
    if (index < std::numeric_limits<int32_t>::min() || index > std::numeric_limits<int32_t>::max())
      return Error::invalid("histogram: a bucket " + std::to_string(index));
    const int64_t gap = index - next_;
    if (spans_.empty() || gap > kLongestGap) {
      spans_.push_back({static_cast<int32_t>(gap), 0});
    } else {
      for (int64_t i = 0; i < gap; ++i) put(0);
    }
    put(count);
    next_ = index + 1;
    return {};
  }

 private:
  void put(double count) {
    ++spans_.back().length;
    buckets_.push_back(count);
  }
  std::vector<BucketSpan>& spans_;
  std::vector<double>& buckets_;
  int64_t next_ = 0;
};

/// `coarser`: how often two buckets become one. Bucket 0 ends at 1 here and begins there in OpenTelemetry.
Result<void> put(const Buckets& from, int32_t coarser, std::vector<BucketSpan>& spans, std::vector<double>& buckets) {
  SpanWriter writer(spans, buckets);
  double together = 0;
  for (size_t i = 0; i < from.counts.size(); ++i) {
    const int64_t at = int64_t{from.offset} + static_cast<int64_t>(i);
    together += static_cast<double>(from.counts[i]);
    const bool last = i + 1 == from.counts.size() || ((at + 1) >> coarser) != (at >> coarser);
    if (!last) continue;
    if (together > 0)
      if (auto added = writer.add((at >> coarser) + 1, together); !added) return added;
    together = 0;
  }
  return {};
}

Result<NativeHistogram> finished(NativeHistogram histogram, const Point& point) {
  if (point.no_value) {
    histogram.clear();
    histogram.sum = std::bit_cast<double>(uint64_t{TARSIER_STALE_NAN_BITS});
    return histogram;
  }
  histogram.count = static_cast<double>(point.count);
  histogram.sum = point.sum.value_or(0);
  if (auto checked = check_histogram(histogram); !checked) return std::move(checked).error();
  return histogram;
}

}  // namespace

Result<NativeHistogram> exponential_to_native(const Point& point) {
  if (point.scale < kMinSchema)
    return Error::invalid("a histogram of scale " + std::to_string(point.scale) + ", at least -4 can be stored");
  NativeHistogram histogram;
  histogram.schema = std::min(point.scale, kMaxSchema);
  const int32_t coarser = std::min(point.scale - histogram.schema, 62);
  histogram.zero_threshold = kZeroThreshold;
  histogram.zero_count = static_cast<double>(point.zero_count);
  if (auto done = put(point.positive, coarser, histogram.positive_spans, histogram.positive_buckets); !done)
    return std::move(done).error();
  if (auto done = put(point.negative, coarser, histogram.negative_spans, histogram.negative_buckets); !done)
    return std::move(done).error();
  return finished(std::move(histogram), point);
}

Result<NativeHistogram> custom_to_native(const Point& point) {
  NativeHistogram histogram;
  histogram.schema = NativeHistogram::kCustomBuckets;
  histogram.custom_bounds = point.bounds;
  SpanWriter writer(histogram.positive_spans, histogram.positive_buckets);
  for (size_t i = 0; i < point.bucket_counts.size(); ++i) {
    if (point.bucket_counts[i] == 0) continue;
    if (auto added = writer.add(static_cast<int64_t>(i), static_cast<double>(point.bucket_counts[i])); !added)
      return std::move(added).error();
  }
  return finished(std::move(histogram), point);
}

}  // namespace tarsier::otlp
