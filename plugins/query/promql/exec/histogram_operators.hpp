// Binary operators on two samples of which at least one is a native histogram, and what trims one.
#pragma once

#include "plugins/lib/promql/ast.hpp"
#include "plugins/query/promql/exec/histogram_notes.hpp"
#include "plugins/query/promql/exec/value.hpp"

namespace tarsier::promql {

inline bool is_trim(Token op) noexcept { return op == Token::kTrimLower || op == Token::kTrimUpper; }

/// A number, or a histogram.
struct Operand {
  double value = kNothing;
  HistogramRef histogram;
};

/// What an operator makes of two samples: nothing where they do not go together, which is said, or where a comparison does not
/// hold.
class HistogramOperator {
 public:
  HistogramOperator(QueryContext& context, const BinaryNode& node) : node_(node), notes_(context, node.position) {}

  Operand apply(const Operand& left, const Operand& right) const;
  /// Two numbers cannot be trimmed.
  void refuse_numbers() const;

 private:
  Operand both(const HistogramRef& left, const HistogramRef& right) const;
  Operand with_number(const HistogramRef& left, double right) const;
  Operand incompatible(bool left_histogram, bool right_histogram) const;
  Operand compared(const HistogramRef& left, const HistogramRef& right) const;

  const BinaryNode& node_;
  const HistogramNotes notes_;
};

}  // namespace tarsier::promql
