// load_with_nhcb: classic histograms of a script as native ones with custom buckets, too.
#pragma once

#include <vector>

#include "tests/conformance/script.hpp"

namespace tarsier::test {

/// The native histograms of what `series` has as name_bucket, name_count and name_sum. Times at which these do not fit together
/// have none.
std::vector<ScriptSeries> native_of_classic(const std::vector<ScriptSeries>& series);

}  // namespace tarsier::test
