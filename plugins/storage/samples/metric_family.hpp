// A histogram or a summary is several series, and metadata is of them together.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tarsier/abi/batch.h"

namespace tarsier::samples {

/// The name that metadata of a series of numbers goes by: "h" for "h_bucket" of a histogram.
inline std::string_view family_of(std::string_view metric, uint32_t type) noexcept {
  static constexpr std::string_view kHistogram[] = {"_bucket", "_sum", "_count"};
  static constexpr std::string_view kSummary[] = {"_sum", "_count"};
  static constexpr std::string_view kGaugeHistogram[] = {"_bucket", "_gsum", "_gcount"};
  std::span<const std::string_view> parts;
  if (type == TARSIER_SERIES_HISTOGRAM) parts = kHistogram;
  if (type == TARSIER_SERIES_SUMMARY) parts = kSummary;
  if (type == TARSIER_SERIES_GAUGE_HISTOGRAM) parts = kGaugeHistogram;
  for (const std::string_view part : parts) {
    if (metric.size() > part.size() && metric.ends_with(part)) return metric.substr(0, metric.size() - part.size());
  }
  return metric;
}

}  // namespace tarsier::samples
