#include "core/host/change.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/bus/bus.hpp"
#include "core/host/section_findings.hpp"
#include "core/scheduler/clock.hpp"

namespace tarsier::host {
namespace {

// For what an instance has begun when its successor has taken over. Those who wait for it do so no longer than kTransitLimit.
constexpr auto kHandOver = std::chrono::seconds(2);

/// Runs all at once; a thread each, because any of them may hang until its deadline.
void run_together(std::vector<std::function<void()>> calls) {
  std::vector<std::thread> threads;
  for (size_t i = 1; i < calls.size(); ++i) threads.emplace_back(std::move(calls[i]));
  if (!calls.empty()) calls.front()();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

Change::Change(Lifecycle& lifecycle, std::vector<InstanceSpec> specs, bool strict) : lifecycle_(lifecycle), strict_(strict) {
  order(std::move(specs));
  for (Step& step : steps_) decide(step);
}

ApplyReport Change::run() {
  if (rejected() || !prepare() || !reconfigure()) return give_up();
  find_dependants();
  if (!prepare_cycled()) {
    undo_reconfigured();
    return give_up();
  }
  begin_transits();
  bool started = start_beside();
  if (started) {
    hand_over();
    stop_old();
    started = start_new();
  }
  if (!started) roll_back();
  lifecycle_.rooms_.services->end_transit();
  lifecycle_.rooms_.bus->expect_nobody();
  ApplyReport report = started ? commit() : give_up();
  const std::lock_guard lock(lifecycle_.entries_mutex_);
  lifecycle_.in_transit_.clear();
  return report;
}

// Before anything new runs, so that also that knows who is about to come.
void Change::begin_transits() {
  for (const Step& step : steps_) {
    if (step.kind == Kind::cycle || (step.kind == Kind::replace && !step.beside)) begin_transit(step);
  }
}

void Change::begin_transit(const Step& step) {
  lifecycle_.rooms_.services->begin_transit(step.spec.name, step.old->offered());
  lifecycle_.rooms_.bus->expect_back(step.spec.name);
  const std::lock_guard lock(lifecycle_.entries_mutex_);
  lifecycle_.in_transit_.insert(step.spec.name);
}

void Change::problem(const Step& step, const std::string& what) {
  for (const auto& finding : section_findings(step.spec, what)) report_.problems.push_back(finding.text());
}

// The version that runs stays, whatever is wrong with its new file; nothing else depends on that.
void Change::keep_version(Step& step, const std::string& why) {
  step.kind = Kind::keep;
  step.spec = step.entry->spec;
  step.spec.refused_file = why;
  report_.warnings.push_back(file_warning(step.spec));
}

// Creates and configures everything new. A changed file alone is no reason to refuse the rest. Without strict, one that fails is
// left out: an added one is tried again later, a changed one goes on as it was.
bool Change::prepare() {
  std::vector<std::function<void()>> calls;
  for (Step& step : steps_) {
    if (step.kind != Kind::add && step.kind != Kind::replace && step.kind != Kind::reconfigure) continue;
    if (step.hangs) continue;
    calls.push_back([this, &step] {
      auto instance = lifecycle_.prepare(step.spec);
      if (instance) {
        step.fresh = std::move(instance).value();
      } else {
        step.failure = instance.error().message();
      }
    });
  }
  run_together(std::move(calls));
  for (Step& step : steps_) {
    if (step.failure.empty() || step.hangs) continue;
    if (step.upgrade) {
      keep_version(step, std::exchange(step.failure, {}));
      continue;
    }
    if (strict_ || step.kind != Kind::add) problem(step, step.failure);
    if (strict_ || step.kind == Kind::add) continue;
    lifecycle_.log(TARSIER_LOG_ERROR, step.spec.name,
                   "the new version or configuration is not taken, the old one goes on: " + step.failure);
    step.failure.clear();
    step.kind = Kind::keep;
    step.spec = step.entry->spec;
  }
  return !rejected();
}

// Those who start again do so as new instances: a plugin that was never tried twice is not tried now.
bool Change::prepare_cycled() {
  for (Step& step : steps_) {
    if (step.kind != Kind::cycle) continue;
    auto instance = lifecycle_.prepare(step.spec);
    if (!instance) {
      problem(step, instance.error().message());
      return false;
    }
    step.fresh = std::move(instance).value();
  }
  return true;
}

bool Change::reconfigure() {
  for (Step& step : steps_) {
    if (step.kind != Kind::reconfigure) continue;
    InstanceSpec before = step.old->spec();
    auto done = step.old->reconfigure(step.spec, lifecycle_.limits_.call);
    if (done) {
      reconfigured_.emplace_back(&step, std::move(before));
      continue;
    }
    if (done.error().code() == TARSIER_UNSUPPORTED) {
      step.kind = Kind::replace;
      continue;
    }
    problem(step, done.error().message());
    undo_reconfigured();
    return false;
  }
  for (auto& [step, before] : reconfigured_) lifecycle_.discard(std::move(step->fresh));
  return true;
}

// One that cannot start beside its former version gets a second chance after that has stopped; not one that hangs.
bool Change::start_beside() {
  for (size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    if (!step.beside) continue;
    auto up = lifecycle_.bring_up(*step.fresh, i, &step.moved);
    step.up = up.ok();
    if (up) continue;
    if (step.fresh->abandoned()) {
      did_not_start(step, up.error().message());
      return false;
    }
    lifecycle_.log(TARSIER_LOG_WARN, step.spec.name,
                   "does not start beside the running one, which is stopped first: " + up.error().message());
    step.beside = false;
    begin_transit(step);
  }
  return true;
}

// While those who hold something in the old ones still run, and can answer what these have let in.
void Change::hand_over() {
  for (Step& step : steps_) {
    if (!step.beside || !step.old->can_hand_over()) continue;
    step.handed_over = true;
    const auto time = std::min<std::chrono::nanoseconds>(kHandOver, lifecycle_.limits_.call);
    if (auto done = step.old->hand_over(time, lifecycle_.limits_.call + time); !done)
      lifecycle_.log(TARSIER_LOG_WARN, step.spec.name, done.error().message());
  }
}

void Change::stop_old() {
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    if (step->old == nullptr) continue;
    const bool ends = step->kind == Kind::remove || step->kind == Kind::cycle || (step->kind == Kind::replace && !step->beside);
    if (!ends) continue;
    step->down = true;
    if (auto down = lifecycle_.take_down(step->old); !down) {
      step->lost = true;
      problem(*step, "does not stop: " + down.error().message());
    }
  }
}

bool Change::start_new() {
  size_t begin = 0;
  for (const size_t end : level_ends_) {
    Steps level;
    for (size_t i = begin; i < end; ++i) {
      Step& step = steps_[i];
      const bool starts = (step.kind == Kind::add && step.fresh != nullptr) || step.kind == Kind::cycle ||
                          (step.kind == Kind::replace && !step.beside);
      if (starts) level.push_back(&step);
    }
    if (!start_level(level)) return false;
    begin = end;
  }
  return true;
}

void Change::did_not_start(const Step& step, const std::string& why) {
  if (step.upgrade) {
    refused_upgrades_.emplace(step.spec.name, why);
  } else {
    problem(step, why);
  }
}

bool Change::start_level(const Steps& steps) {
  std::vector<std::function<void()>> calls;
  for (Step* step : steps) {
    calls.push_back([this, step] {
      auto up = lifecycle_.bring_up(*step->fresh, static_cast<uint64_t>(step - steps_.data()));
      step->up = up.ok();
      if (!up) step->failure = up.error().message();
    });
  }
  run_together(std::move(calls));
  bool all = true;
  for (const Step* step : steps) {
    if (step->failure.empty()) continue;
    did_not_start(*step, step->failure);
    all = all && step->kind == Kind::add;
  }
  return all;
}

// ---- the end

ApplyReport Change::commit() {
  install_entries();
  for (Step& step : steps_) {
    if (step.beside) retire_beside(step);
  }
  for (Step& step : steps_) {
    if (step.kind == Kind::remove || step.kind == Kind::replace || step.kind == Kind::cycle)
      lifecycle_.discard(std::move(step.old));
    step.old.reset();
  }
  steps_.clear();
  reconfigured_.clear();
  lifecycle_.sweep();
  return std::move(report_);
}

void Change::retire_beside(Step& step) {
  auto drained = lifecycle_.drain(*step.old, step.moved);
  if (drained) drained = step.old->stop(lifecycle_.limits_.stop);
  if (!drained) problem(step, "the former version does not stop: " + drained.error().message());
}

void Change::install_entries() {
  std::vector<std::pair<Entry*, std::string>> failed;
  {
    std::vector<std::unique_ptr<Entry>> entries;
    const std::lock_guard lock(lifecycle_.entries_mutex_);
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i].gone) {
        tell(steps_[i], "stopped: it is not in the configuration any more");
        continue;
      }
      Entry& entry = *entries.emplace_back(take_entry(steps_[i]));
      entry.order = i;
      settle(entry, steps_[i]);
      if (steps_[i].failure.empty()) continue;
      failed.emplace_back(&entry, steps_[i].failure);
      for (const auto& finding : section_findings(steps_[i].spec, steps_[i].failure)) report_.logged.push_back(finding.text());
    }
    lifecycle_.entries_ = std::move(entries);
  }
  for (const auto& [entry, reason] : failed) lifecycle_.fail(*entry, reason);
}

std::unique_ptr<Entry> Change::take_entry(Step& step) {
  for (auto& entry : lifecycle_.entries_) {
    if (entry != nullptr && entry.get() == step.entry) return std::move(entry);
  }
  return std::make_unique<Entry>(step.spec);
}

void Change::tell(const Step& step, const std::string& what) { lifecycle_.log(TARSIER_LOG_INFO, step.spec.name, what); }

// What the entry is after the change.
void Change::settle(Entry& entry, Step& step) {
  if (step.kind != Kind::keep) {
    entry.spec = step.spec;
    entry.restart_at.reset();
  }
  switch (step.kind) {
    case Kind::keep:
      break;
    case Kind::adjust:
      entry.instance->adjust(step.spec);
      tell(step, "its restart and cpu_share settings were changed");
      break;
    case Kind::reconfigure:
      entry.instance->adjust(step.spec);  // the plugin has taken the rest
      tell(step, "reconfigured");
      break;
    case Kind::add:
    case Kind::replace:
    case Kind::cycle:
      if (step.failure.empty()) {
        tell(step, step.kind == Kind::cycle
                       ? "started again with what it needs"
                       : std::string(step.kind == Kind::add ? "started" : "replaced") + ", version " + step.spec.plugin->version);
      }
      entry.backoff = Backoff(entry.spec.name);
      entry.instance = std::move(step.fresh);
      entry.started_at = std::chrono::steady_clock::now();
      break;
    case Kind::remove:
      tell(step, "stopped" + (step.spec.refusal.empty() ? "" : ": " + step.spec.refusal));
      [[fallthrough]];
    case Kind::refuse:
      entry.instance.reset();
      entry.state = entry.spec.enabled ? State::refused : State::disabled;
      entry.reason = entry.spec.refusal;
      entry.since_ns = lifecycle_.rooms_.clock->wall_ns();
      break;
  }
  entry.spec.refused_file = step.spec.refused_file;
}

}  // namespace tarsier::host
