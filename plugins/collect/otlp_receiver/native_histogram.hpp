// Histograms of OpenTelemetry as Prometheus' native histograms.
#pragma once

#include "plugins/collect/otlp_receiver/point.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::otlp {

/// Of an exponential histogram. Buckets finer than schema 8 are put together. INVALID: a scale below -4, or parts that make no
/// histogram.
Result<NativeHistogram> exponential_to_native(const Point& point);
/// Of a histogram with bounds of its own.
Result<NativeHistogram> custom_to_native(const Point& point);

}  // namespace tarsier::otlp
