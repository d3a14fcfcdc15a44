// info(): labels of info metrics, such as target_info, put onto the series of the same instance and job.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <re2/re2.h>
#include <set>
#include <string>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/stretch.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kIdentifying[] = {"instance", "job"};

bool is_negative(MatchOp op) { return op == MatchOp::kNotEqual || op == MatchOp::kNotRegex; }

bool matches(const Matcher& matcher, std::string_view value) {
  if (matcher.op == MatchOp::kEqual || matcher.op == MatchOp::kNotEqual) return (matcher.value == value) != is_negative(matcher.op);
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  const RE2 compiled(matcher.value, options);  // the type check has compiled it once
  return RE2::FullMatch(value, compiled) != is_negative(matcher.op);
}

/// The second argument of info(), or what stands for it when it is not there.
struct InfoSelector {
  std::vector<Matcher> names;  // of the info metrics
  std::vector<Matcher> data;   // for the labels that are put on; none: all are

  explicit InfoSelector(const VectorSelector* written) {
    if (written != nullptr)
      for (const Matcher& matcher : written->matchers) (matcher.name == kMetricName ? names : data).push_back(matcher);
    const bool positive = std::any_of(names.begin(), names.end(), [](const auto& matcher) { return !is_negative(matcher.op); });
    if (names.empty()) {
      names.push_back({MatchOp::kEqual, std::string(kMetricName), "target_info"});
    } else if (!positive) {
      names.insert(names.begin(), {MatchOp::kRegex, std::string(kMetricName), ".+_info"});
    }
  }
  /// Info series themselves stay as they are.
  bool is_info(const Labels& labels) const {
    const std::string_view name = labels.get(kMetricName);
    return std::all_of(names.begin(), names.end(), [&](const Matcher& matcher) { return matches(matcher, name); });
  }
  bool takes(std::string_view label) const {
    return data.empty() || std::any_of(data.begin(), data.end(), [&](const Matcher& matcher) { return matcher.name == label; });
  }
  /// A series without info is left out when the labels asked for must be there.
  bool may_be_without() const {
    return std::all_of(data.begin(), data.end(), [](const Matcher& matcher) { return matches(matcher, ""); });
  }
};

/// Finds the first selector of an expression and the time at which it is read: the @ that holds for it and the offsets up to there.
std::optional<TimeModifiers> reference_time(const Node* node) {
  const auto first_of = [](std::initializer_list<const Node*> children) -> std::optional<TimeModifiers> {
    for (const Node* child : children)
      if (auto found = reference_time(child)) return found;
    return std::nullopt;
  };
  const auto modifiers = [](const TimeModifiers& written) {
    TimeModifiers time;
    time.at_ns = written.at_ns;
    time.offset_ns = written.offset_ns;
    return time;
  };
  if (node == nullptr) return std::nullopt;
  switch (node->kind) {
    case NodeKind::kNumber:
    case NodeKind::kString:
      return std::nullopt;
    case NodeKind::kVectorSelector:
      return modifiers(static_cast<const VectorSelector*>(node)->time);
    case NodeKind::kMatrixSelector:
      return modifiers(static_cast<const MatrixSelector*>(node)->selector->time);
    case NodeKind::kSubquery: {
      const auto* subquery = static_cast<const Subquery*>(node);
      auto time = reference_time(subquery->inner.get());
      if (!time || time->at_ns) return time;
      time->at_ns = subquery->time.at_ns;
      time->offset_ns = later(time->offset_ns, subquery->time.offset_ns);
      return time;
    }
    case NodeKind::kUnary:
      return reference_time(static_cast<const UnaryNode*>(node)->operand.get());
    case NodeKind::kParen:
      return reference_time(static_cast<const ParenNode*>(node)->inner.get());
    case NodeKind::kBinary: {
      const auto operators = left_chain(*static_cast<const BinaryNode*>(node));
      auto time = reference_time(operators.front()->left.get());
      for (auto at = operators.begin(); !time && at != operators.end(); ++at) time = reference_time((*at)->right.get());
      return time;
    }
    case NodeKind::kAggregation: {
      const auto* aggregation = static_cast<const AggregationNode*>(node);
      return first_of({aggregation->operand.get(), aggregation->parameter.get()});
    }
    case NodeKind::kCall: {
      for (const NodePtr& argument : static_cast<const CallNode*>(node)->arguments)
        if (auto time = reference_time(argument.get())) return time;
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// What selects the info series of these series; null when none can have any.
std::unique_ptr<VectorSelector> selector_for(const std::vector<Series>& base, const InfoSelector& selector, const CallNode& call) {
  std::map<std::string_view, std::set<std::string_view>> values;
  for (const Series& series : base) {
    if (selector.is_info(series.labels)) continue;
    for (const std::string_view label : kIdentifying)
      if (const auto value = series.labels.get(label); !value.empty()) values[label].insert(value);
  }
  if (values.empty()) return nullptr;
  auto made = std::make_unique<VectorSelector>(call.position);
  for (const auto& [label, all] : values) {
    std::string any_of_them;
    for (const std::string_view value : all) {
      if (!any_of_them.empty()) any_of_them += '|';
      any_of_them += RE2::QuoteMeta(value);
    }
    made->matchers.push_back({MatchOp::kRegex, std::string(label), std::move(any_of_them)});
  }
  made->matchers.insert(made->matchers.end(), selector.data.begin(), selector.data.end());
  made->matchers.insert(made->matchers.end(), selector.names.begin(), selector.names.end());
  made->time = reference_time(call.arguments.front().get()).value_or(TimeModifiers{});
  return made;
}

/// The info series, by metric, instance and job: of those that are equal in these the newest sample counts.
class InfoIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// `seen`: the values are the times of the samples, and live as long as this.
  static Result<InfoIndex> over(const std::vector<Series>& seen, const Signature& signature) {
    InfoIndex index(seen, signature);
    for (uint32_t i = 0; i < seen.size(); ++i) {
      index.metrics_.emplace(seen[i].labels.get(kMetricName));
      const auto [group, is_new] = index.groups_.add(seen[i].labels);
      if (is_new) index.newest_.emplace_back(kNone);
      if (auto added = index.add(group, i); !added) return std::move(added).error();
    }
    return index;
  }

  /// The groups that fit a series, one for each info metric at most.
  std::vector<uint32_t> groups_for(const Labels& base) const {
    std::vector<uint32_t> found;
    for (const std::string_view metric : metrics_) {
      LabelsBuilder builder;
      builder.set(kMetricName, metric);
      for (const std::string_view label : kIdentifying)
        if (const auto value = base.get(label); !value.empty()) builder.set(label, value);
      if (const uint32_t group = groups_.find(builder.build()); group != LabelIndex::kNone) found.push_back(group);
    }
    return found;
  }
  uint32_t newest(uint32_t group, size_t step) const { return newest_[group].at(step); }

 private:
  InfoIndex(const std::vector<Series>& seen, const Signature& signature) : seen_(seen), groups_(&signature) {}

  Result<void> add(uint32_t group, uint32_t series) {
    Stretch<uint32_t>& newest = newest_[group];
    newest.cover(seen_[series].first, seen_[series].past());
    for (size_t step = seen_[series].first; step < seen_[series].past(); ++step) {
      const double time = seen_[series].at(step);
      if (is_absent(time)) continue;
      if (const uint32_t known = newest.at(step); known != kNone) {
        const Series& other = seen_[known];
        if (other.at(step) == time) {
          const std::string at = " @ " + write_number(time * 1e3);
          return Error(TARSIER_UNSUPPORTED, "found duplicate series for info metric: existing " + other.labels.text_form() + at +
                                                ", new " + seen_[series].labels.text_form() + at);
        }
        if (other.at(step) > time) continue;
      }
      newest.set(step, series);
    }
    return {};
  }

  const std::vector<Series>& seen_;
  LabelIndex groups_;
  std::vector<Stretch<uint32_t>> newest_;  // by group
  std::set<std::string_view> metrics_;
};

/// One series and the info at each of its steps.
class Enriching {
 public:
  Enriching(QueryContext& context, const InfoSelector& selector, const InfoIndex& index, const std::vector<Series>& info,
            std::vector<Series>& out)
      : context_(context),
        growth_(context),
        selector_(selector),
        index_(index),
        info_(info),
        out_(out),
        may_be_without_(selector.may_be_without()) {}

  Result<void> add(Series base) {
    const std::vector<uint32_t> groups = index_.groups_for(base.labels);
    std::map<std::vector<uint32_t>, size_t> rows;  // where in `out_` the steps with the same info go
    std::vector<uint32_t> found(groups.size());
    for (size_t step = base.first; step < base.past(); ++step) {
      if (!base.present_at(step)) continue;
      for (size_t i = 0; i < groups.size(); ++i) found[i] = index_.newest(groups[i], step);
      const bool any = std::any_of(found.begin(), found.end(), [](uint32_t one) { return one != InfoIndex::kNone; });
      if (!any && !may_be_without_) continue;
      const auto [row, is_new] = rows.try_emplace(found, out_.size());
      if (is_new) {
        auto labels = with_info(base.labels, found);
        if (!labels) return std::move(labels).error();
        out_.push_back({std::move(*labels), base.drop_name, {}});
      }
      Series& enriched = out_[row->second];
      const size_t before = enriched.values.size();
      enriched.set(step, base.at(step));
      if (base.histogram_at(step) != nullptr) enriched.set(step, base.histogram_of(step));
      if (auto go_on = growth_.add(enriched.values.size() - before + (is_new ? kRowSamples : 0)); !go_on) return go_on;
    }
    return {};
  }

 private:
  Result<Labels> with_info(const Labels& base, const std::vector<uint32_t>& found) const {
    std::map<std::string_view, std::string_view> put_on;
    for (const uint32_t series : found) {
      if (series == InfoIndex::kNone) continue;
      const Labels& labels = info_[series].labels;
      for (size_t i = 0; i < labels.size(); ++i) {
        const std::string_view name = labels.name(i);
        if (name == kMetricName || !selector_.takes(name)) continue;
        const auto other = put_on.find(name);
        if (other != put_on.end() && other->second != labels.value(i))
          return Error(TARSIER_UNSUPPORTED, "conflicting label: " + std::string(name));
        if (base.find(name) == base.size()) put_on.emplace(name, labels.value(i));
      }
    }
    LabelsBuilder builder(base, &context_);
    for (const auto& [name, value] : put_on) builder.set(name, value);
    return builder.build();
  }

  QueryContext& context_;
  Growth growth_;
  const InfoSelector& selector_;
  const InfoIndex& index_;
  const std::vector<Series>& info_;
  std::vector<Series>& out_;
  const bool may_be_without_;
};

}  // namespace

Result<Vector> Evaluator::info(const CallNode& node) {
  const auto* written = node.arguments.size() > 1 ? static_cast<const VectorSelector*>(&unwrap(*node.arguments[1])) : nullptr;
  const InfoSelector selector(written);
  auto base = vector(*node.arguments[0]);
  if (!base) return base;
  Result<Vector> seen = Vector{};
  if (const auto wanted = selector_for(base->series, selector, node)) seen = info_timestamps(*wanted);
  if (!seen) return seen;
  const Signature same_target{true, {"__name__", "instance", "job"}};
  auto index = InfoIndex::over(seen->series, same_target);
  if (!index) return std::move(index).error();
  Vector out;
  std::optional<Enriching> enriching(std::in_place, context_, selector, *index, seen->series, out.series);
  for (Series& series : base->series) {
    if (auto go_on = context_.check(); !go_on) return std::move(go_on).error();
    if (selector.is_info(series.labels)) {
      out.series.push_back(std::move(series));
    } else if (auto added = enriching->add(std::move(series)); !added) {
      return std::move(added).error();
    }
  }
  enriching.reset();  // its result is counted as a whole from here on
  if (auto merged = merge_equal(out.series, kSameLabels); !merged) return std::move(merged).error();
  return finish(std::move(out));
}

}  // namespace tarsier::promql
