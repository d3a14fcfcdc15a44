#include "plugins/query/promql/exec/folding.hpp"

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
  void add_group() override { cells_.resize(cells_.size() + steps_); }
  void add(size_t group, const Column& values) override {
    Accumulator* const row = cells_.data() + group * steps_;
    for (size_t step = 0; step < steps_; ++step)
      if (is_present(values[step])) row[step].add(values[step]);
  }
  void add(size_t group, const HistogramColumn& histograms) override {
    if constexpr (Accumulator::kTakesHistograms) {
      for (size_t step = 0; step < histograms.size(); ++step)
        if (histograms[step] != nullptr) cells_[group * steps_ + step].add(0);
    }
  }
  void merge(size_t group, const Folding& other, size_t from) override {
    const auto& cells = static_cast<const FoldingOf&>(other).cells_;
    for (size_t step = 0; step < steps_; ++step) cells_[group * steps_ + step].merge(cells[from * steps_ + step]);
  }
  Column result(size_t group) const override {
    Column out(steps_);
    for (size_t step = 0; step < steps_; ++step) out[step] = cells_[group * steps_ + step].result();
    return out;
  }

 private:
  const size_t steps_;
  std::vector<Accumulator> cells_;
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
