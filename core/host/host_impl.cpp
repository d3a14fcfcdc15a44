#include "core/host/host_impl.hpp"

#include <algorithm>
#include <filesystem>
#include <unistd.h>

#include "core/config/render.hpp"
#include "core/host/build_info.hpp"
#include "core/host/crash_handler.hpp"
#include "core/host/process_limits.hpp"
#include "core/host/section_findings.hpp"

namespace tarsier::host {

using std::chrono::steady_clock;

namespace {

constexpr auto kRepeatsEvery = std::chrono::seconds(15);
constexpr auto kTrimAfter = std::chrono::seconds(5);  // what the start needed and nothing else does is given back then

std::string milliseconds_since(steady_clock::time_point begin) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begin).count()) + " ms";
}

storage::StorageOptions storage_options(const config::HostSettings& settings) {
  storage::StorageOptions options;
  options.data_dir = settings.data_dir;
  options.durability = settings.durability == "commit" ? TARSIER_DURABILITY_COMMIT : TARSIER_DURABILITY_INTERVAL;
  options.sync_interval = std::chrono::milliseconds(std::max<int64_t>(settings.sync_interval_ns / 1'000'000, 1));
  options.total_quota_bytes = static_cast<uint64_t>(settings.quota_bytes);
  options.min_free_bytes = static_cast<uint64_t>(settings.min_free_bytes);
  return options;
}

// The schema has checked the words.
telemetry::LogOptions log_options(const config::HostSettings& settings) {
  telemetry::LogOptions options;
  if (auto level = telemetry::parse_level(settings.log_level); level) options.level = *level;
  if (auto format = telemetry::parse_log_format(settings.log_format); format) options.format = *format;
  for (const auto& [name, text] : settings.log_levels) {
    if (auto level = telemetry::parse_level(text); level) options.levels.emplace(name, *level);
  }
  return options;
}

// Settings that are read once.
bool needs_new_process(const config::HostSettings& a, const config::HostSettings& b) {
  return a.data_dir != b.data_dir || a.workers != b.workers || a.durability != b.durability ||
         a.sync_interval_ns != b.sync_interval_ns || a.quota_bytes != b.quota_bytes || a.min_free_bytes != b.min_free_bytes;
}

}  // namespace

Host::Impl::~Impl() {
  if (lifecycle != nullptr && !down) (void)take_down();
}

void Host::Impl::log(tarsier_log_level level, const std::string& message, const std::string& instance) {
  logs->write(static_cast<telemetry::Level>(level), instance, message);
}

void Host::Impl::log(const ApplyReport& report) {
  for (const std::string& problem : report.problems) {
    const bool known = std::find(report.logged.begin(), report.logged.end(), problem) != report.logged.end();
    if (!known) log(TARSIER_LOG_ERROR, problem);
  }
  for (const std::string& warning : report.warnings) log(TARSIER_LOG_WARN, warning);
}

// ---- up

Result<void> Host::Impl::start() {
  if (options.process) {
    manager = ServiceManager::from_environment();
    if (manager.watchdog_interval().count() > 0) alive_at = steady_clock::now();
    tune_memory();
    (void)raise_open_files();
  }
  options.desired.private_copies = true;
  Desired desired = read_desired(options.desired, directory, modules);
  if (!desired.ok()) return Error::invalid(config::to_text(desired.findings));
  current = std::move(desired);
  if (auto made = make_rooms(); !made) return made;
  make_lifecycle();
  for (const config::Finding& finding : current.findings) log(TARSIER_LOG_WARN, finding.text());
  tell_about_files();

  log(lifecycle->apply(std::move(current.specs), false));
  control->set_config(config::render_toml(*current.root));
  if (options.process) on_signals();
  if (options.watch) watch_everything();
  control->set_ready(true);
  const auto missing = control->not_running();
  log(missing.empty() ? TARSIER_LOG_INFO : TARSIER_LOG_WARN, "tarsier " + std::string(build_info().version) + " is ready after " +
                                                                 milliseconds_since(began) +
                                                                 (missing.empty() ? "" : ", but " + status()));
  told_status = status();
  manager.ready(told_status);
  return {};
}

Result<void> Host::Impl::make_rooms() {
  const config::HostSettings& settings = current.settings;
  std::error_code failure;
  std::filesystem::create_directories(settings.data_dir, failure);
  if (failure) return Error::invalid("the data directory " + settings.data_dir + " cannot be made: " + failure.message());
  if (options.process) crash::install(settings.data_dir + "/crash");
  logs = std::make_unique<telemetry::Logs>(log_options(settings));
  metrics = std::make_unique<telemetry::Metrics>();
  metrics->add_collector([this](std::vector<telemetry::Family>& families) { telemetry::append_log_counts(*logs, families); });

  scheduler::PoolOptions pool;
  pool.workers = static_cast<unsigned>(settings.workers);
  pool.report = [this](const scheduler::Report& report) {
    log(TARSIER_LOG_WARN, scheduler::describe(report), std::string(report.instance));
  };
  scheduler = std::make_unique<scheduler::Scheduler>(clock, pool);
  bus::BusOptions bus_options;
  bus_options.spill_dir = settings.data_dir + "/spill";
  bus_options.report = [this](const bus::BusReport& report) {
    log(TARSIER_LOG_WARN, "topic " + std::string(report.topic) + ": " + std::string(report.message), std::string(report.instance));
  };
  bus = std::make_unique<bus::Bus>(scheduler->pool(), bus_options);
  auto storage_opts = storage_options(settings);
  storage_opts.on_failure = [this](const std::string& environment, const Error& error) {
    log(TARSIER_LOG_ERROR, "storage " + environment + ": " + error.message());
  };
  auto opened = storage::Storage::open(std::move(storage_opts));
  if (!opened) return std::move(opened).error();
  storage = std::move(opened).value();
  control = std::make_unique<Control>(rooms, clock, modules, options.desired.config_file, settings.data_dir,
                                      [this] { return reload_and_wait(); });
  rooms = {&clock, scheduler.get(), bus.get(), storage.get(), logs.get(), metrics.get(), &services, control.get()};
  return {};
}

void Host::Impl::make_lifecycle() {
  LifecycleOptions given;
  given.deadlines = options.deadlines;
  given.log = [this](tarsier_log_level level, const std::string& instance, const std::string& message) {
    log(level, message, instance);
  };
  given.post = [this](std::function<void()> function) { loop.post(std::move(function)); };
  given.waiting = [this] { answer_waiting({}); };
  given.called = [this] { stay_alive(); };  // many slow calls in a row are no reason to end the process
  lifecycle = std::make_unique<Lifecycle>(rooms, modules, std::move(given));
  control->attach(*lifecycle);
}

// ---- at work

int Host::Impl::run() {
  auto trim_at = steady_clock::now() + kTrimAfter;
  auto repeats_at = steady_clock::now() + kRepeatsEvery;
  while (!stopping.load()) {
    loop.run_once(std::min({lifecycle->next_due(), rescan_at, trim_at, repeats_at, alive_at.load()}));
    if (stopping.load()) break;
    lifecycle->run_due();
    const auto now = steady_clock::now();
    if (now >= rescan_at) {
      rescan_at = steady_clock::time_point::max();  // before apply, which may set it again
      const ApplyReport report = apply(false);
      log(report);
      if (!report.applied) log(TARSIER_LOG_ERROR, "the change is not applied; everything goes on as before");
      trim_at = now + kTrimAfter;
    }
    if (now >= trim_at) {
      trim_memory();
      trim_at = steady_clock::time_point::max();
    }
    if (now >= repeats_at) {
      logs->report_repeats();
      repeats_at = now + kRepeatsEvery;
    }
    tell_status();
    stay_alive();
  }
  return take_down();
}

ApplyReport Host::Impl::apply(bool strict) {
  Desired desired = read_desired(options.desired, directory, modules, lifecycle.get());
  tell_about_files();
  if (!desired.ok()) {
    ApplyReport report{false, {}, {}, {}};
    for (const config::Finding& finding : desired.findings) report.problems.push_back(finding.text());
    for (const InstanceSpec& spec : desired.specs) {
      if (!spec.refused_file.empty()) report.warnings.push_back(file_warning(spec));
    }
    desired = {};
    (void)modules.sweep();
    control->config_refused();
    return report;
  }
  ApplyReport report = lifecycle->apply(std::move(desired.specs), strict);
  if (report.applied) {
    take(std::move(desired));
  } else {
    control->config_refused();
  }
  return report;
}

// Also refusals of files that no section names: who dropped one in wants to know.
void Host::Impl::tell_about_files() {
  for (const std::string& warning : modules.take_warnings()) log(TARSIER_LOG_WARN, warning);
  std::set<std::string> refusals;
  for (const loader::PluginFile& file : directory->files()) {
    if (!file.refusal.empty())
      refusals.insert(file.refusal.find(file.path) == std::string::npos ? file.path + ": " + file.refusal : file.refusal);
  }
  for (const std::string& refusal : refusals) {
    if (!told_refusals.contains(refusal)) log(TARSIER_LOG_WARN, "a plugin file cannot be used: " + refusal);
  }
  told_refusals = std::move(refusals);
}

void Host::Impl::take(Desired desired) {
  for (const config::Finding& finding : desired.findings) log(TARSIER_LOG_WARN, finding.text());
  if (needs_new_process(current.settings, desired.settings)) {
    log(TARSIER_LOG_WARN, "[host]: data_dir, workers and storage take effect when the host is started again");
  }
  const bool moved =
      desired.plugin_dirs != current.plugin_dirs || desired.watched != current.watched || desired.files != current.files;
  current = std::move(desired);
  logs->configure(log_options(current.settings));
  control->set_config(config::render_toml(*current.root));
  if (moved && options.watch) {
    unwatch_everything();
    watch_everything();
    rescan_at = steady_clock::now();  // something may have changed after it was read and before it was watched
  }
}

// The answer comes when the reload is done; or as soon as a call has to be drained that does not return, because that may be the
// one that waits here.
ApplyReport Host::Impl::reload_and_wait() {
  auto promise = std::make_shared<std::promise<ApplyReport>>();
  auto answer = promise->get_future();
  loop.post([this, promise = std::move(promise)] {
    reload_waiters.push_back(promise);
    answer_waiting(reload_now());
  });
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return {false, {"the host is stopping"}, {}, {}};
  }
}

ApplyReport Host::Impl::reload_now() {
  manager.reloading();
  ApplyReport report = apply(true);
  log(report.applied ? TARSIER_LOG_INFO : TARSIER_LOG_ERROR,
      report.applied ? "the configuration was reloaded" : "the reload is refused; everything goes on as before");
  log(report);
  told_status = status();
  manager.ready(told_status);
  return report;
}

// Of several who come at the same time one tells it.
void Host::Impl::stay_alive() {
  const auto now = steady_clock::now();
  auto due = alive_at.load();
  if (now >= due && alive_at.compare_exchange_strong(due, now + manager.watchdog_interval())) manager.alive();
}

std::string Host::Impl::status() const {
  std::string text;
  for (std::string line : control->not_running()) {
    line.replace(line.find(": "), 2, " ");  // "net failed: start: ..."
    std::replace(line.begin(), line.end(), '\n', ' ');
    text += (text.empty() ? "" : "; ") + line;
  }
  return text.empty() ? "all plugins run" : text;
}

void Host::Impl::tell_status() {
  std::string now = status();
  if (now == told_status) return;
  told_status = std::move(now);
  manager.status(told_status);
}

void Host::Impl::answer_waiting(const ApplyReport& report) {
  for (const auto& waiter : reload_waiters) waiter->set_value(report);
  reload_waiters.clear();
}

// ---- down

void Host::Impl::ask_to_stop() {
  stopping.store(true);
  loop.post([] {});
}

int Host::Impl::take_down() {
  down = true;
  manager.stopping();
  control->set_ready(false);
  answer_waiting({false, {"the host is stopping"}, {}, {}});
  loop.close();
  unwatch_everything();
  const auto begin = steady_clock::now();
  const auto stuck = lifecycle->stop_all(options.stop_deadline);
  for (const std::string& line : stuck) log(TARSIER_LOG_ERROR, "did not stop: " + line);
  log(TARSIER_LOG_INFO, "stopped after " + milliseconds_since(begin));
  logs->report_repeats();
  // A thread that hangs in a plugin would hang the end of the rooms too; everything that was acknowledged is committed.
  if (!stuck.empty() && options.process) ::_exit(1);
  return stuck.empty() ? 0 : 1;
}

}  // namespace tarsier::host
