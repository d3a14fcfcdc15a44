// Native histograms as scripts write them: {{schema:0 sum:5 count:4 buckets:[1 2 1]}}, alone, repeated, or growing.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "plugins/query/promql/histogram/float_histogram.hpp"
#include "tarsier/result.hpp"

namespace tarsier::test {

/// A number, or a histogram.
struct ScriptSample {
  double value = 0;
  promql::HistogramRef histogram;
  bool hint_given = false;  // the script says what the hint of counter resets is to be
};

/// Takes one item off the front of `text`, which begins with "{{", and appends what it stands for: {{..}}, {{..}}x4,
/// {{..}}+{{..}}x4.
Result<void> read_histograms(std::string_view& text, std::vector<std::optional<ScriptSample>>& out);

/// Equal within the tolerance of scripts, empty buckets left out; the hint only where the script has one.
bool same_histogram(const ScriptSample& expected, const promql::FloatHistogram& found);

}  // namespace tarsier::test
