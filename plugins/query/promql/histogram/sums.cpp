#include "plugins/query/promql/histogram/sums.hpp"

#include "plugins/query/promql/histogram/merge.hpp"

namespace tarsier::promql {
namespace {

using Compensated = BasicHistogram<KahanSum>;

/// Calls `f` for every number of a histogram.
template <class F>
void each_number(Compensated& histogram, F f) {
  for (KahanSum* number : {&histogram.zero_count, &histogram.count, &histogram.sum}) f(*number);
  for (auto* side : {&histogram.positive, &histogram.negative})
    for (auto& bucket : *side) f(bucket.count);
}

bool overflows(Compensated& histogram) {
  bool found = false;
  each_number(histogram, [&](const KahanSum& number) { found = found || std::isinf(number.sum); });
  return found;
}

void multiply(Compensated& histogram, double factor) {
  each_number(histogram, [&](KahanSum& number) { number = {number.sum * factor, number.c * factor}; });
}

void divide(Compensated& histogram, double divisor) {
  each_number(histogram, [&](KahanSum& number) { number = {number.sum / divisor, number.c / divisor}; });
}

Compensated compensated(const FloatHistogram& histogram) {
  Compensated out;
  out.schema = histogram.schema;
  out.counter_reset = histogram.counter_reset;
  out.zero_threshold = histogram.zero_threshold;
  out.zero_count.sum = histogram.zero_count;
  out.count.sum = histogram.count;
  out.sum.sum = histogram.sum;
  for (const auto& bucket : histogram.positive) out.positive.push_back({bucket.index, {bucket.count, 0}});
  for (const auto& bucket : histogram.negative) out.negative.push_back({bucket.index, {bucket.count, 0}});
  out.bounds = histogram.bounds;
  return out;
}

FloatHistogram plain(const Compensated& histogram) {
  FloatHistogram out;
  out.schema = histogram.schema;
  out.counter_reset = histogram.counter_reset;
  out.zero_threshold = histogram.zero_threshold;
  out.zero_count = histogram.zero_count.value();
  out.count = histogram.count.value();
  out.sum = histogram.sum.value();
  for (const auto& bucket : histogram.positive) out.positive.push_back({bucket.index, bucket.count.value()});
  for (const auto& bucket : histogram.negative) out.negative.push_back({bucket.index, bucket.count.value()});
  out.bounds = histogram.bounds;
  compact(out);
  return out;
}

}  // namespace

bool HistogramAccumulator::put(Compensated& to, const FloatHistogram& histogram) {
  hints_.add(histogram.counter_reset);
  if (count_ == 0) {
    to = compensated(histogram);
    return true;
  }
  const auto notes = merging::merge(to, histogram, 1);
  if (!notes) return false;
  reconciled_ = reconciled_ || notes->reconciled;
  return true;
}

bool HistogramSum::add(const FloatHistogram& histogram) {
  if (!put(total_, histogram)) return false;
  count_ += 1;
  return true;
}

FloatHistogram HistogramSum::value() const { return plain(total_); }

bool HistogramMean::add(const FloatHistogram& histogram) {
  if (!incremental_) {
    Compensated next = total_;
    if (!put(next, histogram)) return false;
    if (count_ == 0 || !overflows(next)) {
      count_ += 1;
      total_ = std::move(next);
      return true;
    }
    incremental_ = true;
    divide(total_, count_);
  }
  count_ += 1;
  multiply(total_, (count_ - 1) / count_);
  FloatHistogram share = histogram;
  promql::divide(share, count_);
  return put(total_, share);
}

FloatHistogram HistogramMean::value() const {
  if (incremental_) return plain(total_);
  Compensated mean = total_;
  divide(mean, count_);
  return plain(mean);
}

}  // namespace tarsier::promql
