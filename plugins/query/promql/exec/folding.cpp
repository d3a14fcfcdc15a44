#include "plugins/query/promql/exec/folding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/numeric.hpp"

namespace tarsier::promql {
namespace {

struct OfNumbers {
  static constexpr bool kTakesHistograms = false;
};
/// What a sample is does not matter, only that it is there.
struct OfAnything {
  static constexpr bool kTakesHistograms = true;
};

struct Sum : OfNumbers {
  KahanSum total;
  bool any = false;
  void add(double value) noexcept {
    any = true;
    total.add(value);
  }
  void merge(const Sum& other) noexcept {
    if (!other.any) return;
    add(other.total.sum);
    total.c += other.total.c;
  }
  double result() const noexcept { return any ? total.sum + total.c : kNothing; }
};

struct Average : OfNumbers {
  Mean mean;
  void add(double value) noexcept { mean.add(value); }
  void merge(const Average& other) noexcept { mean.merge(other.mean); }
  double result() const noexcept { return mean.count > 0 ? mean.value() : kNothing; }
};

struct Count : OfAnything {
  double count = 0;
  void add(double) noexcept { count += 1; }
  void merge(const Count& other) noexcept { count += other.count; }
  double result() const noexcept { return count > 0 ? count : kNothing; }
};

struct Presence : OfAnything {
  bool any = false;
  void add(double) noexcept { any = true; }
  void merge(const Presence& other) noexcept { any = any || other.any; }
  double result() const noexcept { return any ? 1 : kNothing; }
};

template <bool kLargest>
struct Extreme : OfNumbers {
  double value = kNothing;
  void add(double next) noexcept {
    if (is_absent(value) || (kLargest ? value < next : value > next) || std::isnan(value)) value = next;
  }
  void merge(const Extreme& other) noexcept {
    if (is_present(other.value)) add(other.value);
  }
  double result() const noexcept { return value; }
};

template <bool kRoot>
struct Variance : OfNumbers {
  double count = 0;
  double mean = 0;
  double squares = 0;
  void add(double value) noexcept {
    count += 1;
    if (count == 1) {
      mean = value;
      squares = std::isfinite(value) ? 0 : std::numeric_limits<double>::quiet_NaN();
      return;
    }
    const double delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean);
  }
  /// Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances.
  void merge(const Variance& other) noexcept {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    const double both = count + other.count, delta = other.mean - mean;
    mean += delta * (other.count / both);
    squares += other.squares + delta * delta * (count * other.count / both);
    count = both;
  }
  double result() const noexcept { return count == 0 ? kNothing : kRoot ? std::sqrt(squares / count) : squares / count; }
};

template <class Accumulator>
class FoldingOf final : public Folding {
 public:
  explicit FoldingOf(size_t steps) : steps_(steps) {}
  void add_group() override { rows_.emplace_back(); }
  void add(size_t group, const Column& values, size_t first) override {
    size_t from = 0, past = values.size();
    while (past > from && is_absent(values[past - 1])) --past;
    while (from < past && is_absent(values[from])) ++from;
    if (from == past) return;
    Accumulator* const row = cover(group, first + from, first + past);
    const double* const value = values.data() + from;
    const size_t count = past - from;
    for (size_t i = 0; i < count; ++i)
      if (is_present(value[i])) row[i].add(value[i]);
  }
  void add(size_t group, const HistogramColumn& histograms, size_t first) override {
    if constexpr (Accumulator::kTakesHistograms) {
      if (histograms.empty()) return;
      Accumulator* const row = cover(group, first, first + histograms.size());
      for (size_t i = 0; i < histograms.size(); ++i)
        if (histograms[i] != nullptr) row[i].add(0);
    }
  }
  void merge(size_t group, const Folding& other, size_t from) override {
    const auto& source = static_cast<const FoldingOf&>(other);
    const Row part = source.rows_[from];
    if (part.count == 0) return;
    Accumulator* const row = cover(group, part.first, part.first + part.count);
    for (size_t i = 0; i < part.count; ++i) row[i].merge(source.cells_[part.begin + i]);
  }
  void result(size_t group, Series& out) const override {
    const Row& row = rows_[group];
    out.first = row.first;
    out.values.resize(row.count);
    for (size_t i = 0; i < row.count; ++i) out.values[i] = cells_[row.begin + i].result();
  }
  size_t size() const noexcept override { return cells_.size(); }

 private:
  /// Where the accumulators of a group are, and the step of the first.
  struct Row {
    size_t begin = 0;
    size_t first = 0;
    size_t count = 0;
  };

  /// The accumulator of the step `from`, behind which those up to `past` are, too.
  Accumulator* cover(size_t group, size_t from, size_t past) {
    Row& row = rows_[group];
    if (row.count == 0) {
      row = {cells_.size(), from, past - from};
      cells_.resize(cells_.size() + row.count);
    } else if (from < row.first || past > row.first + row.count) {
      widen(row, from, past);
    }
    return cells_.data() + row.begin + (from - row.first);
  }
  /// Moves a row to where there is room, at least for twice as much, so that one that often grows is not often moved.
  void widen(Row& row, size_t from, size_t past) {
    const size_t spare = row.count;
    size_t first = row.first, end = row.first + row.count;
    if (from < first) first = std::min(from, first - std::min(first, spare));
    if (past > end) end = std::max(past, std::min(steps_, end + spare));
    const size_t begin = cells_.size();
    cells_.resize(begin + (end - first));
    std::copy_n(cells_.begin() + static_cast<std::ptrdiff_t>(row.begin), row.count,
                cells_.begin() + static_cast<std::ptrdiff_t>(begin + (row.first - first)));
    row = {begin, first, end - first};
  }

  const size_t steps_;
  std::vector<Accumulator> cells_;  // of all groups; a row that was moved leaves a gap
  std::vector<Row> rows_;           // by group
};

}  // namespace

bool folds(Token op) noexcept {
  switch (op) {
    case Token::kSum:
    case Token::kAvg:
    case Token::kCount:
    case Token::kGroup:
    case Token::kMin:
    case Token::kMax:
    case Token::kStddev:
    case Token::kStdvar:
      return true;
    default:
      return false;
  }
}

std::unique_ptr<Folding> make_folding(Token op, size_t steps) {
  switch (op) {
    case Token::kSum:
      return std::make_unique<FoldingOf<Sum>>(steps);
    case Token::kAvg:
      return std::make_unique<FoldingOf<Average>>(steps);
    case Token::kCount:
      return std::make_unique<FoldingOf<Count>>(steps);
    case Token::kGroup:
      return std::make_unique<FoldingOf<Presence>>(steps);
    case Token::kMin:
      return std::make_unique<FoldingOf<Extreme<false>>>(steps);
    case Token::kMax:
      return std::make_unique<FoldingOf<Extreme<true>>>(steps);
    case Token::kStddev:
      return std::make_unique<FoldingOf<Variance<true>>>(steps);
    case Token::kStdvar:
      return std::make_unique<FoldingOf<Variance<false>>>(steps);
    default:
      bug("make_folding: not a folding aggregation");
  }
}

}  // namespace tarsier::promql
