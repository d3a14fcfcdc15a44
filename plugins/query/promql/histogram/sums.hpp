// Sums and means of many histograms that keep what rounding loses, number by number.
#pragma once

#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/histogram/float_histogram.hpp"

namespace tarsier::promql {

/// Which hints were seen while histograms were taken together.
class HintsSeen {
 public:
  void add(CounterReset hint) {
    reset_ = reset_ || hint == CounterReset::yes;
    no_reset_ = no_reset_ || hint == CounterReset::no;
  }
  /// Some say that the counter was reset, others that it was not.
  bool conflict() const noexcept { return reset_ && no_reset_; }

 private:
  bool reset_ = false, no_reset_ = false;
};

/// What sums and means share: how they take histograms in.
class HistogramAccumulator {
 public:
  bool any() const noexcept { return count_ > 0; }
  bool conflict() const noexcept { return hints_.conflict(); }
  bool reconciled() const noexcept { return reconciled_; }

 protected:
  using Compensated = BasicHistogram<KahanSum>;
  /// False: custom and exponential buckets do not go together.
  bool put(Compensated& to, const FloatHistogram& histogram);

  Compensated total_;
  double count_ = 0;
  HintsSeen hints_;
  bool reconciled_ = false;
};

class HistogramSum : public HistogramAccumulator {
 public:
  /// False: custom and exponential buckets do not go together.
  [[nodiscard]] bool add(const FloatHistogram& histogram);
  /// Without empty buckets.
  FloatHistogram value() const;
};

/// By a sum, and by increments once the sum would overflow.
class HistogramMean : public HistogramAccumulator {
 public:
  /// False: custom and exponential buckets do not go together.
  [[nodiscard]] bool add(const FloatHistogram& histogram);
  /// Without empty buckets.
  FloatHistogram value() const;

 private:
  bool incremental_ = false;
};

}  // namespace tarsier::promql
