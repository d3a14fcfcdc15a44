#include "tests/unit/plugins/net/made_up_host.hpp"

#include <algorithm>
#include <chrono>

tarsier_config_node& tarsier_config_node::at(const std::string& path) {
  const size_t dot = path.find('.');
  const std::string name = path.substr(0, dot);
  auto entry = std::find_if(entries.begin(), entries.end(), [&](const auto& one) { return one.key == name; });
  if (entry == entries.end()) {
    entry = entries.emplace(entries.end());
    entry->key = name;
  }
  return dot == std::string::npos ? *entry : entry->at(path.substr(dot + 1));
}
void tarsier_config_node::set(const std::string& path, const std::string& value) {
  auto& node = at(path);
  node.kind = TARSIER_NODE_STRING;
  node.text = value;
}
void tarsier_config_node::set_number(const std::string& path, int64_t value, tarsier_node_kind as) {
  auto& node = at(path);
  node.kind = as;
  node.number = value;
}
void tarsier_config_node::set_list(const std::string& path, const std::vector<std::string>& values) {
  auto& node = at(path);
  node.kind = TARSIER_NODE_ARRAY;
  for (const auto& value : values) {
    tarsier_config_node item;
    item.kind = TARSIER_NODE_STRING;
    item.text = value;
    node.entries.push_back(item);
  }
}

namespace tarsier::net::test {

/// The host's services over MadeUpHost.
struct Tables {
  static MadeUpHost::Instance& of(const tarsier_host* host) { return *static_cast<MadeUpHost::Instance*>(host->ctx); }

  static int32_t enabled(const tarsier_host*, tarsier_log_level) { return 0; }
  static void log(const tarsier_host*, tarsier_log_level, tarsier_str, const tarsier_pair*, uint32_t) {}
  static constexpr tarsier_log kLog = {sizeof(tarsier_log), enabled, log};

  static int64_t now(const tarsier_host*) { return std::chrono::steady_clock::now().time_since_epoch().count(); }
  static constexpr tarsier_clock kClock = {sizeof(tarsier_clock), now, now};

  static tarsier_metric* resolve(const tarsier_host*, tarsier_metric_type, tarsier_str, tarsier_str, const tarsier_pair*, uint32_t,
                                 const double*, uint32_t, tarsier_error*) {
    return nullptr;
  }
  static constexpr tarsier_metrics kMetrics = {sizeof(tarsier_metrics), resolve, nullptr, nullptr};

  static tarsier_status post(const tarsier_host* host, const tarsier_job* job, tarsier_error* error) {
    if (of(host).world->workers.post(Executor::Need::required, [run = job->run, user = job->user] { run(user); }))
      return TARSIER_OK;
    return Error::unavailable("stopping").to_c(error);
  }
  static tarsier_status after(const tarsier_host* host, int64_t, const tarsier_job* job, tarsier_timer**, tarsier_error* error) {
    MadeUpHost& world = *of(host).world;
    {
      const std::lock_guard lock(world.mutex_);
      if (world.holds_timers_) return world.timers_.push_back(*job), TARSIER_OK;
    }
    return post(host, job, error);
  }
  static const tarsier_scheduler* scheduler() {
    static const tarsier_scheduler table = [] {
      tarsier_scheduler made{};
      made.size = sizeof(made);
      made.post = post;
      made.after = after;
      return made;
    }();
    return &table;
  }

  static int32_t enter(const tarsier_host* host) {
    auto& instance = of(host);
    const std::lock_guard lock(instance.mutex);
    if (instance.closed) return 0;
    ++instance.in_flight;
    return 1;
  }
  static void leave(const tarsier_host* host) {
    auto& instance = of(host);
    const std::lock_guard lock(instance.mutex);
    --instance.in_flight;
    instance.left.notify_all();
  }
  static tarsier_hold* hold(const tarsier_host* provider, const tarsier_host* owner, void (*revoke)(void*), void* user,
                            tarsier_error* error) {
    {
      const std::lock_guard lock(of(owner).mutex);
      if (of(owner).closed) {
        (void)Error::unavailable("stopping").to_c(error);
        return nullptr;
      }
    }
    auto& world = *of(provider).world;
    const std::lock_guard lock(world.mutex_);
    return world.holds_.emplace_back(std::make_unique<tarsier_hold>(tarsier_hold{owner, revoke, user})).get();
  }
  static void unhold(tarsier_hold* held);
  static tarsier_str name(const tarsier_host* owner) { return str(of(owner).name); }
  static int32_t in_transit(const tarsier_host* host, tarsier_str instance) {
    return of(host).world->is_in_transit(std::string(view(instance))) ? 1 : 0;
  }
  static constexpr tarsier_services kServices = {
      sizeof(tarsier_services), nullptr, nullptr, nullptr, nullptr, enter, leave, hold, unhold, name, nullptr, in_transit};

  static int32_t ready(const tarsier_host* host) { return of(host).world->ready ? 1 : 0; }
  static void not_running(const tarsier_host* host, tarsier_sink out) { out.write(out.user, bytes(of(host).world->not_running)); }
  static tarsier_status reload(const tarsier_host* host, tarsier_sink findings, tarsier_error* error) {
    auto& world = *of(host).world;
    findings.write(findings.user, bytes(world.reload_findings));
    if (world.reload_status == TARSIER_OK) return TARSIER_OK;
    return Error(world.reload_status, "the configuration does not check").to_c(error);
  }
  static void metrics_text(const tarsier_host*, tarsier_sink out) { out.write(out.user, bytes("tarsier_up 1\n")); }
  static const tarsier_control* control() {
    static const tarsier_control table = [] {
      tarsier_control made{};
      made.size = sizeof(made);
      made.ready = ready;
      made.not_running = not_running;
      made.reload = reload;
      made.metrics_text = metrics_text;
      return made;
    }();
    return &table;
  }

  static tarsier_node_kind kind(const tarsier_config_node* node) { return node->kind; }
  static uint64_t count(const tarsier_config_node* node) { return node->entries.size(); }
  static const tarsier_config_node* at(const tarsier_config_node* node, uint64_t index) {
    return index < node->entries.size() ? &node->entries[index] : nullptr;
  }
  static tarsier_str key_at(const tarsier_config_node* node, uint64_t index) { return str(node->entries[index].key); }
  static const tarsier_config_node* get(const tarsier_config_node* node, tarsier_str key) {
    for (const auto& entry : node->entries) {
      if (entry.key == view(key)) return &entry;
    }
    return nullptr;
  }
  static tarsier_str as_string(const tarsier_config_node* node) { return str(node->text); }
  static int64_t as_int(const tarsier_config_node* node) { return node->number; }
  static double as_float(const tarsier_config_node* node) { return static_cast<double>(node->number); }
  static int32_t as_bool(const tarsier_config_node* node) { return node->number != 0 ? 1 : 0; }
  static tarsier_str location(const tarsier_config_node*) { return str("tarsier.toml:7:1"); }
  static tarsier_str directory(const tarsier_config_node*) { return str(""); }
  static constexpr tarsier_config_api kConfig = {
      sizeof(tarsier_config_api), kind, count, at, key_at, get, as_string, as_int, as_float, as_bool, location, directory};
};

void Tables::unhold(tarsier_hold* held) {
  // Every hold of these tests is net's, and there is one world at a time for each owner.
  auto& world = *of(held->owner).world;
  const std::lock_guard lock(world.mutex_);
  world.holds_.remove_if([&](const auto& each) { return each.get() == held; });
}

MadeUpHost::MadeUpHost() = default;
MadeUpHost::~MadeUpHost() = default;

MadeUpHost::Instance& MadeUpHost::add(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Instance& instance = instances_.emplace_back();
  instance.name = name;
  instance.world = this;
  instance.raw.size = sizeof(instance.raw);
  instance.raw.ctx = &instance;
  instance.host = std::make_unique<Host>(&instance.raw);
  instance.host->log_service = &Tables::kLog;
  instance.host->clock = &Tables::kClock;
  instance.host->config = &Tables::kConfig;
  instance.host->metrics = &Tables::kMetrics;
  instance.host->scheduler = Tables::scheduler();
  instance.host->services = &Tables::kServices;
  instance.host->control = Tables::control();
  return instance;
}

void MadeUpHost::hold_timers() {
  const std::lock_guard lock(mutex_);
  holds_timers_ = true;
}

void MadeUpHost::run_timers() {
  std::vector<tarsier_job> due;
  {
    const std::lock_guard lock(mutex_);
    holds_timers_ = false;
    due.swap(timers_);
  }
  for (const tarsier_job& job : due) job.run(job.user);
}

bool MadeUpHost::quiesce(Instance& instance) {
  {
    const std::lock_guard lock(instance.mutex);
    instance.closed = true;
  }
  std::vector<tarsier_hold*> held;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& each : holds_) {
      if (each->owner == &instance.raw) held.push_back(each.get());
    }
  }
  for (tarsier_hold* each : held) each->revoke(each->user);
  std::unique_lock lock(instance.mutex);
  return instance.left.wait_for(lock, std::chrono::seconds(20), [&] { return instance.in_flight == 0; });
}

void MadeUpHost::set_in_transit(std::set<std::string> instances) {
  const std::lock_guard lock(mutex_);
  in_transit_ = std::move(instances);
}

bool MadeUpHost::is_in_transit(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  return instance.empty() ? !in_transit_.empty() : in_transit_.contains(instance);
}

void MadeUpHost::reopen(Instance& instance) {
  const std::lock_guard lock(instance.mutex);
  instance.closed = false;
}

}  // namespace tarsier::net::test
