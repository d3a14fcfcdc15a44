// Limits of native histograms: how many buckets they may have, and how fine.
#pragma once

#include <cstdint>

#include "tarsier/histogram.hpp"

namespace tarsier::scrape {

struct HistogramLimits {
  static constexpr int32_t kFinest = 8, kCoarsest = -4;  // schemas

  uint64_t buckets = 0;  // of both signs; 0: any number
  int32_t schema = kFinest;
  bool operator==(const HistogramLimits&) const = default;
  bool any() const noexcept { return buckets != 0 || schema < kFinest; }
};

/// The finest schema whose buckets grow at least by that factor; of 1 and below: the finest.
int32_t schema_of_factor(double factor) noexcept;

/// Lowers the resolution as far as the limits want it. False: it has too many buckets at the lowest, or those of its own bounds.
bool fit(NativeHistogram& histogram, const HistogramLimits& limits);

}  // namespace tarsier::scrape
