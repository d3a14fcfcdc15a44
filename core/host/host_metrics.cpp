#include "core/host/host_metrics.hpp"

#include <charconv>

#include "core/host/build_info.hpp"
#include "core/host/process_limits.hpp"

namespace tarsier::host {
namespace {

std::string text_of(double value) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr};
}

template <class Value>
void of_each(MetricsText& out, const std::vector<EntryView>& entries, Value value) {
  for (const EntryView& entry : entries) out.sample({{"plugin", entry.name}}, value(entry));
}

void write_states(MetricsText& out, const std::vector<EntryView>& entries) {
  out.gauge("tarsier_plugin_state", "1 for the state that the instance is in.");
  for (const EntryView& entry : entries) {
    out.sample({{"plugin", entry.name}, {"id", entry.plugin}, {"version", entry.version}, {"state", name(entry.state)}},
               uint64_t{1});
  }
  out.gauge("tarsier_plugin_up", "1 while the instance runs.");
  of_each(out, entries, [](const EntryView& e) { return uint64_t{e.state == State::running || e.state == State::degraded}; });
  out.gauge("tarsier_plugin_file_refused", "1 while the instance's file is refused and an earlier version of it runs.");
  of_each(out, entries, [](const EntryView& e) { return uint64_t{e.file_refused}; });
}

void write_call_times(MetricsText& out, const std::vector<EntryView>& entries) {
  out.histogram("tarsier_plugin_call_duration_seconds", "How long the instance's jobs took on the worker pool.");
  for (const EntryView& entry : entries) {
    uint64_t sum = 0;
    // Every second power of two is enough to read.
    for (size_t i = 0; i + 1 < LatencyHistogram::kBuckets; ++i) {
      sum += entry.call_counts[i];
      if (i % 4 == 3) out.sample({{"plugin", entry.name}, {"le", text_of(LatencyHistogram::bound_seconds(i))}}, sum, "_bucket");
    }
    sum += entry.call_counts.back();
    out.sample({{"plugin", entry.name}, {"le", "+Inf"}}, sum, "_bucket");
    out.sample({{"plugin", entry.name}}, entry.call_seconds, "_sum");
    out.sample({{"plugin", entry.name}}, sum, "_count");
  }
}

}  // namespace

void write_plugin_metrics(MetricsText& out, const std::vector<EntryView>& entries, const std::vector<RetainedModule>& retained) {
  write_states(out, entries);
  out.counter("tarsier_plugin_restarts_total", "Restarts after a failure.");
  of_each(out, entries, [](const EntryView& e) { return e.restarts; });
  out.counter("tarsier_plugin_cpu_seconds_total", "CPU time that calls into the instance have used.");
  of_each(out, entries, [](const EntryView& e) { return static_cast<double>(e.cpu_ns) * 1e-9; });
  out.counter("tarsier_plugin_calls_total", "Calls into the instance.");
  of_each(out, entries, [](const EntryView& e) { return e.calls; });
  out.counter("tarsier_plugin_failures_total", "Calls that failed or let an exception escape.");
  of_each(out, entries, [](const EntryView& e) { return e.failures; });
  out.counter("tarsier_plugin_overruns_total", "Calls that were still running after their deadline.");
  of_each(out, entries, [](const EntryView& e) { return e.overruns; });
  out.gauge("tarsier_plugin_calls_in_flight", "Calls into the instance that have not returned, uses of its services included.");
  of_each(out, entries, [](const EntryView& e) { return e.in_flight; });
  out.gauge("tarsier_plugin_queue_length", "Jobs of the instance that wait for a worker.");
  of_each(out, entries, [](const EntryView& e) { return e.queue_length; });
  out.gauge("tarsier_plugin_interval_factor", "By how much its intervals are stretched because its jobs overran them.");
  of_each(out, entries, [](const EntryView& e) { return uint64_t{e.interval_factor}; });
  out.counter("tarsier_plugin_dropped_batches_total", "Batches that its full queues lost.");
  of_each(out, entries, [](const EntryView& e) { return e.dropped; });
  out.counter("tarsier_plugin_malformed_batches_total", "Batches that it published and that do not verify.");
  of_each(out, entries, [](const EntryView& e) { return e.malformed; });
  write_call_times(out, entries);
  out.gauge("tarsier_plugin_retained", "Plugin files that were unloaded and are still in memory.");
  out.sample({}, static_cast<uint64_t>(retained.size()));
}

void write_pool_metrics(MetricsText& out, const scheduler::PoolStats& pool) {
  out.gauge("tarsier_scheduler_workers", "Threads of the worker pool.");
  out.sample({}, uint64_t{pool.workers});
  out.gauge("tarsier_scheduler_jobs_waiting", "Jobs that wait for a worker.");
  out.sample({}, pool.waiting);
  out.gauge("tarsier_scheduler_jobs_running", "Jobs that run now.");
  out.sample({}, pool.running);
  out.counter("tarsier_scheduler_extra_workers_total", "Workers started because the others were stuck.");
  out.sample({}, pool.extra_started);
}

void write_bus_metrics(MetricsText& out, const bus::BusStats& bus) {
  const auto of_topics = [&](auto value) {
    for (const auto& topic : bus.topics) out.sample({{"topic", topic.topic}}, value(topic));
  };
  const auto of_subscriptions = [&](auto value) {
    for (const auto& s : bus.subscriptions) out.sample({{"topic", s.topic}, {"plugin", s.instance}}, value(s));
  };
  out.counter("tarsier_bus_batches_total", "Batches published.");
  of_topics([](const auto& t) { return t.published_total; });
  out.counter("tarsier_bus_bytes_total", "Bytes of the batches published.");
  of_topics([](const auto& t) { return t.published_bytes_total; });
  out.gauge("tarsier_bus_queue_bytes", "Bytes that wait for the subscriber.");
  of_subscriptions([](const auto& s) { return s.queued_bytes; });
  out.gauge("tarsier_bus_queue_limit_bytes", "Bytes that may wait for the subscriber.");
  of_subscriptions([](const auto& s) { return s.max_bytes; });
  out.gauge("tarsier_bus_spilled_bytes", "Bytes that wait in the subscription's file.");
  of_subscriptions([](const auto& s) { return s.spilled_bytes; });
  out.counter("tarsier_bus_delivered_total", "Batches delivered.");
  of_subscriptions([](const auto& s) { return s.delivered_total; });
  out.counter("tarsier_bus_dropped_total", "Batches lost because the queue was full.");
  of_subscriptions([](const auto& s) { return s.dropped_total; });
  out.counter("tarsier_bus_refused_total", "Publications that were told to try again because the queue was full.");
  of_subscriptions([](const auto& s) { return s.refused_total; });
}

void write_storage_metrics(MetricsText& out, const std::vector<storage::EnvironmentStatistics>& environments) {
  // Sealed environments are many and do not change: one sum for all of them.
  uint64_t sealed = 0, sealed_bytes = 0;
  std::vector<const storage::EnvironmentStatistics*> active;
  for (const auto& environment : environments) {
    if (!environment.sealed) {
      active.push_back(&environment);
      continue;
    }
    ++sealed;
    sealed_bytes += environment.file_bytes;
  }
  const auto of_active = [&](auto value) {
    for (const auto* e : active) out.sample({{"environment", e->name}}, value(*e));
  };
  out.gauge("tarsier_storage_sealed_environments", "Sealed environments that are open.");
  out.sample({}, sealed);
  out.gauge("tarsier_storage_sealed_bytes", "Bytes of the sealed environments that are open.");
  out.sample({}, sealed_bytes);
  out.gauge("tarsier_storage_file_bytes", "Bytes of the environment's file.");
  of_active([](const auto& e) { return e.file_bytes; });
  out.gauge("tarsier_storage_used_bytes", "Bytes of the file that hold data.");
  of_active([](const auto& e) { return e.used_bytes; });
  out.gauge("tarsier_storage_queue_bytes", "Bytes that wait for the writer.");
  of_active([](const auto& e) { return e.queue_bytes; });
  out.gauge("tarsier_storage_readers", "Snapshots open.");
  of_active([](const auto& e) { return e.readers; });
  out.gauge("tarsier_storage_oldest_reader_seconds",
            "Age of the oldest snapshot: while it is open its pages cannot be used again.");
  of_active([](const auto& e) { return static_cast<double>(e.oldest_reader_ns) * 1e-9; });
  out.counter("tarsier_storage_commits_total", "Commits, each of many transactions.");
  of_active([](const auto& e) { return e.commits; });
  out.counter("tarsier_storage_commit_seconds_total", "Time spent in commits.");
  of_active([](const auto& e) { return static_cast<double>(e.commit_ns) * 1e-9; });
  out.counter("tarsier_storage_transactions_total", "Transactions committed.");
  of_active([](const auto& e) { return e.transactions; });
  out.counter("tarsier_storage_failed_transactions_total", "Transactions refused or lost to an error.");
  of_active([](const auto& e) { return e.failed_transactions; });
  out.counter("tarsier_storage_written_bytes_total", "Bytes of keys and values written.");
  of_active([](const auto& e) { return e.written_bytes; });
  out.counter("tarsier_storage_syncs_total", "Syncs to the disk.");
  of_active([](const auto& e) { return e.syncs; });
}

void write_process_metrics(MetricsText& out) {
  const ProcessUsage usage = process_usage();
  out.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
  out.sample({}, usage.cpu_seconds);
  out.gauge("process_resident_memory_bytes", "Resident memory size in bytes.");
  out.sample({}, usage.resident_bytes);
  out.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.");
  out.sample({}, usage.virtual_bytes);
  out.gauge("process_open_fds", "Number of open file descriptors.");
  out.sample({}, usage.open_files);
  out.gauge("process_max_fds", "Maximum number of open file descriptors.");
  out.sample({}, usage.max_open_files);
  out.gauge("process_threads", "Number of threads.");
  out.sample({}, usage.threads);
  out.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.");
  out.sample({}, usage.start_time_seconds);
  const BuildInfo& build = build_info();
  out.gauge("tarsier_build_info", "1, with what was built.");
  out.sample({{"version", build.version}, {"revision", build.revision}, {"compiler", build.compiler}}, uint64_t{1});
}

}  // namespace tarsier::host
