#include "plugins/query/promql/exec/explanation.hpp"

#include <algorithm>
#include <array>

#include "plugins/lib/promql/functions.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/summaries.hpp"

namespace tarsier::promql {
namespace {

/// The part of the query that the node was read from, cut to what people read.
std::string text_of(std::string_view query, const Node& node) {
  const std::string_view whole = query.substr(std::min<size_t>(node.position.start, query.size()));
  const std::string_view text = whole.substr(0, node.position.end - std::min(node.position.start, node.position.end));
  if (text.size() <= Explanation::kMostText) return std::string(text);
  size_t end = Explanation::kMostText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not within a character
  return std::string(text.substr(0, end)) + "...";
}

std::string mode_of(const VectorSelector& node, std::string plain) {
  if (node.mode == RangeMode::kAnchored) plain += ", anchored at the sample before each window";
  if (node.mode == RangeMode::kSmoothed) plain += ", on lines drawn between samples";
  if (node.histogram_totals) plain += "; counts and sums of native histograms only";
  return plain;
}

std::string how_of_call(const CallNode& node) {
  for (const NodePtr& argument : node.arguments) {
    const Node& range = unwrap(*argument);
    if (range.kind == NodeKind::kMatrixSelector) {
      const auto& matrix = static_cast<const MatrixSelector&>(range);
      return mode_of(*matrix.selector,
                     "windows of " + write_duration(matrix.range->ns) + " slide over each series as the store brings it");
    }
    if (range.kind == NodeKind::kSubquery)
      return "windows of " + write_duration(static_cast<const Subquery&>(range).range->ns) +
             " slide over the steps of the subquery";
  }
  return "the function is applied to whole columns";
}

std::string how_of_binary(const BinaryNode& top) {
  const auto operators = left_chain(top);
  if (operators.size() > 1) return std::to_string(operators.size()) + " operators from left to right, column by column";
  const auto is_scalar = [](const NodePtr& side) { return side->type == ValueType::kScalar; };
  if (is_scalar(top.left) || is_scalar(top.right)) return "the scalar is applied to whole columns";
  const std::string by = !top.matching.written ? "of all labels"
                         : top.matching.on     ? "of the labels in on()"
                                               : "without the labels in ignoring()";
  return "series are joined by the hash " + by + ", column by column";
}

std::string how_of_aggregation(const AggregationNode& node) {
  switch (node.op) {
    case Token::kTopk:
    case Token::kBottomk:
    case Token::kLimitk:
    case Token::kLimitRatio:
      return "series are grouped by the hash of their labels; some of each group are kept at each step";
    case Token::kCountValues:
      return "series are grouped by the hash of their labels; equal values are counted at each step";
    case Token::kQuantile:
      return "series are grouped by the hash of their labels; values of a group are ranked at each step";
    default:
      return "series are grouped by the hash of their labels; each column is folded into its group's";
  }
}

std::string how_of(const Node& node) {
  switch (node.kind) {
    case NodeKind::kVectorSelector:
      return mode_of(static_cast<const VectorSelector&>(node), "the newest sample of the lookback before each step");
    case NodeKind::kMatrixSelector:
      return mode_of(*static_cast<const MatrixSelector&>(node).selector, "samples as they are stored");
    case NodeKind::kSubquery:
      return "the steps of the inner expression, as samples";
    case NodeKind::kUnary:
      return "whole columns are negated";
    case NodeKind::kBinary:
      return how_of_binary(static_cast<const BinaryNode&>(node));
    case NodeKind::kAggregation:
      return how_of_aggregation(static_cast<const AggregationNode&>(node));
    case NodeKind::kCall:
      return how_of_call(static_cast<const CallNode&>(node));
    default:
      return "a constant";
  }
}

}  // namespace

int64_t ExplainedNode::own_ns() const noexcept {
  int64_t own = total_ns;
  for (const auto& child : children) own -= child->total_ns;
  return std::max<int64_t>(own, 0);
}

ExplainScope::ExplainScope(const QueryContext& context, const Node& node, uint64_t steps, bool once) : context_(context) {
  if (context.explanation == nullptr || node.kind == NodeKind::kNumber) return;
  enter(node, steps, once);
}

void ExplainScope::enter(const Node& node, uint64_t steps, bool once) {
  Explanation& all = *context_.explanation;
  if (all.nodes_ >= Explanation::kMostNodes) {
    ++all.omitted_;
    return;
  }
  ++all.nodes_;
  mine_ = all.path_.back()->children.emplace_back(std::make_unique<ExplainedNode>()).get();
  mine_->expression = text_of(context_.query, node);
  mine_->type = node.type;
  mine_->how = how_of(node);
  mine_->once = once;
  mine_->steps = once ? 1 : steps;
  samples_before_ = context_.samples_read.total();
  begun_ns_ = context_.mono_ns();
  all.path_.push_back(mine_);
}

void ExplainScope::give_up(std::string_view why) {
  if (mine_ == nullptr) return;
  Explanation& all = *context_.explanation;
  all.path_.pop_back();
  ExplainedNode& parent = *all.path_.back();
  parent.children.pop_back();
  parent.how.append("; ").append(why);
  --all.nodes_;
  mine_ = nullptr;
}

ExplainScope::~ExplainScope() {
  if (mine_ == nullptr) return;
  mine_->total_ns = context_.mono_ns() - begun_ns_;
  mine_->samples = context_.samples_read.total() - samples_before_;
  context_.explanation->path_.pop_back();
}

SelectProbe::SelectProbe(const QueryContext& context, const tarsier_select& request, const WindowPlan& plan, bool newest_only)
    : plan_(plan), newest_only_(newest_only), counts_(context.sample_counts) {
  if (context.explanation == nullptr) return;
  select_ = context.explanation->path_.back()->selects.emplace_back(std::make_unique<ExplainedSelect>()).get();
  select_->matchers = write_matchers(request.matchers, request.matcher_count);
  select_->start_ns = request.start_ns;
  select_->end_ns = request.end_ns;
  select_->function = view(request.function);
}

void SelectProbe::look(const tarsier_series& series) const noexcept {
  select_->series.fetch_add(1, std::memory_order_relaxed);
  select_->samples.fetch_add(series.sample_count, std::memory_order_relaxed);
  if (series.histogram_offsets != nullptr) select_->histogram_series.fetch_add(1, std::memory_order_relaxed);
  if (!has_summaries(series)) return;
  select_->summed_series.fetch_add(1, std::memory_order_relaxed);
  int64_t widest = select_->tier_ns.load(std::memory_order_relaxed);
  while (series.tier_ns > widest && !select_->tier_ns.compare_exchange_weak(widest, series.tier_ns, std::memory_order_relaxed)) {
  }
}

std::string write_matchers(const tarsier_matcher* matchers, size_t count) {
  static constexpr std::array<std::string_view, 4> kOps = {"=", "!=", "=~", "!~"};
  std::string out = "{";
  for (size_t i = 0; i < count; ++i) {
    const std::string_view name = view(matchers[i].name);
    if (i != 0) out += ",";
    out += is_legacy_label(name) ? std::string(name) : quote(name);
    out += kOps[static_cast<size_t>(matchers[i].op)];
    out += quote(view(matchers[i].value));
  }
  return out + "}";
}

}  // namespace tarsier::promql
