// What an expression evaluates to: for each series one column of values, one value a step. A step without a value holds kNothing,
// which is the bit pattern of the staleness marker: it never is a result, so no second array is needed to say what is there.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/query/promql/exec/labels.hpp"
#include "plugins/query/promql/exec/query_context.hpp"

namespace tarsier::promql {

inline constexpr uint64_t kStaleBits = 0x7ff0000000000002ULL;
inline constexpr double kNothing = std::bit_cast<double>(kStaleBits);
constexpr bool is_absent(double value) noexcept { return std::bit_cast<uint64_t>(value) == kStaleBits; }
constexpr bool is_present(double value) noexcept { return !is_absent(value); }

using Column = std::vector<double>;

struct Series {
  Labels labels;
  bool drop_name = false;  // the name is taken away at the end of the query
  Column values;
};

struct Vector {
  std::vector<Series> series;
  Held held;  // its samples count against the query's limit while it lives
};

/// A range vector as a result: the samples as they are stored.
struct RawSeries {
  Labels labels;
  bool drop_name = false;
  std::vector<int64_t> times_ns;
  Column values;
};

}  // namespace tarsier::promql
