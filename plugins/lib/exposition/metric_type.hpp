// The words for the types of metrics, as pages, metadata and APIs spell them.
#pragma once

#include <cstdint>
#include <string_view>

#include "tarsier/batch.hpp"

namespace tarsier::exposition {

/// `type`: TARSIER_SERIES_*. The classic text format says "untyped" where others say "unknown". (OpenMetrics 1.0, section 5.3)
constexpr std::string_view type_word(uint32_t type) noexcept {
  switch (type) {
    case TARSIER_SERIES_COUNTER:
      return "counter";
    case TARSIER_SERIES_GAUGE:
      return "gauge";
    case TARSIER_SERIES_HISTOGRAM:
      return "histogram";
    case TARSIER_SERIES_SUMMARY:
      return "summary";
    case TARSIER_SERIES_GAUGE_HISTOGRAM:
      return "gaugehistogram";
    case TARSIER_SERIES_INFO:
      return "info";
    case TARSIER_SERIES_STATESET:
      return "stateset";
    default:
      return "unknown";
  }
}

}  // namespace tarsier::exposition
