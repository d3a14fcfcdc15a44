// Lane: the jobs of one instance that wait for a worker, and what decides whose turn it is. Guarded by the pool's mutex.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "core/host/owner.hpp"
#include "core/scheduler/job.hpp"

namespace tarsier::scheduler {

inline constexpr uint32_t kDefaultShare = 100;
inline constexpr size_t kNotListed = SIZE_MAX;

struct Lane : std::enable_shared_from_this<Lane> {
  explicit Lane(host::Owner& of) : owner(&of), parallel(of.parallel()) {}

  host::Owner* owner;
  const bool parallel;
  std::array<std::deque<Job>, kPriorities> jobs;
  size_t waiting = 0;
  unsigned running = 0;
  unsigned skipping = 0;  // popped after the instance closed, done(skipped) not yet returned
  int64_t turn_ns = 0;    // CPU time had, divided by the share: the least is next
  uint32_t share = kDefaultShare;
  size_t listed_at = kNotListed;  // position in LaneList

  bool runnable() const noexcept { return waiting > 0 && (parallel || running == 0); }

  /// The highest class that has a job, or with `reverse` the lowest.
  size_t best_class(bool reverse) const noexcept {
    for (size_t i = 0; i < kPriorities; ++i) {
      const size_t at = reverse ? kPriorities - 1 - i : i;
      if (!jobs[at].empty()) return at;
    }
    return kPriorities;
  }

  void push(Job job) {
    jobs[static_cast<size_t>(job.priority)].push_back(std::move(job));
    ++waiting;
    owner->accounting().queue_length.store(waiting, std::memory_order_relaxed);
  }

  Job pop(size_t at) {
    Job job = std::move(jobs[at].front());
    jobs[at].pop_front();
    --waiting;
    owner->accounting().queue_length.store(waiting, std::memory_order_relaxed);
    return job;
  }

  std::vector<Job> pop_all() {
    std::vector<Job> all;
    while (waiting > 0) all.push_back(pop(best_class(false)));
    return all;
  }
};

/// The lanes from which a worker may take a job now.
class LaneList {
 public:
  bool empty() const noexcept { return lanes_.empty(); }

  /// Call after each change of what the lane's runnable() depends on.
  void refresh(Lane& lane) {
    const bool listed = lane.listed_at != kNotListed;
    if (lane.runnable() == listed) return;
    if (!listed) {
      // Who has been away does not come back with turns saved up.
      lane.turn_ns = std::max(lane.turn_ns, least_turn_ns_);
      lane.listed_at = lanes_.size();
      lanes_.push_back(&lane);
      return;
    }
    lanes_.back()->listed_at = lane.listed_at;
    std::swap(lanes_[lane.listed_at], lanes_.back());
    lanes_.pop_back();
    lane.listed_at = kNotListed;
  }

  /// Whose turn it is: the highest class first, in it who has had least. Each 16th time the lowest class, so that none starves.
  std::pair<Lane*, size_t> choose() {
    const bool reverse = ++choices_ % 16 == 0;
    Lane* best = nullptr;
    size_t best_class = 0;
    for (Lane* lane : lanes_) {
      const size_t at = lane->best_class(reverse);
      const bool better =
          best == nullptr || (reverse ? at > best_class : at < best_class) || (at == best_class && lane->turn_ns < best->turn_ns);
      if (!better) continue;
      best = lane;
      best_class = at;
    }
    if (best != nullptr) least_turn_ns_ = std::max(least_turn_ns_, best->turn_ns);
    return {best, best_class};
  }

 private:
  std::vector<Lane*> lanes_;
  int64_t least_turn_ns_ = 0;
  uint64_t choices_ = 0;
};

}  // namespace tarsier::scheduler
