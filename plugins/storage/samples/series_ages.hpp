// SeriesAges: which series of a table came lately. Their numbers ascend with the time at which they were added, so a mark each five
// minutes says it of all, whatever their number.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "options.hpp"

namespace tarsier::samples {

class SeriesAges {
 public:
  static constexpr int64_t kStepNs = 5 * kMinuteNs;
  static constexpr int64_t kReachNs = kHourNs;

  /// `size` series are there, and those added from now on are not older than `now`. Cheap; part of every batch.
  void note(int64_t now, uint32_t size) noexcept {
    // The clock was set back: marks of a time that is yet to come say nothing. Batches side by side differ by much less.
    if (count_ != 0 && now < newest().time - kStepNs) count_ = 0;
    if (count_ != 0 && now < newest().time + kStepNs) return;
    marks_[count_++ % kMarks] = {now, size};
  }
  /// The first series that was added at `time` or later, to kStepNs and for up to kReachNs back; `size` when none is known to be.
  uint32_t first_since(int64_t time, uint32_t size) const noexcept {
    uint32_t first = size;
    for (uint64_t back = 1; back <= std::min(count_, kMarks); ++back) {
      const Mark& mark = marks_[(count_ - back) % kMarks];
      if (mark.time < time) break;
      first = mark.first;
    }
    return first;
  }
  /// For a table that has some of the series: `number(first)` is how many of those before `first` it has.
  template <class Number>
  SeriesAges renumbered(Number&& number) const {
    SeriesAges other = *this;
    for (Mark& mark : other.marks_) mark.first = number(mark.first);
    return other;
  }

 private:
  struct Mark {
    int64_t time = 0;
    uint32_t first = 0;  // the number of the first series after it
  };
  static constexpr uint64_t kMarks = kReachNs / kStepNs + 1;
  const Mark& newest() const noexcept { return marks_[(count_ - 1) % kMarks]; }

  std::array<Mark, kMarks> marks_;
  uint64_t count_ = 0;  // of all marks ever made
};

}  // namespace tarsier::samples
