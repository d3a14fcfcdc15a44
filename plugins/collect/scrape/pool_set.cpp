// Applying a configuration to running targets.
#include "plugins/collect/scrape/pool_set.hpp"

#include <algorithm>
#include <map>

namespace tarsier::scrape {

namespace {

/// Fresh targets by the labels of their series.
class Successors {
 public:
  explicit Successors(const std::vector<Pool>& fresh) {
    for (const Pool& pool : fresh)
      for (const auto& target : pool.targets) by_labels_[target->spec().labels].push_back(target.get());
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

}  // namespace

Result<Pool> PoolSet::start(const Job& job) {
  Pool pool{std::make_shared<const Job>(job), {}, {}};
  Targets found = expand_targets(job);
  tell_refused(job, found.unscraped);
  pool.unscraped = std::make_shared<const Unscraped>(std::move(found.unscraped));
  for (TargetSpec& spec : found.active) pool.targets.push_back(std::make_shared<Target>(shared_, pool.job, std::move(spec)));
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

void PoolSet::tell_refused(const Job& job, const Unscraped& unscraped) const {
  if (unscraped.refused.empty()) return;
  const Unscraped::Refused& first = unscraped.refused.front();
  shared_.host.warn("targets cannot be scraped",
                    {field("job", job.name), field("targets", std::to_string(unscraped.refused.size())),
                     field("first", get(first.discovered, "__address__")), field("error", first.why)});
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
  const Successors successors(fresh);
  for (const Pool& pool : old) {
    const bool kept = std::any_of(next.begin(), next.end(), [&](const Pool& candidate) { return candidate.job == pool.job; });
    if (kept) continue;
    // A target that goes on under the same labels needs no markers: there is no gap. Those that it has no more come with its next
    // page.
    for (const auto& target : pool.targets) {
      Target* const successor = successors.of(*target);
      target->stop(successor == nullptr);
      if (successor != nullptr) successor->inherit(*target);
    }
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
