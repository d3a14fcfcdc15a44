// Arithmetic and comparison between two vectors: which series belong together is found once, by the signature of their labels; what
// is there at each step decides the rest.
#include <algorithm>
#include <map>

#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/histogram_operators.hpp"
#include "plugins/query/promql/exec/operators.hpp"

namespace tarsier::promql {
namespace {

constexpr uint32_t kFilled = UINT32_MAX;  // a side that is not there, and filled in

struct Group {
  std::vector<uint32_t> many;
  std::vector<uint32_t> one;
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
        on_histograms_(context, node) {
    std::sort(signature_.labels.begin(), signature_.labels.end());
    const auto has_histograms = [](const Series& series) { return !series.histograms.empty(); };
    numbers_only_ = !is_trim(node.op) && std::none_of(left.begin(), left.end(), has_histograms) &&
                    std::none_of(right.begin(), right.end(), has_histograms);
  }

  Result<std::vector<Series>> run();

 private:
  void assign();
  Result<void> match(const Group& group);
  Result<uint32_t> one_at(const Group& group, size_t step) const;
  Result<void> put(uint32_t many, uint32_t one, size_t step);
  void put_mixed(uint32_t many, uint32_t one, size_t step);
  Error duplicate(uint32_t first, uint32_t second) const;
  bool any_many_at(size_t step) const;
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
  std::vector<Group> groups_;

  // of the group at work
  std::map<std::pair<uint32_t, uint32_t>, size_t> pairs_;
  std::pair<uint32_t, uint32_t> last_pair_{kFilled, kFilled};
  size_t last_row_ = 0;
  std::vector<bool> matched_;  // one-to-one: the step has a result already
  std::vector<Series> out_;
};

void VectorMatcher::assign() {
  LabelIndex index(&signature_, many_.size() + one_.size());
  const auto group_of = [&](const Labels& labels) -> Group& {
    const auto [number, is_new] = index.add(labels);
    if (is_new) groups_.emplace_back();
    return groups_[number];
  };
  for (uint32_t i = 0; i < many_.size(); ++i) group_of(many_[i].labels).many.push_back(i);
  for (uint32_t i = 0; i < one_.size(); ++i) group_of(one_[i].labels).one.push_back(i);
}

bool VectorMatcher::any_many_at(size_t step) const {
  return std::any_of(many_.begin(), many_.end(), [&](const Series& series) { return series.present_at(step); });
}

Error VectorMatcher::duplicate(uint32_t first, uint32_t second) const {
  return {TARSIER_UNSUPPORTED, "found duplicate series for the match group " + signature_.project(one_[first].labels).text_form() +
                                   " on the " + (swapped_ ? "left" : "right") + " hand-side of the operation: [" +
                                   one_[first].labels.text_form() + ", " + one_[second].labels.text_form() +
                                   "];many-to-many matching not allowed: matching labels must be unique on one side"};
}

/// The series of the "one" side at a step; kFilled when there is none.
Result<uint32_t> VectorMatcher::one_at(const Group& group, size_t step) const {
  uint32_t found = kFilled;
  for (const uint32_t i : group.one) {
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
  LabelsBuilder builder(base, matching.include.empty() ? nullptr : other.counted_by());
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
  const std::pair<uint32_t, uint32_t> pair{many, one};
  if (pair == last_pair_ && last_row_ < out_.size()) return out_[last_row_];
  const auto [entry, is_new] = pairs_.try_emplace(pair, out_.size());
  if (is_new) {
    const bool drop =
        !(is_comparison(node_.op) || is_trim(node_.op)) || node_.return_bool || (many != kFilled && many_[many].drop_name);
    out_.push_back({labels_of(many, one), drop, Column(steps_, kNothing)});
  }
  last_pair_ = pair;
  last_row_ = entry->second;
  return out_[last_row_];
}

Operand VectorMatcher::operand(const std::vector<Series>& side, uint32_t series, std::optional<double> filled, size_t step) const {
  if (series == kFilled) return {*filled, nullptr};
  if (side[series].histogram_at(step) != nullptr) return {kNothing, side[series].histograms[step]};
  return {side[series].values[step], nullptr};
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
  if (!numbers_only_) return put_mixed(many, one, step), Result<void>{};
  const double of_many = many != kFilled ? many_[many].values[step] : *fill_many_;
  const double of_one = one != kFilled ? one_[one].values[step] : *fill_one_;
  const double value = swapped_ ? combine(of_one, of_many) : combine(of_many, of_one);
  if (is_present(value)) row(many, one).values[step] = value;
  return {};
}

void VectorMatcher::put_mixed(uint32_t many, uint32_t one, size_t step) {
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
    row(many, one).set(step, std::move(made.histogram));
  } else if (is_present(made.value)) {
    row(many, one).values[step] = made.value;
  }
}

Result<void> VectorMatcher::match(const Group& group) {
  if (group.many.empty() && !fill_many_ && group.one.size() < 2) return {};
  if (group.one.empty() && !fill_one_) return {};
  pairs_.clear();
  last_pair_ = {kFilled, kFilled};
  last_row_ = out_.size();
  matched_.assign(steps_, false);
  for (size_t step = 0; step < steps_; ++step) {
    auto one = one_at(group, step);
    if (!one) return std::move(one).error();
    if (*one == kFilled && !fill_one_) continue;
    bool any = false;
    for (const uint32_t many : group.many) {
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
  assign();
  size_t since_check = 0;
  for (const Group& group : groups_) {
    if (++since_check % 256 == 0) {
      if (auto go_on = context_.check(); !go_on) return std::move(go_on).error();
    }
    if (auto done = match(group); !done) return std::move(done).error();
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
