#include "core/telemetry/metric_families.hpp"

#include <string>
#include <utility>

#include "core/telemetry/logs.hpp"

namespace tarsier::telemetry {
namespace {

Family single(const char* name, const char* help, FamilyType type, double value) { return {name, help, type, {{{}, value}}}; }

}  // namespace

void append_log_counts(const Logs& logs, std::vector<Family>& families) {
  const LogCounts counts = logs.counts();
  Family lines{"tarsier_log_lines_total", "Lines written to the log.", FamilyType::counter, {}};
  for (size_t i = 0; i < counts.written.size(); ++i) {
    lines.samples.push_back({{{"level", std::string(level_name(static_cast<Level>(i)))}}, static_cast<double>(counts.written[i])});
  }
  families.push_back(std::move(lines));
  families.push_back(single("tarsier_log_repeats_total", "Lines held back because the same was written just before.",
                            FamilyType::counter, static_cast<double>(counts.held_back)));
  families.push_back(single("tarsier_log_dropped_total", "Lines that could not be written.", FamilyType::counter,
                            static_cast<double>(counts.dropped)));
}

}  // namespace tarsier::telemetry
