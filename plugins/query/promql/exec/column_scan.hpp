// Questions about a whole column, answered several values at a time.
#pragma once

#include <cstddef>

namespace tarsier::promql {

/// No value is below the one before it.
bool never_falls(const double* values, size_t count) noexcept;
/// How many are kNothing, as staleness markers are.
size_t count_absent(const double* values, size_t count) noexcept;

}  // namespace tarsier::promql
