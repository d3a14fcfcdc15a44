// Metrics: the host's own /metrics and what plugins tell about themselves there; a prometheus-cpp registry behind the metrics
// service.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/telemetry/metric_families.hpp"
#include "tarsier/abi/metrics.h"
#include "tarsier/result.hpp"

namespace tarsier::host {
class Owner;
}

namespace tarsier::telemetry {

using Label = std::pair<std::string_view, std::string_view>;

struct MetricSpec {
  tarsier_metric_type type;
  std::string_view name;
  std::string_view help;
  std::span<const Label> labels = {};
  std::span<const double> bounds = {};  ///< histograms only: ascending
};

/// Thread-safe.
class Metrics {
 public:
  static constexpr size_t kMaxLabels = 16;
  static constexpr size_t kMaxSeriesPerOwner = 10000;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// The metric of that name and labels, made when new. An owner's gets the label plugin="<instance>"; nullptr is the host itself.
  /// Two owners of the same instance's name (an upgrade) share it. The handle is valid until the last of them is detached.
  Result<tarsier_metric*> resolve(const host::Owner* owner, const MetricSpec& spec);
  /// Forgets the metrics that only this owner had.
  void detach(const host::Owner& owner);

  /// Counter: `value` >= 0. Gauge: adds. Histogram: observes. Without a lock for counters and gauges.
  static void add(tarsier_metric* metric, double value) noexcept;
  /// Gauges only.
  static void set(tarsier_metric* metric, double value) noexcept;

  /// Called at each scrape, on its thread, to append families; remove_collector waits for a call in progress.
  using Collector = std::function<void(std::vector<Family>& families)>;
  uint64_t add_collector(Collector collector);
  void remove_collector(uint64_t id);

  /// Everything, in the text format 0.0.4, sorted by name.
  std::string text() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

/// The host service "tarsier.metrics/1" over the Metrics of the host's rooms.
const tarsier_metrics* metrics_service() noexcept;

}  // namespace tarsier::telemetry
