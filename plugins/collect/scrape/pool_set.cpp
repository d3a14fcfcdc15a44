// Applying a configuration, and what discovery found, to running targets.
#include "plugins/collect/scrape/pool_set.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

namespace tarsier::scrape {

namespace {

using TargetPtr = std::shared_ptr<Target>;

/// Fresh targets by the labels of their series.
class Successors {
 public:
  explicit Successors(const std::vector<TargetPtr>& fresh) {
    for (const TargetPtr& target : fresh) by_labels_[target->spec().labels].push_back(target.get());
  }

  /// Who goes on with the target's series, at best at the same URL; null: nobody.
  Target* of(const Target& ended) const {
    const auto found = by_labels_.find(ended.spec().labels);
    if (found == by_labels_.end()) return nullptr;
    for (Target* const target : found->second)
      if (target->spec().url == ended.spec().url) return target;
    return found->second.front();
  }

 private:
  std::map<LabelSet, std::vector<Target*>> by_labels_;
};

/// Running targets by what makes them the same.
class Running {
 public:
  explicit Running(const std::vector<TargetPtr>& targets) {
    for (const TargetPtr& target : targets) known_.emplace(key(target->spec()), target);
  }
  /// Null: there is none.
  TargetPtr find(const TargetSpec& spec) const {
    const auto found = known_.find(key(spec));
    return found == known_.end() ? nullptr : found->second;
  }

 private:
  using Key = std::tuple<LabelSet, std::string, std::string, int64_t, int64_t, bool, bool, bool>;
  static Key key(const TargetSpec& spec) {
    return {spec.labels,          spec.url,
            spec.socket,          spec.interval_ns,
            spec.timeout_ns,      spec.native_histograms,
            spec.convert_classic, spec.classic_beside_native};
  }
  std::map<Key, TargetPtr> known_;
};

std::vector<TargetPtr> all_targets(const std::vector<Pool>& pools) {
  std::vector<TargetPtr> all;
  for (const Pool& pool : pools) all.insert(all.end(), pool.targets.begin(), pool.targets.end());
  std::sort(all.begin(), all.end());
  return all;
}

/// Those of the first, sorted, that are not among the second.
std::vector<TargetPtr> without(const std::vector<TargetPtr>& some, const std::vector<TargetPtr>& others) {
  std::vector<TargetPtr> rest;
  std::set_difference(some.begin(), some.end(), others.begin(), others.end(), std::back_inserter(rest));
  return rest;
}

/// A job with too many targets scrapes none.
void apply_limit(const Pool& pool) {
  const bool exceeded = pool.job->target_limit != 0 && pool.targets.size() > pool.job->target_limit;
  const std::string why = "target_limit exceeded (number of targets: " + std::to_string(pool.targets.size()) +
                          ", limit: " + std::to_string(pool.job->target_limit) + ")";
  for (const TargetPtr& target : pool.targets) target->refuse(exceeded ? why : "");
}

}  // namespace

/// The pool with its targets started; those that run already and stay are among them. On failure nothing has changed.
Result<Pool> PoolSet::fill(std::shared_ptr<const Job> job, const std::vector<TargetPtr>& running) {
  Pool pool{std::move(job), {}, {}};
  Targets found = expand_targets(*pool.job, found_(pool.job->name));
  tell_refused(*pool.job, found.unscraped);
  pool.unscraped = std::make_shared<const Unscraped>(std::move(found.unscraped));
  const Running known(running);
  std::vector<TargetPtr> fresh;
  for (TargetSpec& spec : found.active) {
    TargetPtr target = known.find(spec);
    if (target != nullptr) {
      target->note_discovered(std::move(spec.discovered));
    } else {
      target = fresh.emplace_back(std::make_shared<Target>(shared_, pool.job, std::move(spec)));
    }
    pool.targets.push_back(std::move(target));
  }
  apply_limit(pool);
  for (const TargetPtr& target : fresh) {
    if (auto started = target->start(); !started) {
      for (const TargetPtr& other : fresh) other->stop(false);
      return std::move(started).error();
    }
  }
  return pool;
}

void PoolSet::tell_refused(const Job& job, const Unscraped& unscraped) const {
  if (unscraped.refused.empty()) return;
  const Unscraped::Refused& first = unscraped.refused.front();
  shared_.host.warn("targets cannot be scraped",
                    {field("job", job.name), field("targets", std::to_string(unscraped.refused.size())),
                     field("first", get(first.discovered, "__address__")), field("error", first.why)});
}

/// Shows the pools and ends the targets that are in none of them.
void PoolSet::replace(std::vector<Pool> next) {
  std::sort(next.begin(), next.end(), [](const Pool& a, const Pool& b) { return a.job->name < b.job->name; });
  const std::vector<TargetPtr> old = all_targets(snapshot()), now = all_targets(next);
  {
    const std::lock_guard guard(lock_);
    pools_ = std::move(next);
  }
  const Successors successors(without(now, old));
  // A target that goes on under the same labels needs no markers: there is no gap. Those that it has no more come with its next
  // page.
  for (const TargetPtr& target : without(old, now)) {
    Target* const successor = successors.of(*target);
    target->stop(successor == nullptr);
    if (successor != nullptr) successor->inherit(*target);
  }
}

Result<void> PoolSet::apply(const std::vector<Job>& jobs) {
  const std::lock_guard changing(change_lock_);
  const std::vector<Pool> old = snapshot();
  std::vector<Pool> next, fresh;
  for (const Job& job : jobs) {
    const auto same = std::find_if(old.begin(), old.end(), [&](const Pool& pool) { return *pool.job == job; });
    if (same != old.end()) {
      next.push_back(*same);
      continue;
    }
    auto filled = fill(std::make_shared<const Job>(job), {});
    if (!filled) {
      for (const TargetPtr& target : all_targets(fresh)) target->stop(false);
      return std::move(filled).error().in("job '" + job.name + "'");
    }
    fresh.push_back(*filled);
    next.push_back(std::move(*filled));
  }
  replace(std::move(next));
  return {};
}

Result<void> PoolSet::refresh(const std::string& job) {
  const std::lock_guard changing(change_lock_);
  std::vector<Pool> next = snapshot();
  const auto pool = std::find_if(next.begin(), next.end(), [&](const Pool& one) { return one.job->name == job; });
  if (pool == next.end()) return Error(TARSIER_NOT_FOUND, "there is no job " + job);
  auto filled = fill(pool->job, pool->targets);
  if (!filled) return std::move(filled).error().in("job '" + job + "'");
  *pool = std::move(*filled);
  replace(std::move(next));
  return {};
}

void PoolSet::stop(bool mark_stale) {
  const std::lock_guard changing(change_lock_);
  for (const TargetPtr& target : all_targets(snapshot())) target->stop(mark_stale);
  const std::lock_guard guard(lock_);
  pools_.clear();
}

std::vector<Pool> PoolSet::snapshot() const {
  const std::lock_guard guard(lock_);
  return pools_;
}

}  // namespace tarsier::scrape
