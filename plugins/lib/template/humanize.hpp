// Numbers as people read them, by Prometheus' rules.
#pragma once

#include <cstdint>
#include <string>

namespace tarsier::tmpl {

std::string humanize(double value);              // 1234567 -> 1.235M
std::string humanize1024(double value);          // 1048576 -> 1Mi
std::string humanize_duration(double seconds);   // 3661 -> 1h 1m 1s
std::string humanize_percentage(double ratio);   // 0.1234 -> 12.34%
std::string humanize_timestamp(double seconds);  // 1435781451.781 -> 2015-07-01 20:10:51.781 +0000 UTC
/// C's %.4g, which Prometheus' figures are in.
std::string four_digits(double value);

}  // namespace tarsier::tmpl
