// Anchored and smoothed ranges and selectors over native histograms, or over numbers whose start timestamps count: samples are
// drawn on the borders of a window, and what is between them is a difference like any other. For plain numbers: bordered_windows.
#pragma once

#include "plugins/query/promql/exec/mixed_windows.hpp"

namespace tarsier::promql {

/// rate(), increase(), delta() from border to border. `window`: from its anchor on, as far as its borders may look; of one type.
MixedResult bordered_difference(const MixedWindow& window, RangeMode mode, RateKind kind, const Labels& labels,
                                const HistogramNotes& notes);

/// A smoothed instant selector: fills the columns of `out`, which has its labels; returns whether any step has a result.
bool smooth_mixed(const WindowPlan& plan, MixedSeries series, const HistogramNotes& notes, Series& out);

}  // namespace tarsier::promql
