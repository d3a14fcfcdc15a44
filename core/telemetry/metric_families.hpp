// What a collector reports at a scrape: families of values that are kept elsewhere.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/host/owner.hpp"

namespace tarsier::telemetry {

enum class FamilyType : unsigned char { counter, gauge };

struct FamilySample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value;
};

struct Family {
  std::string name;
  std::string help;
  FamilyType type;
  std::vector<FamilySample> samples;
};

class Logs;

/// CPU, calls, failures, overruns, drops, queue and interval of each instance, with the label plugin="<instance>".
void append_accounting(std::span<const host::Owner* const> owners, std::vector<Family>& families);
/// Lines written by level, held back, dropped.
void append_log_counts(const Logs& logs, std::vector<Family>& families);
/// process_* of this process, as the client libraries name them.
void append_process(std::vector<Family>& families);

}  // namespace tarsier::telemetry
