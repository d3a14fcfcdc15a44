// Summarising: makes of a partition that is to go the one of the next tier, in the background. A partition of a tier that is not
// merged any further is summed up at once, so that a query with long steps need not read it. Killed at any step, nothing is lost
// and nothing counts twice: the sum is there whole or not at all, and beside what it is the sum of it is known by its cover.
#pragma once

#include <atomic>

#include "deletions.hpp"
#include "sealed_set.hpp"

namespace tarsier::samples {

class Summarising {
 public:
  Summarising(const Host& host, SealedSet& sealed, const Deletions& deletions, const Options& options)
      : host_(host), sealed_(sealed), deletions_(deletions), options_(options) {}

  /// Makes all sums that are due. One caller at a time, and not while partitions are merged; may take long. Returns how many were
  /// made; a cancelled one is no error. `other_bytes`: what is kept besides partitions.
  Result<uint64_t> run(int64_t now_ns, uint64_t other_bytes);
  /// run() returns soon, and does nothing from now on. [any]
  void cancel() noexcept { cancelled_ = true; }

 private:
  struct Due {
    std::shared_ptr<Partition> partition;
    int64_t every_ns = 0;
    bool retired = false;  // it goes when it is summed up
  };
  Due next(int64_t now_ns, uint64_t other_bytes) const;
  Result<void> sum_up(const Due& due);

  const Host& host_;
  SealedSet& sealed_;
  const Deletions& deletions_;
  const Options& options_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace tarsier::samples
