// Sums of times and lengths of time that stop at the first and the last nanosecond that int64 holds (1677 and 2262): a window that
// begins before all time begins with it.
#pragma once

#include <cstdint>

namespace tarsier::promql {

constexpr int64_t later(int64_t time_ns, int64_t by_ns) noexcept {
  int64_t sum = 0;
  if (!__builtin_add_overflow(time_ns, by_ns, &sum)) return sum;
  return by_ns < 0 ? INT64_MIN : INT64_MAX;
}

constexpr int64_t earlier(int64_t time_ns, int64_t by_ns) noexcept {
  int64_t difference = 0;
  if (!__builtin_sub_overflow(time_ns, by_ns, &difference)) return difference;
  return by_ns < 0 ? INT64_MAX : INT64_MIN;
}

/// From a time to a later one, which may be longer than int64 holds.
constexpr uint64_t distance(int64_t from_ns, int64_t to_ns) noexcept {
  return static_cast<uint64_t>(to_ns) - static_cast<uint64_t>(from_ns);
}

}  // namespace tarsier::promql
