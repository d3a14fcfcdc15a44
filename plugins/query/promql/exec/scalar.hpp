// Scalar: one number at each step of a grid. What is the same at all of them, such as a literal, is one number.
#pragma once

#include <cstddef>
#include <utility>

#include "plugins/query/promql/exec/value.hpp"

namespace tarsier::promql {

class Scalar {
 public:
  /// Of a function that has no such argument.
  Scalar() = default;
  /// The same at all steps.
  explicit Scalar(double value) : values_{value} {}
  /// One value a step. `held`: their samples.
  Scalar(Column values, Held held) : values_(std::move(values)), held_(std::move(held)), mask_(SIZE_MAX) {}

  bool empty() const noexcept { return values_.empty(); }
  bool constant() const noexcept { return mask_ == 0; }
  double operator[](size_t step) const noexcept { return values_[step & mask_]; }
  /// All that there are: one, or one a step.
  const Column& values() const noexcept { return values_; }
  Column take_values() noexcept { return std::move(values_); }
  Held take_held() noexcept { return std::move(held_); }

  template <class Change>
  void change(Change change) {
    for (double& value : values_) value = change(value);
  }
  /// `combine(left, right)` at each step, in the memory of one of them.
  template <class Combine>
  static Scalar of_both(Scalar left, Scalar right, Combine combine) {
    Scalar& out = left.constant() ? right : left;
    for (size_t i = 0; i < out.values_.size(); ++i) out.values_[i] = combine(left[i], right[i]);
    return std::move(out);
  }

 private:
  Column values_;
  Held held_;
  size_t mask_ = 0;  // of a step, to where its value is
};

}  // namespace tarsier::promql
