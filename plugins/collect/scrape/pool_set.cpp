// Applying a configuration to running targets.
#include "plugins/collect/scrape/pool_set.hpp"

#include <algorithm>

namespace tarsier::scrape {

Result<Pool> PoolSet::start(const Job& job) {
  Pool pool{std::make_shared<const Job>(job), {}};
  auto specs = expand_targets(job);
  if (!specs) return std::move(specs).error();
  for (TargetSpec& spec : *specs) pool.targets.push_back(std::make_shared<Target>(shared_, pool.job, std::move(spec)));
  if (job.target_limit != 0 && pool.targets.size() > job.target_limit) {
    const std::string why = "target_limit exceeded (number of targets: " + std::to_string(pool.targets.size()) +
                            ", limit: " + std::to_string(job.target_limit) + ")";
    for (const auto& target : pool.targets) target->refuse(why);
  }
  for (const auto& target : pool.targets) {
    if (auto started = target->start(); !started) {
      stop(pool, false);
      return std::move(started).error();
    }
  }
  return pool;
}

void PoolSet::stop(const Pool& pool, bool mark_stale) {
  for (const auto& target : pool.targets) target->stop(mark_stale);
}

/// Targets that a fresh pool goes on with, under the same labels, need no markers: there is no gap.
void PoolSet::replace(const Pool& old, const std::vector<Pool>& fresh) {
  for (const auto& target : old.targets) {
    const bool goes_on = std::any_of(fresh.begin(), fresh.end(), [&](const Pool& pool) {
      return std::any_of(pool.targets.begin(), pool.targets.end(),
                         [&](const auto& candidate) { return candidate->spec().labels == target->spec().labels; });
    });
    target->stop(!goes_on);
  }
}

Result<void> PoolSet::apply(const std::vector<Job>& jobs) {
  std::vector<Pool> old = snapshot(), next, fresh;
  for (const Job& job : jobs) {
    const auto same = std::find_if(old.begin(), old.end(), [&](const Pool& pool) { return *pool.job == job; });
    if (same != old.end()) {
      next.push_back(*same);
      continue;
    }
    auto started = start(job);
    if (!started) {
      for (const Pool& pool : fresh) stop(pool, false);
      return std::move(started).error().in("job '" + job.name + "'");
    }
    fresh.push_back(*started);
    next.push_back(std::move(*started));
  }
  std::sort(next.begin(), next.end(), [](const Pool& a, const Pool& b) { return a.job->name < b.job->name; });
  for (const Pool& pool : old) {
    const bool kept = std::any_of(next.begin(), next.end(), [&](const Pool& candidate) { return candidate.job == pool.job; });
    if (!kept) replace(pool, fresh);
  }
  const std::lock_guard guard(lock_);
  pools_ = std::move(next);
  return {};
}

void PoolSet::stop(bool mark_stale) {
  for (const Pool& pool : snapshot()) stop(pool, mark_stale);
  const std::lock_guard guard(lock_);
  pools_.clear();
}

std::vector<Pool> PoolSet::snapshot() const {
  const std::lock_guard guard(lock_);
  return pools_;
}

}  // namespace tarsier::scrape
