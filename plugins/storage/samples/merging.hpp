// Merging: makes of several partitions one, in the background. Killed at any step, nothing is lost and nothing counts twice: what
// was merged is there whole or not at all, and the next start removes the inputs, which lie within its cover.
#pragma once

#include <atomic>

#include "deletions.hpp"
#include "merge_plan.hpp"
#include "sealed_set.hpp"

namespace tarsier::samples {

class Merging {
 public:
  Merging(const Host& host, SealedSet& sealed, const Deletions& deletions, const Options& options)
      : host_(host), sealed_(sealed), deletions_(deletions), options_(options) {}

  /// Makes all merges that are due. One caller at a time; may take long. Returns how many were made; a cancelled one is no error.
  Result<uint64_t> run(int64_t now_ns);
  /// Writes a partition anew, without what is deleted. Likewise; CANCELLED when it was.
  Result<void> rewrite(const std::shared_ptr<Partition>& partition) { return merge({partition}, partition->cover()); }
  /// Both return soon, and do nothing from now on. [any]
  void cancel() noexcept { cancelled_ = true; }

 private:
  std::optional<MergePlan> plan(int64_t now_ns, Partitions& inputs) const;
  Result<void> merge(const Partitions& inputs, Cover cover);
  Result<void> replace(const Partitions& inputs, Partitions made);

  const Host& host_;
  SealedSet& sealed_;
  const Deletions& deletions_;
  const Options& options_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace tarsier::samples
