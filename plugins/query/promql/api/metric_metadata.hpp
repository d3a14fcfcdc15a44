// What is known of metrics beside their samples.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/host.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

struct MetricMetadata {
  std::string_view type;  // "counter"
  std::string help, unit;
  bool operator==(const MetricMetadata&) const = default;
};

/// By metric, each entry once.
using MetadataByMetric = std::map<std::string, std::vector<MetricMetadata>, std::less<>>;

/// What the store knows, of `metric` alone unless it is "". `limit` 0: of any number of metrics.
Result<MetadataByMetric> read_metadata(const tarsier_samples_store& store, std::string_view metric, uint64_t limit);

/// [work] The same of all that tells metadata: what the pages of targets say now, and what the store knows of other metrics.
Result<MetadataByMetric> read_all_metadata(const Host& host, const tarsier_samples_store& store, std::string_view metric,
                                           uint64_t limit);

}  // namespace tarsier::promql
