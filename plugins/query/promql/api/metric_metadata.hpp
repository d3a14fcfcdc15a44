// What the store knows of metrics beside their samples.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

struct MetricMetadata {
  std::string_view type;  // "counter"
  std::string help, unit;
};

/// By metric; of `metric` alone unless it is "". `limit` 0: of any number of metrics.
Result<std::map<std::string, std::vector<MetricMetadata>>> read_metadata(const tarsier_samples_store& store,
                                                                         std::string_view metric, uint64_t limit);

}  // namespace tarsier::promql
