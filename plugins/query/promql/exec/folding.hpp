// Folding: what sum, avg, count, group, min, max, stddev and stdvar keep of many columns: one accumulator for each group and step,
// of the steps between the first and the last that the group has. Parts that were folded apart can be put together.
#pragma once

#include <memory>

#include "plugins/lib/promql/token.hpp"
#include "plugins/query/promql/exec/value.hpp"

namespace tarsier::promql {

class Folding {
 public:
  virtual ~Folding() = default;
  /// One group more, its number being the count of those before.
  virtual void add_group() = 0;
  /// `first`: the step of the first value.
  virtual void add(size_t group, const Column& values, size_t first = 0) = 0;
  /// For those operators to which it does not matter what a sample is.
  virtual void add(size_t group, const HistogramColumn& histograms, size_t first = 0) = 0;
  /// Adds the group `from` of another one, of the same operator and as many steps.
  virtual void merge(size_t group, const Folding& other, size_t from) = 0;
  /// Puts the results of the group into a series without any.
  virtual void result(size_t group, Series& out) const = 0;
  /// How many accumulators there are.
  virtual size_t size() const noexcept = 0;
};

/// Whether the operator is one of these.
bool folds(Token op) noexcept;
std::unique_ptr<Folding> make_folding(Token op, size_t steps);

}  // namespace tarsier::promql
