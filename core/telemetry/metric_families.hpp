// What a collector reports at a scrape: families of values that are kept elsewhere.
#pragma once

#include <string>
#include <utility>
#include <vector>

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

/// Lines written by level, held back, dropped.
void append_log_counts(const Logs& logs, std::vector<Family>& families);

}  // namespace tarsier::telemetry
