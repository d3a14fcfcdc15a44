// All jobs and their running targets: what is started, kept and stopped when the configuration changes.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "plugins/collect/scrape/target.hpp"

namespace tarsier::scrape {

struct Pool {
  std::shared_ptr<const Job> job;
  std::vector<std::shared_ptr<Target>> targets;
  std::shared_ptr<const Unscraped> unscraped;
};

class PoolSet {
 public:
  explicit PoolSet(Shared& shared) : shared_(shared) {}

  /// [ctl] Makes the running jobs those of the list: unchanged ones go on undisturbed. On failure nothing has changed.
  Result<void> apply(const std::vector<Job>& jobs);
  /// [ctl]
  void stop(bool mark_stale);
  /// [any] Sorted by name of the job.
  std::vector<Pool> snapshot() const;

 private:
  Result<Pool> start(const Job& job);
  static void stop(const Pool& pool, bool mark_stale);
  void tell_refused(const Job& job, const Unscraped& unscraped) const;

  Shared& shared_;
  mutable std::mutex lock_;  // guards pools_
  std::vector<Pool> pools_;
};

}  // namespace tarsier::scrape
