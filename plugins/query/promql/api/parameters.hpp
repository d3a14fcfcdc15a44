// Parameters of the Prometheus HTTP API: times, durations, limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/promql/ast.hpp"
#include "tarsier/http.hpp"
#include "tarsier/result.hpp"

namespace tarsier::promql {

/// The first and the last whole millisecond that int64 nanoseconds hold, in 1677 and 2262. Times beyond become these.
constexpr int64_t kMinTimeNs = -9'223'372'036'854'000'000;
constexpr int64_t kMaxTimeNs = 9'223'372'036'854'000'000;

/// Seconds as a number or RFC 3339, to the millisecond.
std::optional<int64_t> read_time(std::string_view text);
/// Seconds as a number, or "5m", in nanoseconds.
Result<int64_t> read_length(std::string_view text);
/// As Go reads it: "true", "1" and the like.
std::optional<bool> read_bool(std::string_view text);

/// A parameter that could not be read.
struct BadParameter {
  std::string name;  // "": the text says all, as the original does for some
  std::string text;
};

struct SeriesParameters {
  int64_t start_ns = kMinTimeNs;
  int64_t end_ns = kMaxTimeNs;
  uint64_t limit = 0;
  std::vector<std::vector<Matcher>> matchers;  // one list for each match[]
};
/// start, end, limit and match[].
std::optional<BadParameter> read_series_parameters(const http::Form& form, SeriesParameters& out);
std::optional<BadParameter> read_limit(const http::Form& form, uint64_t& out);
/// `name` as a time, when it is given.
std::optional<BadParameter> read_time_parameter(const http::Form& form, std::string_view name, int64_t& out);

/// 400 with what is wrong with it.
void refuse(const http::Exchange& exchange, const BadParameter& bad);

/// U__a_2e_b -> a.b; other names stay.
std::string unescape_label(std::string_view name);

}  // namespace tarsier::promql
