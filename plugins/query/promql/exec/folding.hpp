// Folding: what sum, avg, count, group, min, max, stddev and stdvar keep of many columns: one accumulator for each group and step.
// Parts that were folded apart can be put together.
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
  virtual void add(size_t group, const Column& values) = 0;
  /// For those operators to which it does not matter what a sample is.
  virtual void add(size_t group, const HistogramColumn& histograms) = 0;
  /// Adds the group `from` of another one, of the same operator and as many steps.
  virtual void merge(size_t group, const Folding& other, size_t from) = 0;
  virtual Column result(size_t group) const = 0;
};

/// Whether the operator is one of these.
bool folds(Token op) noexcept;
std::unique_ptr<Folding> make_folding(Token op, size_t steps);

}  // namespace tarsier::promql
