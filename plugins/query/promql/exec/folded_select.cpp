// Aggregations of what a selector brings, the usual query: each series is folded into its group as it comes, on the thread that
// brings it, so that neither its labels nor its column are kept.
#include "plugins/query/promql/exec/folded_select.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>

#include "plugins/query/promql/exec/aggregate.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/explanation.hpp"
#include "plugins/query/promql/exec/folding.hpp"
#include "plugins/query/promql/exec/group_table.hpp"
#include "plugins/query/promql/exec/mixed_series.hpp"
#include "plugins/query/promql/exec/mixed_windows.hpp"
#include "plugins/query/promql/exec/store_series.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kType = "__type__", kUnit = "__unit__";

std::string_view value_of(const tarsier_series& series, std::string_view name) {
  for (uint32_t i = 0; i < series.label_count; ++i)
    if (view(series.labels[i].name) == name) return view(series.labels[i].value);
  return {};
}

/// What the parts of a fold are made of, and what they count together.
struct Fold {
  QueryContext& context;
  const Signature signature;
  const Token op;
  const size_t steps;
  std::atomic<uint64_t> held{0};

  Fold(QueryContext& of, Signature groups, Token by, size_t count)
      : context(of), signature(std::move(groups)), op(by), steps(count) {}
  Fold(const Fold&) = delete;
  Fold& operator=(const Fold&) = delete;
  ~Fold() { context.let_go(held); }
};

class FoldedPart final : public RunPart {
 public:
  explicit FoldedPart(Fold& fold) : fold_(fold), groups_(fold.signature), folding_(make_folding(fold.op, fold.steps)) {}

  void add(const tarsier_series& series) override {
    const size_t before = groups_.size();
    const uint32_t group = groups_.number(series);
    if (groups_.size() != before) folding_->add_group();
    const size_t cells = folding_->size();
    folding_->add(group, column);
    if (const size_t more = folding_->size() - cells; more != 0) {
      fold_.held.fetch_add(more, std::memory_order_relaxed);
      (void)fold_.context.hold(more);  // the select asks whether to go on
    }
  }
  Result<void> merge(const FoldedPart& other, Growth& growth) {
    for (uint32_t from = 0; from < other.groups_.size(); ++from) {
      const size_t before = groups_.size();
      const uint32_t group = groups_.number(std::string_view(other.groups_.key(from)));
      if (groups_.size() != before) folding_->add_group();
      const size_t cells = folding_->size();
      folding_->merge(group, *other.folding_, from);
      if (auto go_on = growth.add(folding_->size() - cells); !go_on) return go_on;
    }
    return {};
  }
  Vector result(bool drop_name) const {
    Vector out;
    for (uint32_t group = 0; group < groups_.size(); ++group) {
      out.series.push_back({GroupTable::labels_of(groups_.key(group)), drop_name, {}});
      folding_->result(group, out.series.back());
    }
    return out;
  }

 private:
  Fold& fold_;
  GroupTable groups_;
  std::unique_ptr<Folding> folding_;
};

/// Series of one name stay apart when it is taken away, as long as they have no type or unit, which go with it.
bool has_one_name(const VectorSelector& selector) {
  return std::any_of(selector.matchers.begin(), selector.matchers.end(),
                     [](const Matcher& matcher) { return matcher.op == MatchOp::kEqual && matcher.name == kMetricName; });
}

bool has_type_or_unit(const tarsier_series& series) { return !value_of(series, kType).empty() || !value_of(series, kUnit).empty(); }

}  // namespace

FoldedOperand folded_operand(const Node& node) {
  FoldedOperand operand;
  if (node.kind == NodeKind::kVectorSelector) operand.selector = static_cast<const VectorSelector*>(&node);
  if (node.kind == NodeKind::kCall) {
    const auto& call = static_cast<const CallNode&>(node);
    if (!is_range_function(call.function->id) || call.function->id == FunctionId::kAbsentOverTime) return {};
    const Node& range = unwrap(range_of(call));
    if (range.kind != NodeKind::kMatrixSelector) return {};
    const auto& matrix = static_cast<const MatrixSelector&>(range);
    operand = {matrix.selector.get(), &call, matrix.range->ns};
  }
  return operand.selector != nullptr && operand.selector->mode == RangeMode::kPlain ? operand : FoldedOperand{};
}

bool may_fold_selected(const AggregationNode& node) {
  return folds(node.op) && folded_operand(unwrap(*node.operand)).selector != nullptr;
}

bool Evaluator::loses_name(const Node& operand) const {
  const CallNode* const call = folded_operand(operand).call;
  return call != nullptr && !kernel_of(call->function->id).keeps_name && !context_.delayed_name_removal;
}

Signature Evaluator::folded_signature(const AggregationNode& node) const {
  Signature signature = signature_of(node);
  if (loses_name(unwrap(*node.operand)) && signature.listed) std::erase(signature.labels, kMetricName);
  return signature;
}

Result<bool> Evaluator::fold_columns(const Node& operand, RunParts& parts) {
  const auto [selector, call, range_ns] = folded_operand(operand);
  if (selector == nullptr || !at_each_step(operand)) return false;
  const bool nameless = loses_name(operand);
  if (nameless && !has_one_name(*selector)) return false;
  if (call != nullptr && context_.start_timestamps && looks_for_resets(call->function->id)) return false;

  Result<KernelArguments> arguments = KernelArguments{};
  if (call != nullptr) arguments = kernel_arguments(*call);
  if (!arguments) return std::move(arguments).error();
  const WindowPlan plan = plan_of(grid_, selector->time, call != nullptr ? range_ns : context_.lookback_ns);
  std::optional<SeriesWindows> windows;
  const WindowKernel kernel = call != nullptr ? kernel_of(call->function->id) : WindowKernel{};
  if (call != nullptr) windows.emplace(context_, *call, kernel, *arguments, plan, RangeMode::kPlain);
  const bool of_counter =
      call != nullptr && (call->function->id == FunctionId::kRate || call->function->id == FunctionId::kIncrease);

  std::atomic<bool> general{false};
  TentativeCounts counts(context_);
  ExplainScope scope(context_, operand, steps_, false);
  auto selected = select_series(
      context_, *selector, plan, call != nullptr ? call->function->name : "", call != nullptr, [&](const tarsier_series& series) {
        if (has_histograms(series) || !TARSIER_HAS(&series, run) || (nameless && has_type_or_unit(series))) general = true;
        if (general) return false;
        RunPart& part = parts.of(series.run);
        if (!(windows ? windows->run(series, part.column) : look_back(plan, series, false, part.column))) return true;
        if (const auto name = value_of(series, kMetricName); of_counter && part.checked_name != name) {
          check_counter(*call, range_of(*call), name, value_of(series, kType));
          part.checked_name = name;
        }
        part.add(series);
        ++part.results;
        return true;
      });
  if (!selected) return std::move(selected).error();
  if (general) {
    scope.give_up("series were folded as they came, until there was one that must be there as a whole, such as histograms");
    return false;
  }
  scope.made(parts.results());
  counts.keep();
  return true;
}

Result<std::optional<Vector>> Evaluator::fold_selected(const AggregationNode& node) {
  const Node& operand = unwrap(*node.operand);
  Fold fold(context_, folded_signature(node), node.op, steps_);
  RunPartsOf<FoldedPart, Fold> parts(fold);
  auto done = fold_columns(operand, parts);
  if (!done) return std::move(done).error();
  if (!*done) return std::optional<Vector>();
  FoldedPart all(fold);
  Growth growth(context_);
  for (const auto& [run, part] : parts.parts()) {
    if (auto merged = all.merge(part, growth); !merged) return std::move(merged).error();
  }
  const CallNode* const call = folded_operand(operand).call;
  const bool loses_later = call != nullptr && !kernel_of(call->function->id).keeps_name && context_.delayed_name_removal;
  return std::optional<Vector>(all.result(loses_later));
}

}  // namespace tarsier::promql
