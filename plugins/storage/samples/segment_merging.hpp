// SegmentMerging: makes of several head segments of a window one, in the background, so that a query opens few. Killed at any step,
// nothing is lost and nothing counts twice: the next start removes inputs that lie within the cover of what was made.
#pragma once

#include <mutex>

#include "deletions.hpp"
#include "head.hpp"
#include "joined_segments.hpp"
#include "sealed_set.hpp"

namespace tarsier::samples {

class SegmentMerging {
 public:
  SegmentMerging(const Host& host, const Head& head, SealedSet& sealed, const Deletions& deletions)
      : host_(host), head_(head), sealed_(sealed), deletions_(deletions) {}

  /// Makes all merges that are due; returns how many. May take long; ends early when it is cancelled or paused, and does nothing
  /// while another caller is at it.
  Result<uint64_t> run();
  /// Segments stay as they are while the lock is held. Returns soon.
  std::unique_lock<std::mutex> pause();
  /// run() returns soon, and does nothing from now on. [any]
  void cancel() noexcept { cancelled_ = true; }

 private:
  bool wanted() const noexcept { return !cancelled_ && pauses_ == 0; }
  HeadSegments plan() const;
  Result<uint64_t> copy(JoinedSegments& source, SegmentWriter& writer) const;
  Result<bool> merge(const HeadSegments& inputs);
  Result<std::shared_ptr<HeadSegment>> write(const HeadSegments& inputs);

  const Host& host_;
  const Head& head_;
  SealedSet& sealed_;
  const Deletions& deletions_;
  std::mutex mutex_;  // one merge at a time
  std::atomic<uint32_t> pauses_{0};
  std::atomic<bool> cancelled_{false};
};

}  // namespace tarsier::samples
