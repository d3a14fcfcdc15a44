// All jobs and their running targets: what is started, kept and stopped when the configuration changes, or when other targets are
// found.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
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
  /// What was found for the job of that name, beside its static lists.
  using Found = std::function<FoundTargets(const std::string& job)>;

  PoolSet(Shared& shared, Found found) : shared_(shared), found_(std::move(found)) {}

  /// [ctl] Makes the running jobs those of the list: unchanged ones go on undisturbed. On failure nothing has changed.
  Result<void> apply(const std::vector<Job>& jobs);
  /// [work] Looks again at what was found for the job: targets that are the same go on undisturbed. NOT_FOUND: there is no such
  /// job.
  Result<void> refresh(const std::string& job);
  /// [ctl]
  void stop(bool mark_stale);
  /// [any] Sorted by name of the job.
  std::vector<Pool> snapshot() const;

 private:
  using TargetPtr = std::shared_ptr<Target>;

  Result<Pool> fill(std::shared_ptr<const Job> job, const std::vector<TargetPtr>& running);
  void replace(std::vector<Pool> next);
  void tell_refused(const Job& job, const Unscraped& unscraped) const;

  Shared& shared_;
  const Found found_;
  std::mutex change_lock_;   // held while targets are started and stopped
  mutable std::mutex lock_;  // guards pools_
  std::vector<Pool> pools_;
};

}  // namespace tarsier::scrape
