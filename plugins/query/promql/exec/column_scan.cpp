#include "plugins/query/promql/exec/column_scan.hpp"

#include <cstdint>

#include "plugins/query/promql/exec/value.hpp"

namespace tarsier::promql {

bool never_falls(const double* values, size_t count) noexcept {
  uint64_t falls = 0;
  for (size_t i = 1; i < count; ++i) falls += values[i] < values[i - 1] ? 1 : 0;
  return falls == 0;
}

size_t count_absent(const double* values, size_t count) noexcept {
  uint64_t absent = 0;
  for (size_t i = 0; i < count; ++i) absent += is_absent(values[i]) ? 1 : 0;
  return absent;
}

}  // namespace tarsier::promql
