// Names, labels and bounds of metrics by the Prometheus data model.
#pragma once

#include "core/telemetry/metrics.hpp"

namespace tarsier::telemetry {

/// The error names the metric and what is wrong with it. `owned`: of a plugin, to which the label
/// `plugin` and the names of the host's own metrics are closed.
Result<void> check_metric(const MetricSpec& spec, bool owned);

}  // namespace tarsier::telemetry
