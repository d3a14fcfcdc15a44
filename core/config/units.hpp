// Durations ("15s", "1h30m"), sizes ("2GiB", "64KB") and rates ("10MB/s"): read with limits and overflow checks, and written back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::config {

/// Nanoseconds. Numbers with the units y w d h m s ms us ns, from large to small, each at most once; a fraction is taken ("1.5h");
/// "0" needs no unit. A day is 24 h, a year 365 days.
Result<int64_t> parse_duration(std::string_view text);
/// Bytes. One number with B, KB MB GB TB PB (powers of 1000) or KiB MiB GiB TiB PiB (powers of 1024); "0" needs no unit.
Result<int64_t> parse_size(std::string_view text);
/// Bytes a second: a size and "/s".
Result<int64_t> parse_rate(std::string_view text);

/// The shortest text that reads back to the same value.
std::string format_duration(int64_t ns);
std::string format_size(int64_t bytes);
std::string format_rate(int64_t bytes_per_second);

}  // namespace tarsier::config
