// The functions of PromQL: names, arguments and results. What they do is the engine's.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "plugins/lib/promql/ast.hpp"

namespace tarsier::promql {

enum class FunctionId : uint8_t {
  // one vector in, element by element
  kAbs,
  kCeil,
  kFloor,
  kExp,
  kSqrt,
  kLn,
  kLog2,
  kLog10,
  kSgn,
  kDeg,
  kRad,
  kSin,
  kCos,
  kTan,
  kAsin,
  kAcos,
  kAtan,
  kSinh,
  kCosh,
  kTanh,
  kAsinh,
  kAcosh,
  kAtanh,
  kRound,
  kClamp,
  kClampMin,
  kClampMax,
  // dates
  kDayOfMonth,
  kDayOfWeek,
  kDayOfYear,
  kDaysInMonth,
  kHour,
  kMinute,
  kMonth,
  kYear,
  kTime,
  kTimestamp,
  kStartTimestamp,
  kPi,
  kStart,
  kEnd,
  kStep,
  kRange,
  kMinOf,
  kMaxOf,
  // labels and shape
  kLabelReplace,
  kLabelJoin,
  kInfo,
  kVector,
  kScalar,
  kAbsent,
  kSort,
  kSortDesc,
  kSortByLabel,
  kSortByLabelDesc,
  // over a range
  kRate,
  kIrate,
  kIncrease,
  kResets,
  kChanges,
  kDelta,
  kIdelta,
  kDeriv,
  kPredictLinear,
  kDoubleExponentialSmoothing,
  kAvgOverTime,
  kMinOverTime,
  kMaxOverTime,
  kSumOverTime,
  kCountOverTime,
  kQuantileOverTime,
  kStddevOverTime,
  kStdvarOverTime,
  kLastOverTime,
  kFirstOverTime,
  kPresentOverTime,
  kAbsentOverTime,
  kMadOverTime,
  kTsOfMinOverTime,
  kTsOfMaxOverTime,
  kTsOfLastOverTime,
  kTsOfFirstOverTime,
  // histograms
  kHistogramQuantile,
  kHistogramFraction,
  kHistogramQuantiles,
  kHistogramAvg,
  kHistogramCount,
  kHistogramSum,
  kHistogramStddev,
  kHistogramStdvar,
};

struct Function {
  FunctionId id;
  std::string_view name;
  ValueType result;
  std::array<ValueType, 5> arguments;  // the last one repeats when variadic
  uint8_t argument_count;
  int8_t variadic;  // 0: exactly argument_count; n > 0: the last argument up to n times or not at all; -1: any number of times
  bool experimental;
};

/// nullptr when there is none of that name.
const Function* find_function(std::string_view name);
std::span<const Function> all_functions();

/// The function takes a range vector and works on each window of it.
constexpr bool is_range_function(FunctionId id) { return id >= FunctionId::kRate && id <= FunctionId::kTsOfFirstOverTime; }

}  // namespace tarsier::promql
