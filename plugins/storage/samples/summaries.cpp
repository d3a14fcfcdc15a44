#include "summaries.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tarsier::samples {
namespace {

constexpr size_t kNoRow = SIZE_MAX;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

bool is_number(const Columns& columns, size_t row) { return !columns.is_histogram(row) && !is_stale(columns.values[row]); }

double lost(double before, double value) { return value < before ? before : 0; }

/// NaN counts when there is nothing else, as in PromQL.
double least(double a, double b) { return b < a || std::isnan(a) ? b : a; }
double greatest(double a, double b) { return b > a || std::isnan(a) ? b : a; }

/// A sum that keeps what rounding loses (Neumaier).
struct Sum {
  double sum = 0;
  double lost = 0;

  void add(double value) noexcept {
    const double total = sum + value;
    lost += std::fabs(sum) >= std::fabs(value) ? (sum - total) + value : (value - total) + sum;
    sum = total;
  }
  double value() const noexcept { return std::isfinite(sum) ? sum + lost : sum; }
};

/// The decimal with few digits that a sum of decimals means: as far from it as rounding goes, and it takes half the place.
double tidy(double sum) {
  constexpr double kTrusted = 0x1p-50;  // what may be off in a sum
  constexpr double kMost = 0x1p45;      // beyond it any number is near a decimal
  double power = 1;
  for (int digits = 0; digits <= 6 && std::fabs(sum) * power < kMost; ++digits, power *= 10) {
    const double near = std::round(sum * power) / power;
    if (std::fabs(near - sum) <= std::fabs(sum) * kTrusted) return near;
  }
  return sum;
}

/// One interval of one series.
class Interval {
 public:
  explicit Interval(const Columns& samples) : samples_(samples) {}

  void add(size_t row) {
    last_ = row;
    if (samples_.is_histogram(row)) {
      histogram_ = row;
    } else if (!is_stale(samples_.values[row])) {
      add_number(row);
    }
  }
  void put(Columns& out) const {
    std::vector<std::pair<size_t, Summary>> rows;
    if (begin_ != kNoRow && begin_ != number_) {
      const double value = samples_.values[begin_];
      rows.push_back({begin_, {.count = 0, .sum = 0, .min = value, .max = value, .drop = kUnknown}});
    }
    if (number_ != kNoRow) rows.push_back({number_, number()});
    if (histogram_ != kNoRow) rows.push_back({histogram_, Summary::none()});
    if (last_ != number_ && last_ != histogram_) rows.push_back({last_, Summary::none()});
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [row, summary] : rows) {
      Sample sample = samples_.at(row);
      sample.summary = &summary;
      out.append(sample);
    }
  }

 private:
  void add_number(size_t row) {
    const Summary& one = samples_.summaries[row];
    // Only of the first number of all is it unknown what was lost before.
    if (std::isnan(one.drop)) begin_ = row;
    if (number_ == kNoRow) {
      min_ = one.min;
      max_ = one.max;
    }
    number_ = row;
    count_ += one.count;
    sum_.add(one.sum);
    min_ = least(min_, one.min);
    max_ = greatest(max_, one.max);
    if (!std::isnan(one.drop)) drop_ += one.drop;
  }
  Summary number() const { return {count_, tidy(sum_.value()), min_, max_, begin_ == number_ ? kUnknown : drop_}; }

  const Columns& samples_;
  size_t begin_ = kNoRow, number_ = kNoRow, histogram_ = kNoRow, last_ = kNoRow;  // rows
  double count_ = 0, min_ = 0, max_ = 0, drop_ = 0;
  Sum sum_;
};

/// Removes the rows for which gone(row).
template <class Gone>
void remove_rows(Columns& columns, Gone&& gone) {
  Columns kept;
  for (size_t row = 0; row < columns.size(); ++row) {
    if (!gone(row)) kept.append(columns.at(row));
  }
  columns = std::move(kept);
}

}  // namespace

int64_t interval_end(int64_t time, int64_t every_ns) noexcept {
  int64_t past = time % every_ns;
  if (past == 0) return time;
  if (past < 0) past += every_ns;
  int64_t end = 0;
  return __builtin_add_overflow(time, every_ns - past, &end) ? INT64_MAX : end;
}

void summarise(Columns samples, int64_t every_ns, Columns& out) {
  join_summaries(samples);
  for (size_t row = 0; row < samples.size();) {
    Interval interval(samples);
    const int64_t end = interval_end(samples.times[row], every_ns);
    for (; row < samples.size() && samples.times[row] <= end; ++row) interval.add(row);
    interval.put(out);
  }
}

void join_summaries(Columns& columns) {
  columns.fill_summaries(columns.size());
  bool any = false, joined_any = false;
  double before = 0, carried = 0;  // the number before; what anchors that go away lost
  for (size_t row = 0; row < columns.size(); ++row) {
    if (!is_number(columns, row)) continue;
    Summary& summary = columns.summaries[row];
    const bool joins = any && std::isnan(summary.drop);
    const bool goes = joins && summary.count == 0;
    if (joins) summary.drop = lost(before, columns.values[row]);
    if (goes) {
      carried += summary.drop;
      joined_any = true;
    } else if (!std::isnan(summary.drop)) {
      summary.drop += std::exchange(carried, 0);
    }
    any = true;
    before = columns.values[row];
  }
  if (!joined_any) return;
  bool first = true;
  remove_rows(columns, [&](size_t row) {
    if (!is_number(columns, row)) return false;
    const bool stays_first = std::exchange(first, false);
    return columns.summaries[row].count == 0 && !stays_first;
  });
}

void finish_summaries(Columns& columns) {
  join_summaries(columns);
  size_t first = 0;
  while (first < columns.size() && !is_number(columns, first)) ++first;
  if (first != columns.size() && std::isnan(columns.summaries[first].drop)) columns.summaries[first].drop = 0;
}

}  // namespace tarsier::samples
