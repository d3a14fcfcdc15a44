#include "plugins/collect/scrape/discovery_feed.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "tarsier/service.hpp"
#include "tarsier/service/discovery.h"

namespace tarsier::scrape {
namespace {

constexpr int64_t kLeastBetween = 5'000'000'000;
constexpr uint64_t kMostWaiting = 64U << 20U;  // bytes of batches

LabelSet labels_of(const batch::Sets& sets, uint32_t set) {
  LabelSet labels;
  for (uint32_t pair = 0; pair < sets.size(set); ++pair) labels.emplace(sets.name(set, pair), sets.value(set, pair));
  return labels;
}

/// The batch's targets as sets of labels; a source that has none is told with an empty set.
std::vector<uint32_t> sets_of(const batch::View& view, const batch::Sets& sets) {
  const auto rows = view.column<uint32_t>(TARSIER_COL_TARGET_LABELS);
  std::vector<uint32_t> targets;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(targets), [&](uint32_t set) { return sets.size(set) != 0; });
  return targets;
}

bool same_targets(const batch::View& one, const batch::View& other) {
  const batch::Sets left(one), right(other);
  return std::ranges::equal(sets_of(one, left), sets_of(other, right), [&](uint32_t a, uint32_t b) {
    bool same = left.size(a) == right.size(b);
    for (uint32_t pair = 0; same && pair < left.size(a); ++pair)
      same = left.name(a, pair) == right.name(b, pair) && left.value(a, pair) == right.value(b, pair);
    return same;
  });
}

}  // namespace

Result<void> DiscoveryFeed::start() {
  told_by_bus_.emplace();
  auto subscribed = subscribe_required(host_, TARSIER_TOPIC_TARGETS, kMostWaiting, [this](const Batch& batch, Delivery delivery) {
    take(batch);
    delivery.complete();
  });
  if (!subscribed) return std::move(subscribed).error();
  subscription_ = std::move(*subscribed);
  ask_providers();
  return {};
}

void DiscoveryFeed::stop() {
  subscription_.reset();
  std::map<std::string, Found, std::less<>> ended;  // timers are ended without the lock, which their closures take
  const std::lock_guard guard(lock_);
  ended.swap(pools_);
}

/// Those that start later tell everything by themselves; and what the bus has told meanwhile is newer than what they answer here.
void DiscoveryFeed::ask_providers() {
  std::vector<std::string> instances;
  host_.services->providers(host_.raw(), str(TARSIER_DISCOVERY_SERVICE), &instances, [](void* user, tarsier_str instance) {
    static_cast<std::vector<std::string>*>(user)->emplace_back(view(instance));
  });
  std::set<std::string> changed;
  for (const std::string& instance : instances) {
    for (const Batch& batch : current_of(instance)) {
      std::string pool;
      if (note(batch, Told::when_asked, pool)) changed.insert(pool);
    }
  }
  {
    const std::lock_guard guard(lock_);
    told_by_bus_.reset();
  }
  for (const std::string& pool : changed) tell_in_turn(pool);
}

std::vector<Batch> DiscoveryFeed::current_of(const std::string& instance) const {
  std::vector<Batch> found;
  const ServiceRef<tarsier_discovery> provider(host_, TARSIER_DISCOVERY_SERVICE "@" + instance);
  const auto use = provider.acquire();
  if (!use) return found;  // it has just stopped
  std::pair<const Host*, std::vector<Batch>*> into{&host_, &found};
  (*use)->current((*use)->self, &into, [](void* user, const tarsier_batch* raw) {
    auto& [host, batches] = *static_cast<std::pair<const Host*, std::vector<Batch>*>*>(user);
    host->bus->retain(raw);
    batches->emplace_back(host->bus, raw);
  });
  return found;
}

FoundTargets DiscoveryFeed::of(std::string_view pool) const {
  std::vector<Batch> batches;
  {
    const std::lock_guard guard(lock_);
    const auto found = pools_.find(pool);
    if (found == pools_.end()) return {};
    batches.reserve(found->second.by_source.size());
    for (const auto& [source, batch] : found->second.by_source) batches.push_back(batch);
  }
  return [batches = std::move(batches)](const std::function<void(LabelSet)>& take) {
    for (const Batch& batch : batches) {
      const batch::View view = batch.view();
      const batch::Sets sets(view);
      for (const uint32_t set : sets_of(view, sets)) take(labels_of(sets, set));
    }
  };
}

void DiscoveryFeed::take(const Batch& batch) {
  std::string pool;
  if (note(batch, Told::by_bus, pool)) tell_in_turn(pool);
}

/// False when it says nothing new.
bool DiscoveryFeed::note(const Batch& batch, Told told, std::string& pool) {
  const batch::View view = batch.view();
  const auto rows = view.column<uint32_t>(TARSIER_COL_TARGET_LABELS);
  if (rows.empty()) return false;
  const batch::Sets sets(view);
  pool = sets.symbol(view.column<uint32_t>(TARSIER_COL_TARGET_POOL)[0]);
  const std::string source(sets.symbol(view.column<uint32_t>(TARSIER_COL_TARGET_SOURCE)[0]));
  const bool none = sets_of(view, sets).empty();
  const std::lock_guard guard(lock_);
  if (told == Told::when_asked && told_by_bus_->contains({pool, source})) return false;
  if (told == Told::by_bus && told_by_bus_) told_by_bus_->emplace(pool, source);
  auto& by_source = pools_[pool].by_source;
  const auto known = by_source.find(source);
  if (known == by_source.end() ? none : same_targets(known->second.view(), view)) return false;
  if (none) {
    by_source.erase(known);
  } else {
    by_source.insert_or_assign(source, batch);
  }
  return true;
}

void DiscoveryFeed::tell_in_turn(const std::string& pool) {
  Timer ended;  // without the lock: its closure may be about to take it
  {
    const std::lock_guard guard(lock_);
    Found& found = pools_[pool];
    if (found.waiting) return;
    const int64_t now = host_.mono_ns();
    if (found.told_mono_ns != INT64_MIN && now - found.told_mono_ns < kLeastBetween) {
      auto timer = after(host_, "targets of " + pool, found.told_mono_ns + kLeastBetween - now, [this, pool] { tell(pool); });
      if (timer) {
        ended = std::exchange(found.timer, std::move(*timer));
        found.waiting = true;
        return;
      }
      host_.warn("targets are told without a pause", {field("pool", pool), field("error", timer.error().message())});
    }
  }
  tell(pool);
}

void DiscoveryFeed::tell(const std::string& pool) {
  {
    const std::lock_guard guard(lock_);
    const auto found = pools_.find(pool);
    if (found == pools_.end()) return;  // being stopped
    found->second.waiting = false;
    found->second.told_mono_ns = host_.mono_ns();
  }
  changed_(pool);
}

}  // namespace tarsier::scrape
