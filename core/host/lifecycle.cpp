#include "core/host/lifecycle.hpp"

#include <algorithm>

#include "core/host/change.hpp"
#include "core/scheduler/scheduler.hpp"

namespace tarsier::host {

using std::chrono::steady_clock;

namespace {

constexpr std::chrono::nanoseconds kLastWord = std::chrono::seconds(1);  // for destroy, when the time to stop is over
constexpr auto kReapEvery = std::chrono::milliseconds(500);
// A call that has not returned by now may be waiting for the very change that wants to drain it.
constexpr auto kPatience = std::chrono::milliseconds(250);

}  // namespace

Lifecycle::Lifecycle(Rooms& rooms, Modules& modules, LifecycleOptions options)
    : rooms_(rooms), modules_(modules), options_(std::move(options)), limits_(options_.deadlines) {}

Lifecycle::~Lifecycle() {
  for (const auto& zombie : zombies_) zombie->orphan();
}

void Lifecycle::log(tarsier_log_level level, const std::string& instance, const std::string& message) const {
  if (options_.log) options_.log(level, instance, message);
}

Entry* Lifecycle::find(std::string_view name) {
  for (const auto& entry : entries_) {
    if (entry->spec.name == name) return entry.get();
  }
  return nullptr;
}

void Lifecycle::set_entry_state(Entry& entry, State state, std::string reason) {
  const std::lock_guard lock(entries_mutex_);
  if (entry.state != state) entry.since_ns = rooms_.clock->wall_ns();
  entry.state = state;
  entry.reason = std::move(reason);
}

InstanceEvents Lifecycle::events() {
  InstanceEvents events;
  events.changed = [this](const Instance& instance) {
    const auto status = instance.status();
    if (status.state == State::degraded) log(TARSIER_LOG_WARN, instance.name(), "degraded: " + status.reason);
  };
  events.failed = [this](Instance& instance, std::string reason) {
    options_.post([this, weak = instance.weak_from_this(), reason = std::move(reason)] {
      if (const auto alive = weak.lock(); alive != nullptr) on_failed(*alive, reason);
    });
  };
  events.called = options_.called;
  return events;
}

// Ends: each round is without an upgrade that was in the one before.
ApplyReport Lifecycle::apply(std::vector<InstanceSpec> specs, bool strict) {
  ApplyReport report;
  while (true) {
    Change change(*this, specs, strict);
    report = change.run();
    if (report.applied || change.refused_upgrades().empty()) break;
    for (InstanceSpec& spec : specs) {
      const auto refused = change.refused_upgrades().find(spec.name);
      const Entry* entry = refused != change.refused_upgrades().end() ? find(spec.name) : nullptr;
      if (entry == nullptr) continue;
      spec = entry->spec;
      spec.refused_file = refused->second;
    }
  }
  specs.clear();  // they hold the files that were refused
  sweep();
  return report;
}

const InstanceSpec* Lifecycle::running(std::string_view name) const {
  for (const auto& entry : entries_) {
    if (entry->spec.name == name && entry->running()) return &entry->spec;
  }
  return nullptr;
}

// ---- one instance

Result<std::shared_ptr<Instance>> Lifecycle::prepare(const InstanceSpec& spec) {
  auto instance = Instance::make(rooms_, spec, spec.module, *spec.plugin, events());
  auto done = instance->create(limits_.call);
  if (done) done = instance->configure(limits_.call);
  if (done) return instance;
  discard(std::move(instance));
  return std::move(done).error();
}

Result<void> Lifecycle::bring_up(Instance& instance, uint64_t order, ServiceRegistry::References* moved) {
  rooms_.scheduler->pool().set_share(instance.owner(), instance.spec().cpu_share);
  auto started = instance.start(limits_.call);
  if (started) started = instance.ask_services();
  if (started) {
    auto references = rooms_.services->offer(instance.name(), order, instance.offered());
    if (moved != nullptr) *moved = std::move(references);
    return {};
  }
  // What it registered before it failed must not fire any more. An abandoned one is closed, not waited for.
  const auto quiet = instance.quiesce(instance.abandoned() ? std::chrono::nanoseconds(0) : limits_.drain);
  if (quiet && !instance.abandoned()) (void)instance.stop(limits_.stop);
  instance.set_state(State::failed, started.error().message());
  return started;
}

Result<void> Lifecycle::drain(Instance& instance, const ServiceRegistry::References& references) {
  const auto limit = limits_.drain;
  if (!rooms_.services->wait_unused(references, std::min<std::chrono::nanoseconds>(kPatience, limit))) {
    if (options_.waiting) options_.waiting();
    if (!rooms_.services->wait_unused(references, limit)) {
      instance.set_unfinished(references);
      return Error(TARSIER_DEADLINE, "its services are still in use");
    }
  }
  auto quiet = instance.quiesce(std::min<std::chrono::nanoseconds>(kPatience, limit));
  if (quiet) return quiet;
  if (options_.waiting) options_.waiting();
  return instance.quiesce(limit);
}

Result<void> Lifecycle::take_down(const std::shared_ptr<Instance>& instance) {
  if (instance->abandoned()) return Error(TARSIER_DEADLINE, "a call of it has not returned");
  if (!instance->started()) return {};
  const auto references = rooms_.services->withdraw(instance->name());
  if (auto drained = drain(*instance, references); !drained) return drained;
  auto stopped = instance->stop(limits_.stop);
  if (instance->abandoned()) return stopped;
  if (!stopped) log(TARSIER_LOG_WARN, instance->name(), stopped.error().message());
  return {};
}

void Lifecycle::discard(std::shared_ptr<Instance> instance) {
  if (instance == nullptr) return;
  if (instance->abandoned() || instance->started() || instance->owner().in_flight() != 0) {
    keep_zombie(std::move(instance), "a call of it has not returned");
    return;
  }
  if (auto destroyed = instance->destroy(limits_.call); !destroyed) {
    keep_zombie(std::move(instance), destroyed.error().message());
  } else if (const uint32_t threads = instance->owner().accounting().threads.load(); threads > 0) {
    // Its code must stay where it is while they run.
    keep_zombie(std::move(instance), std::to_string(threads) + " thread(s) that it started still run");
  }
}

void Lifecycle::keep_zombie(std::shared_ptr<Instance> instance, const std::string& reason) {
  log(TARSIER_LOG_ERROR, instance->name(),
      "cannot be unloaded: " + reason + "; " + instance->module()->path() + " stays loaded until it returns");
  instance->set_state(State::retained, reason);
  const std::lock_guard lock(entries_mutex_);
  zombies_.push_back(std::move(instance));
}

bool Lifecycle::has_zombie(std::string_view name) const {
  return std::any_of(zombies_.begin(), zombies_.end(), [&](const auto& zombie) { return zombie->name() == name; });
}

bool Lifecycle::hangs(const InstanceSpec& spec) const {
  return std::any_of(zombies_.begin(), zombies_.end(), [&](const auto& zombie) {
    return zombie->name() == spec.name && zombie->module() == spec.module && zombie->abandoned();
  });
}

// What came back from its call can be ended now.
void Lifecycle::reap() {
  std::vector<std::shared_ptr<Instance>> returned;
  {
    const std::lock_guard lock(entries_mutex_);
    const auto gone = std::stable_partition(zombies_.begin(), zombies_.end(), [](const auto& zombie) { return zombie->busy(); });
    returned.assign(gone, zombies_.end());
    zombies_.erase(gone, zombies_.end());
  }
  for (auto& zombie : returned) {
    log(TARSIER_LOG_INFO, zombie->name(), "its last call has returned; it is unloaded now");
    if (zombie->quiesce(limits_.drain)) (void)zombie->stop(limits_.stop);
    discard(std::move(zombie));
  }
  returned.clear();
  sweep();
}

void Lifecycle::sweep() {
  for (const RetainedModule& module : modules_.sweep()) {
    log(TARSIER_LOG_WARN, module.ids.front(),
        module.path + " " + module.version + " was unloaded, but something still holds it in memory");
  }
}

// ---- failures

void Lifecycle::on_failed(Instance& instance, const std::string& reason) {
  if (has_zombie(instance.name())) {
    reap();
    return;
  }
  Entry* entry = find(instance.name());
  if (stopping_ || entry == nullptr || entry->instance.get() != &instance || !instance.started()) return;
  const std::shared_ptr<Instance> failing = entry->instance;
  if (auto down = take_down(failing); !down) log(TARSIER_LOG_ERROR, failing->name(), down.error().message());
  fail(*entry, reason);
}

// The entry's instance is down, or never came up: drop it, and say when it is tried again.
void Lifecycle::fail(Entry& entry, const std::string& reason) {
  std::shared_ptr<Instance> gone;
  {
    const std::lock_guard lock(entries_mutex_);
    gone = std::move(entry.instance);
    entry.instance = nullptr;
  }
  discard(std::move(gone));
  set_entry_state(entry, State::failed, reason);
  if (entry.spec.restart == RestartPolicy::never) {
    log(TARSIER_LOG_ERROR, entry.spec.name, "failed: " + reason + "; not restarted (restart = \"never\")");
    entry.restart_at.reset();
    return;
  }
  entry.backoff.ran_for(steady_clock::now() - entry.started_at);
  const auto delay = entry.backoff.next();
  entry.restart_at = steady_clock::now() + delay;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(delay).count();
  log(TARSIER_LOG_ERROR, entry.spec.name, "failed: " + reason + "; restart in " + std::to_string(ms) + " ms");
}

void Lifecycle::restart(Entry& entry) {
  entry.restart_at.reset();
  auto instance = prepare(entry.spec);
  {
    const std::lock_guard lock(entries_mutex_);
    ++entry.restarts;
  }
  if (!instance) return fail(entry, instance.error().message());
  {
    const std::lock_guard lock(entries_mutex_);
    entry.instance = *instance;
  }
  entry.started_at = steady_clock::now();
  if (auto up = bring_up(**instance, entry.order); !up) return fail(entry, up.error().message());
  log(TARSIER_LOG_INFO, entry.spec.name, "runs again");
}

void Lifecycle::run_due() {
  if (!zombies_.empty()) reap();
  const auto now = steady_clock::now();
  for (const auto& entry : entries_) {
    if (!stopping_ && entry->restart_at && *entry->restart_at <= now && !has_zombie(entry->spec.name)) restart(*entry);
  }
}

steady_clock::time_point Lifecycle::next_due() const {
  auto next = zombies_.empty() ? steady_clock::time_point::max() : steady_clock::now() + kReapEvery;
  for (const auto& entry : entries_) {
    if (entry->restart_at && !has_zombie(entry->spec.name)) next = std::min(next, *entry->restart_at);
  }
  return next;
}

// ---- the end

std::vector<std::string> Lifecycle::stop_all(std::chrono::nanoseconds deadline) {
  stopping_ = true;
  const auto until = steady_clock::now() + deadline;
  std::vector<std::string> stuck;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    const std::shared_ptr<Instance> instance = (*entry)->instance;
    if (instance == nullptr) continue;
    if (steady_clock::now() >= until) {
      stuck.push_back(instance->name() + ": the time to stop was over before its turn");
      continue;
    }
    const std::chrono::nanoseconds left = until - steady_clock::now();
    limits_ = {std::min(limits_.call, left), std::min(limits_.drain, left), std::min(limits_.stop, left)};
    if (auto down = take_down(instance); !down) stuck.push_back(instance->name() + ": " + down.error().message());
  }
  limits_.call = std::max(limits_.call, kLastWord);
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    std::shared_ptr<Instance> instance;
    {
      const std::lock_guard lock(entries_mutex_);
      instance = std::move((*entry)->instance);
      (*entry)->instance = nullptr;
    }
    if (instance == nullptr) continue;
    if (instance->started()) {
      keep_zombie(std::move(instance), "it did not stop");
    } else {
      discard(std::move(instance));
    }
  }
  for (const auto& zombie : zombies_) {
    const auto named = [&](const std::string& line) { return line.starts_with(zombie->name() + ":"); };
    if (std::none_of(stuck.begin(), stuck.end(), named)) stuck.push_back(zombie->name() + ": " + zombie->status().reason);
  }
  {
    const std::lock_guard lock(entries_mutex_);
    entries_.clear();
  }
  sweep();
  return stuck;
}

}  // namespace tarsier::host
