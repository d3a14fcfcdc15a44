// Arithmetic and comparison between two vectors: which series belong together is found once, by the signature of their labels; what
// is there at each step decides the rest.
#include <algorithm>
#include <map>
#include <span>

#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/histogram_operators.hpp"
#include "plugins/query/promql/exec/operators.hpp"
#include "plugins/query/promql/exec/sweep.hpp"

namespace tarsier::promql {
namespace {

constexpr uint32_t kFilled = UINT32_MAX;                     // a side that is not there, and filled in
constexpr size_t kPairsBetweenQuestions = size_t{1} << 14U;  // whether the query may go on

/// Series of one side by the number of their signature: those of a number stand side by side, in the order of the side.
class BySignature {
 public:
  /// `numbers`: of each series.
  BySignature(const std::vector<uint32_t>& numbers, size_t groups) : begins_(groups + 1), series_(numbers.size()) {
    for (const uint32_t number : numbers) ++begins_[number + 1];
    for (size_t group = 0; group < groups; ++group) begins_[group + 1] += begins_[group];
    std::vector<uint32_t> next(begins_.begin(), begins_.end() - 1);
    for (uint32_t i = 0; i < numbers.size(); ++i) series_[next[numbers[i]]++] = i;
  }
  std::span<const uint32_t> of(size_t group) const {
    return std::span(series_).subspan(begins_[group], begins_[group + 1] - begins_[group]);
  }

 private:
  std::vector<uint32_t> begins_;
  std::vector<uint32_t> series_;
};

struct Group {
  std::span<const uint32_t> many, one;
};

class VectorMatcher {
 public:
  VectorMatcher(const BinaryNode& node, QueryContext& context, size_t steps, std::vector<Series>& left, std::vector<Series>& right)
      : node_(node),
        context_(context),
        steps_(steps),
        swapped_(node.matching.cardinality == Cardinality::kOneToMany),
        many_(swapped_ ? right : left),
        one_(swapped_ ? left : right),
        fill_many_(node.matching.fill_left),  // as the original: group_right turns the sides, not their fillings
        fill_one_(node.matching.fill_right),
        signature_{node.matching.on, node.matching.labels},
        on_histograms_(context, node),
        growth_(context) {
    std::sort(signature_.labels.begin(), signature_.labels.end());
    const auto has_histograms = [](const Series& series) { return !series.histograms.empty(); };
    numbers_only_ = !is_trim(node.op) && std::none_of(left.begin(), left.end(), has_histograms) &&
                    std::none_of(right.begin(), right.end(), has_histograms);
  }

  Result<std::vector<Series>> run();

 private:
  Result<void> match(const Group& group);
  /// The steps at which something may come of a group: up to the second.
  std::pair<size_t, size_t> stretch_of(const Group& group) const;
  Result<uint32_t> one_at(size_t step);
  Result<void> put(uint32_t many, uint32_t one, size_t step);
  Result<void> put_mixed(uint32_t many, uint32_t one, size_t step);
  template <class Value>
  Result<void> put_into_row(uint32_t many, uint32_t one, size_t step, Value value);
  Error duplicate(uint32_t first, uint32_t second) const;
  bool any_many_at(size_t step);
  Labels labels_of(uint32_t many, uint32_t one) const;
  Series& row(uint32_t many, uint32_t one);
  Operand operand(const std::vector<Series>& side, uint32_t series, std::optional<double> filled, size_t step) const;
  /// What the operator makes of two numbers.
  double combine(double left, double right) const;

  const BinaryNode& node_;
  QueryContext& context_;
  size_t steps_;
  bool swapped_;
  std::vector<Series>& many_;
  std::vector<Series>& one_;
  std::optional<double> fill_many_, fill_one_;
  Signature signature_;
  HistogramOperator on_histograms_;
  bool numbers_only_ = true;

  /// Where the steps of two series go, by the series of the "many" side: mostly it meets one of the other side all the time.
  struct Row {
    uint32_t one = kFilled;
    size_t row = kNone;
  };
  static constexpr size_t kNone = SIZE_MAX;
  std::vector<Row> rows_;                                       // the last one is for the side that is filled in
  std::map<std::pair<uint32_t, uint32_t>, size_t> other_rows_;  // with another one than there
  std::vector<bool> matched_;                                   // of the group at work, one-to-one: the step has a result already
  std::vector<bool> any_many_;                                  // at each step, once it is asked
  Sweep many_now_, one_now_;                                    // of the group at work
  std::vector<Series> out_;
  Growth growth_;  // of out_
  size_t since_asked_ = 0;
};

bool VectorMatcher::any_many_at(size_t step) {
  if (any_many_.empty()) {
    any_many_.resize(steps_);
    for (const Series& series : many_)
      for (size_t at = series.first; at < series.past(); ++at)
        if (series.present_at(at)) any_many_[at] = true;
  }
  return any_many_[step];
}

Error VectorMatcher::duplicate(uint32_t first, uint32_t second) const {
  return {TARSIER_UNSUPPORTED, "found duplicate series for the match group " + signature_.project(one_[first].labels).text_form() +
                                   " on the " + (swapped_ ? "left" : "right") + " hand-side of the operation: [" +
                                   one_[first].labels.text_form() + ", " + one_[second].labels.text_form() +
                                   "];many-to-many matching not allowed: matching labels must be unique on one side"};
}

/// The series of the "one" side at a step; kFilled when there is none.
Result<uint32_t> VectorMatcher::one_at(size_t step) {
  uint32_t found = kFilled;
  for (const uint32_t i : one_now_.at(step)) {
    if (!one_[i].present_at(step)) continue;
    if (found != kFilled) {
      if (any_many_at(step) || fill_many_) return duplicate(found, i);
      return found;
    }
    found = i;
  }
  return found;
}

Labels VectorMatcher::labels_of(uint32_t many, uint32_t one) const {
  const Matching& matching = node_.matching;
  const Labels base = many != kFilled ? many_[many].labels : signature_.project(one_[one].labels);
  const Labels other = one != kFilled ? one_[one].labels : signature_.project(many_[many].labels);
  // Many series with many others make more sets than both sides have.
  LabelsBuilder builder(base, matching.cardinality == Cardinality::kOneToOne ? nullptr : &context_);
  if (!is_comparison(node_.op) && !context_.delayed_name_removal) builder.remove(kMetricName);
  if (matching.cardinality == Cardinality::kOneToOne) {
    if (matching.on) {
      builder.keep_only(matching.labels);
    } else {
      for (const std::string& label : matching.labels) builder.remove(label);
    }
  }
  for (const std::string& label : matching.include) builder.set(label, other.get(label));
  return builder.build();
}

Series& VectorMatcher::row(uint32_t many, uint32_t one) {
  Row& first = rows_[many != kFilled ? many : many_.size()];
  if (first.row == kNone) first = {one, out_.size()};
  const size_t row = first.one == one ? first.row : other_rows_.try_emplace({many, one}, out_.size()).first->second;
  if (row == out_.size()) {
    const bool drop =
        !(is_comparison(node_.op) || is_trim(node_.op)) || node_.return_bool || (many != kFilled && many_[many].drop_name);
    out_.push_back({labels_of(many, one), drop, {}});
    // Mostly all that comes of a series is in one row, which then need not grow.
    if (many != kFilled && first.one == one) out_.back().values.reserve(many_[many].values.size());
  }
  return out_[row];
}

template <class Value>
Result<void> VectorMatcher::put_into_row(uint32_t many, uint32_t one, size_t step, Value value) {
  const size_t rows = out_.size();
  Series& into = row(many, one);
  const size_t before = into.values.size();
  into.set(step, std::move(value));
  return growth_.add(into.values.size() - before + (out_.size() - rows) * kRowSamples);
}

Operand VectorMatcher::operand(const std::vector<Series>& side, uint32_t series, std::optional<double> filled, size_t step) const {
  if (series == kFilled) return {*filled, nullptr};
  if (side[series].histogram_at(step) != nullptr) return {kNothing, side[series].histogram_of(step)};
  return {side[series].at(step), nullptr};
}

double VectorMatcher::combine(double left, double right) const {
  if (!is_comparison(node_.op)) return calculate(node_.op, left, right);
  const bool holds = compares(node_.op, left, right);
  if (node_.return_bool) return holds ? 1 : 0;
  return holds ? left : kNothing;
}

Result<void> VectorMatcher::put(uint32_t many, uint32_t one, size_t step) {
  if (node_.matching.cardinality == Cardinality::kOneToOne) {
    if (matched_[step])
      return Error(TARSIER_UNSUPPORTED,
                   "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
    matched_[step] = true;
  }
  if (!numbers_only_) return put_mixed(many, one, step);
  const double of_many = many != kFilled ? many_[many].at(step) : *fill_many_;
  const double of_one = one != kFilled ? one_[one].at(step) : *fill_one_;
  const double value = swapped_ ? combine(of_one, of_many) : combine(of_many, of_one);
  return is_present(value) ? put_into_row(many, one, step, value) : Result<void>{};
}

Result<void> VectorMatcher::put_mixed(uint32_t many, uint32_t one, size_t step) {
  const Operand of_many = operand(many_, many, fill_many_, step);
  const Operand of_one = operand(one_, one, fill_one_, step);
  const Operand& left = swapped_ ? of_one : of_many;
  const Operand& right = swapped_ ? of_many : of_one;
  Operand made;
  if (left.histogram != nullptr || right.histogram != nullptr) {
    made = on_histograms_.apply(left, right);
  } else if (is_trim(node_.op)) {
    on_histograms_.refuse_numbers();
  } else {
    made.value = combine(left.value, right.value);
  }
  if (made.histogram != nullptr) {
    if (auto go_on = growth_.add(samples_of(*made.histogram)); !go_on) return go_on;
    return put_into_row(many, one, step, std::move(made.histogram));
  }
  return is_present(made.value) ? put_into_row(many, one, step, made.value) : Result<void>{};
}

std::pair<size_t, size_t> VectorMatcher::stretch_of(const Group& group) const {
  const auto all_of = [](const std::vector<Series>& side, std::span<const uint32_t> members) {
    std::pair<size_t, size_t> all = {SIZE_MAX, 0};
    for (const uint32_t i : members) all = {std::min(all.first, side[i].first), std::max(all.second, side[i].past())};
    return all;
  };
  const auto many = all_of(many_, group.many), one = all_of(one_, group.one);
  // Where series of the "one" side meet, that may be an error even where this group has nothing on the other.
  const bool needs_many = !fill_many_ && group.one.size() < 2;
  if (needs_many && !fill_one_) return {std::max(many.first, one.first), std::min(many.second, one.second)};
  if (needs_many) return many;
  if (!fill_one_) return one;
  return {std::min(many.first, one.first), std::max(many.second, one.second)};
}

Result<void> VectorMatcher::match(const Group& group) {
  if (group.many.empty() && !fill_many_ && group.one.size() < 2) return {};
  if (group.one.empty() && !fill_one_) return {};
  if (node_.matching.cardinality == Cardinality::kOneToOne) matched_.assign(steps_, false);
  many_now_.begin(many_, group.many);
  one_now_.begin(one_, group.one);
  const auto [from, past] = stretch_of(group);
  for (size_t step = from; step < past; ++step) {
    if (since_asked_ > kPairsBetweenQuestions) {
      if (auto go_on = context_.check(); !go_on) return go_on;
      since_asked_ = 0;
    }
    auto one = one_at(step);
    if (!one) return std::move(one).error();
    if (*one == kFilled && !fill_one_) continue;
    bool any = false;
    const std::span<const uint32_t> many_here = many_now_.at(step);
    since_asked_ += many_here.size() + 1;
    for (const uint32_t many : many_here) {
      if (!many_[many].present_at(step)) continue;
      any = true;
      if (auto done = put(many, *one, step); !done) return done;
    }
    if (!any && fill_many_ && *one != kFilled) {
      if (auto done = put(kFilled, *one, step); !done) return done;
    }
  }
  return {};
}

Result<std::vector<Series>> VectorMatcher::run() {
  LabelIndex index(&signature_, many_.size() + one_.size());
  const auto number = [&](const std::vector<Series>& side) {
    std::vector<uint32_t> numbers;
    numbers.reserve(side.size());
    for (const Series& series : side) numbers.push_back(index.add(series.labels).first);
    return numbers;
  };
  const std::vector<uint32_t> of_many = number(many_), of_one = number(one_);
  const BySignature many(of_many, index.size()), one(of_one, index.size());
  rows_.resize(many_.size() + 1);
  out_.reserve(many_.size());
  for (size_t group = 0; group < index.size(); ++group) {
    if (group % 256 == 255) {
      if (auto go_on = context_.check(); !go_on) return std::move(go_on).error();
    }
    if (auto done = match({many.of(group), one.of(group)}); !done) return std::move(done).error();
  }
  const bool grouped = node_.matching.cardinality != Cardinality::kOneToOne;
  const auto what =
      grouped ? std::string_view("multiple matches for labels: grouping labels must ensure unique matches") : kSameLabels;
  if (auto merged = merge_equal(out_, what); !merged) return std::move(merged).error();
  return std::move(out_);
}

}  // namespace

Result<Vector> Evaluator::matched(const BinaryNode& node, Vector left, Vector right) {
  auto series = VectorMatcher(node, context_, steps_, left.series, right.series).run();
  if (!series) return std::move(series).error();
  return finish({std::move(*series), {}});
}

}  // namespace tarsier::promql
