// What /metrics says of the host: plugins, rooms and the process, read at the moment of the question.
#pragma once

#include <vector>

#include "core/bus/bus.hpp"
#include "core/host/entry.hpp"
#include "core/host/metrics_text.hpp"
#include "core/host/modules.hpp"
#include "core/scheduler/worker_pool.hpp"
#include "core/storage/environment.hpp"

namespace tarsier::host {

void write_plugin_metrics(MetricsText& out, const std::vector<EntryView>& entries, const std::vector<RetainedModule>& retained);
void write_pool_metrics(MetricsText& out, const scheduler::PoolStats& pool);
void write_bus_metrics(MetricsText& out, const bus::BusStats& bus);
void write_storage_metrics(MetricsText& out, const std::vector<storage::EnvironmentStatistics>& environments);
void write_process_metrics(MetricsText& out);

}  // namespace tarsier::host
