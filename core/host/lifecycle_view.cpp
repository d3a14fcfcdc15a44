// What the Lifecycle shows of its entries: copies, so that nobody who looks keeps a plugin loaded.
#include "core/host/lifecycle.hpp"
#include "core/scheduler/scheduler.hpp"

namespace tarsier::host {
namespace {

std::vector<std::string> texts(const char* const* list) {
  std::vector<std::string> out;
  for (; list != nullptr && *list != nullptr; ++list) out.emplace_back(*list);
  return out;
}

void describe(EntryView& view, const tarsier_plugin& plugin) {
  view.plugin = plugin.id;
  view.version = plugin.version;
  view.summary = plugin.summary;
  view.kinds = texts(plugin.kinds);
  for (auto need = plugin.needs; need != nullptr && *need != nullptr; ++need) view.needs.emplace_back((*need)->name);
  for (auto offer = plugin.offers; offer != nullptr && *offer != nullptr; ++offer) view.offers.emplace_back((*offer)->name);
}

void count(EntryView& view, Instance& instance, const Rooms& rooms) {
  const Accounting& accounting = instance.owner().accounting();
  view.cpu_ns = rooms.scheduler->cpu_ns(instance.owner());
  view.calls = accounting.calls.load(std::memory_order_relaxed);
  view.failures = accounting.failures.load(std::memory_order_relaxed);
  view.overruns = accounting.overruns.load(std::memory_order_relaxed);
  view.in_flight = instance.owner().in_flight() + rooms.services->uses_of(instance.name());
  view.queue_length = accounting.queue_length.load(std::memory_order_relaxed);
  view.dropped = accounting.dropped_batches.load(std::memory_order_relaxed);
  view.malformed = accounting.malformed_batches.load(std::memory_order_relaxed);
  view.call_counts = accounting.call_time.counts();
  view.call_seconds = accounting.call_time.sum_seconds();
  view.interval_factor = accounting.interval_factor.load(std::memory_order_relaxed);
}

EntryView view_of(const std::string& name, Instance& instance, const Rooms& rooms) {
  EntryView view;
  view.name = name;
  view.file = instance.module()->path();
  describe(view, instance.plugin());
  const auto status = instance.status();
  view.state = status.state;
  view.reason = status.reason;
  view.since_ns = status.since_ns;
  count(view, instance, rooms);
  return view;
}

}  // namespace

std::vector<std::string> Lifecycle::not_running() const {
  const std::lock_guard lock(entries_mutex_);
  std::vector<std::string> out;
  for (const auto& entry : entries_) {
    const std::string& instance = entry->spec.name;
    if (!entry->spec.enabled || entry->running() || in_transit_.contains(instance)) continue;
    const auto status = entry->instance != nullptr ? entry->instance->status() : Instance::Status{entry->state, entry->reason, 0};
    out.push_back(instance + ": " + std::string(name(status.state)) + (status.reason.empty() ? "" : ": " + status.reason));
  }
  return out;
}

std::vector<EntryView> Lifecycle::view() const {
  const std::lock_guard lock(entries_mutex_);
  std::vector<EntryView> out;
  for (const auto& entry : entries_) {
    EntryView view;
    if (entry->instance != nullptr) {
      view = view_of(entry->spec.name, *entry->instance, rooms_);
    } else {
      view.name = entry->spec.name;
      view.plugin = entry->spec.use;
      if (entry->spec.plugin != nullptr) describe(view, *entry->spec.plugin);
      if (entry->spec.module != nullptr) view.file = entry->spec.module->path();
      view.state = entry->state;
      view.reason = entry->reason;
      view.since_ns = entry->since_ns;
    }
    if (const std::string& why = entry->spec.refused_file; !why.empty()) {
      view.file_refused = true;
      view.reason += (view.reason.empty() ? "" : "; ") + ("the new file is refused, this version stays: " + why);
    }
    view.restarts = entry->restarts;
    out.push_back(std::move(view));
  }
  for (const auto& zombie : zombies_) out.push_back(view_of(zombie->name(), *zombie, rooms_));
  return out;
}

}  // namespace tarsier::host
