// Names of OpenTelemetry as Prometheus has them: units and kinds become suffixes, and what its names had not in former times
// becomes underscores.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::otlp {

/// Prometheus' translation strategies.
struct Naming {
  bool escapes = true;   // everything but ASCII letters, digits, '_' and, in metrics, ':' becomes '_'
  bool suffixes = true;  // _seconds, _total, _ratio
};
/// Of "UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes", "NoUTF8EscapingWithSuffixes", "NoTranslation".
Naming naming_of(std::string_view strategy);

enum class MetricKind : uint8_t { gauge, counter, up_down_counter, histogram, exponential_histogram, summary };

/// INVALID when nothing of the name remains.
Result<std::string> metric_name(std::string_view name, std::string_view unit, MetricKind kind, Naming naming);
/// "By/s" -> "bytes_per_second"
std::string unit_name(std::string_view unit);
Result<std::string> label_name(std::string_view name, Naming naming);

}  // namespace tarsier::otlp
