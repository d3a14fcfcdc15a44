// Range functions over windows with native histograms in them, or with start timestamps.
#pragma once

#include <span>

#include "plugins/lib/promql/ast.hpp"
#include "plugins/query/promql/exec/histogram_notes.hpp"
#include "plugins/query/promql/exec/mixed_series.hpp"

namespace tarsier::promql {

/// What one window makes: a number, a histogram or nothing.
struct MixedResult {
  double value = kNothing;
  HistogramRef histogram;
};

/// The samples of one window, (start, end], at least one.
struct MixedWindow {
  std::span<const MixedSample> samples;
  size_t numbers;  // how many of them are plain numbers
  int64_t start_ns;
  int64_t end_ns;

  bool numbers_only() const noexcept { return numbers == samples.size(); }
  bool histograms_only() const noexcept { return numbers == 0; }
};

/// The kind of a difference over a window.
struct RateKind {
  bool counter;     // looks for resets
  bool per_second;  // divided by the time that it took
};

/// rate(), increase(), delta(): the difference over the window, extrapolated to its borders.
MixedResult extrapolated_difference(const MixedWindow& window, RateKind kind, const Labels& labels, const HistogramNotes& notes);
/// The difference from the first sample to the last, which stand for the borders of the window.
MixedResult sampled_difference(const MixedWindow& window, RateKind kind, const Labels& labels, const HistogramNotes& notes);
/// irate(), idelta(): of the last two samples.
MixedResult last_difference(const MixedWindow& window, RateKind kind, const Labels& labels, const HistogramNotes& notes);

class MixedWindows {
 public:
  MixedWindows(QueryContext& context, const CallNode& call, const WindowKernel& kernel, const KernelArguments& arguments,
               const WindowPlan& plan, RangeMode mode = RangeMode::kPlain)
      : context_(context),
        function_(call.function->id),
        kernel_(kernel),
        arguments_(arguments),
        plan_(plan),
        mode_(mode),
        notes_(context, call.arguments[0]->position) {}

  /// Fills the columns of `out`, which has its labels; returns whether any step has a result. Ends early, with false, when the
  /// query is stopped.
  bool run(MixedSeries series, Series& out) const;

 private:
  MixedResult difference(const MixedWindow& window, RateKind kind, const Labels& labels) const;
  MixedResult evaluate(const MixedWindow& window, const Labels& labels) const;
  MixedResult of_numbers(const Window& window, bool histograms, const StepArguments& arguments, const Labels& labels) const;

  QueryContext& context_;
  const FunctionId function_;
  const WindowKernel& kernel_;
  const KernelArguments& arguments_;
  const WindowPlan& plan_;
  const RangeMode mode_;
  const HistogramNotes notes_;
};

/// Functions that know what to do with histograms; the others leave them out.
bool takes_histograms(FunctionId function);
/// Functions of counters: they look for resets, and at start timestamps.
bool looks_for_resets(FunctionId function);

}  // namespace tarsier::promql
