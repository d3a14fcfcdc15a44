// Stretch: one entry a step, of which only those are kept between the first and the last step that matter.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace tarsier::promql {

template <class T>
class Stretch {
 public:
  /// `nothing`: what is at all other steps.
  explicit Stretch(T nothing) : nothing_(nothing) {}

  /// Keeps the steps from `from` up to `past`, too.
  void cover(size_t from, size_t past) {
    if (from >= past) return;
    if (entries_.empty()) first_ = from;
    if (from < first_) {
      entries_.insert(entries_.begin(), first_ - from, nothing_);
      first_ = from;
    }
    if (past > first_ + entries_.size()) entries_.resize(past - first_, nothing_);
  }
  T at(size_t step) const { return step - first_ < entries_.size() ? entries_[step - first_] : nothing_; }
  /// Of a step that is kept.
  void set(size_t step, T entry) { entries_[step - first_] = entry; }

 private:
  T nothing_;
  size_t first_ = 0;
  std::vector<T> entries_;
};

}  // namespace tarsier::promql
