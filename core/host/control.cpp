#include "core/host/control.hpp"

#include <ctime>
#include <unistd.h>

#include "core/bus/bus.hpp"
#include "core/host/build_info.hpp"
#include "core/host/host_metrics.hpp"
#include "core/host/host_services.hpp"
#include "core/host/json_writer.hpp"
#include "core/scheduler/scheduler.hpp"
#include "core/storage/storage.hpp"
#include "core/telemetry/metrics.hpp"

namespace tarsier::host {
namespace {

std::string rfc3339(int64_t wall_ns) {
  const std::time_t seconds = wall_ns / 1'000'000'000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void write_entry(JsonWriter& json, const EntryView& entry) {
  json.begin_object();
  json.key("instance").string(entry.name).key("plugin").string(entry.plugin).key("version").string(entry.version);
  json.key("file").string(entry.file).key("kinds").strings(entry.kinds).key("summary").string(entry.summary);
  json.key("state").string(name(entry.state)).key("reason").string(entry.reason);
  json.key("since").string(entry.since_ns == 0 ? "" : rfc3339(entry.since_ns)).key("restarts").integer(entry.restarts);
  json.key("needs").strings(entry.needs).key("offers").strings(entry.offers);
  json.key("cpu_seconds").number(static_cast<double>(entry.cpu_ns) * 1e-9).key("calls").integer(entry.calls);
  json.key("failures").integer(entry.failures).key("overruns").integer(entry.overruns);
  json.key("in_flight").integer(entry.in_flight).key("queue_length").integer(entry.queue_length);
  json.key("dropped").integer(entry.dropped).key("malformed").integer(entry.malformed);
  json.key("callback_p99_seconds").number(LatencyHistogram::quantile(entry.call_counts, 0.99));
  json.key("interval_factor").integer(uint64_t{entry.interval_factor});
  json.key("retained").boolean(entry.state == State::retained);
  json.end_object();
}

EntryView entry_of(const RetainedModule& module) {
  EntryView view;
  view.name = module.ids.front();
  view.plugin = module.ids.front();
  view.version = module.version;
  view.file = module.path;
  view.state = State::retained;
  view.reason = "unloaded, but still in memory";
  return view;
}

}  // namespace

Control::Control(Rooms& rooms, const scheduler::Clock& clock, const Modules& modules, std::string config_file, std::string data_dir,
                 Reload reload)
    : rooms_(rooms),
      modules_(modules),
      config_file_(std::move(config_file)),
      data_dir_(std::move(data_dir)),
      started_ns_(clock.wall_ns()),
      reload_(std::move(reload)),
      config_loaded_ns_(started_ns_) {}

void Control::set_config(std::string toml) {
  const std::lock_guard lock(config_mutex_);
  config_ = std::move(toml);
  config_loaded_ns_ = rooms_.clock->wall_ns();
  config_ok_ = true;
}

void Control::config_refused() {
  const std::lock_guard lock(config_mutex_);
  config_ok_ = false;
}

std::string Control::config_toml() const {
  const std::lock_guard lock(config_mutex_);
  return config_;
}

std::string Control::metrics_text() const {
  MetricsText out;
  if (lifecycle_ != nullptr) write_plugin_metrics(out, lifecycle_->view(), modules_.retained());
  write_pool_metrics(out, rooms_.scheduler->pool().stats());
  write_bus_metrics(out, rooms_.bus->snapshot());
  write_storage_metrics(out, rooms_.storage->statistics());
  write_process_metrics(out);
  return out.text() + rooms_.metrics->text();
}

std::string Control::build_json() const {
  const BuildInfo& build = build_info();
  JsonWriter json;
  json.begin_object();
  json.key("version").string(build.version).key("revision").string(build.revision).key("compiler").string(build.compiler);
  json.key("built").string(build.committed_at);
  json.key("abi").string(std::to_string(TARSIER_ABI_MAJOR) + "." + std::to_string(TARSIER_ABI_MINOR));
  json.key("started_at").string(rfc3339(started_ns_)).key("pid").integer(int64_t{::getpid()});
  json.key("data_dir").string(data_dir_).key("config_file").string(config_file_);
  const std::lock_guard lock(config_mutex_);
  json.key("config_loaded_at").string(rfc3339(config_loaded_ns_)).key("config_ok").boolean(config_ok_);
  json.end_object();
  return json.text();
}

std::string Control::plugins_json() const {
  JsonWriter json;
  json.begin_array();
  if (lifecycle_ != nullptr) {
    for (const EntryView& entry : lifecycle_->view()) write_entry(json, entry);
  }
  for (const RetainedModule& module : modules_.retained()) write_entry(json, entry_of(module));
  json.end_array();
  return json.text();
}

std::vector<std::string> Control::not_running() const {
  return lifecycle_ != nullptr ? lifecycle_->not_running() : std::vector<std::string>();
}

// ---- the C table

namespace {

Control& control_of(const tarsier_host* host) noexcept { return *context(host).rooms->control; }

void write(tarsier_sink out, const std::string& text) { out.write(out.user, bytes(text)); }

tarsier_status reload(const tarsier_host* host, tarsier_sink findings, tarsier_error* error) {
  const ApplyReport report = control_of(host).reload();
  for (const std::string& problem : report.problems) write(findings, problem + "\n");
  for (const std::string& warning : report.warnings) write(findings, "warning: " + warning + "\n");
  if (report.applied) return TARSIER_OK;
  return Error::invalid(report.problems.empty() ? "the configuration does not check" : report.problems.front()).to_c(error);
}

constexpr tarsier_control kTable = {
    sizeof(tarsier_control),
    [](const tarsier_host* host) -> int32_t { return control_of(host).ready() ? 1 : 0; },
    reload,
    [](const tarsier_host* host, tarsier_sink out) { write(out, control_of(host).config_toml()); },
    [](const tarsier_host* host, tarsier_sink out) { write(out, control_of(host).metrics_text()); },
    [](const tarsier_host* host, tarsier_sink out) { write(out, control_of(host).build_json()); },
    [](const tarsier_host* host, tarsier_sink out) { write(out, control_of(host).plugins_json()); },
    [](const tarsier_host* host, tarsier_sink out) {
      for (const std::string& line : control_of(host).not_running()) write(out, line + "\n");
    },
};

}  // namespace

const tarsier_control* control_service() noexcept { return &kTable; }

}  // namespace tarsier::host
