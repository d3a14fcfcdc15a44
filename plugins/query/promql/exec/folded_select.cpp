// Aggregations of what a selector brings, the usual query: each series is folded into its group as it comes, on the thread that
// brings it, so that neither its labels nor its column are kept.
#include <algorithm>
#include <map>
#include <mutex>

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

/// What came of the series of one run.
struct Part {
  Part(const Signature& signature, Token op, size_t steps) : groups(signature), folding(make_folding(op, steps)) {}
  GroupTable groups;
  std::unique_ptr<Folding> folding;
  Column column;             // of the series in hand
  uint64_t results = 0;      // series that had any
  std::string checked_name;  // check_counter() has seen it
};

/// The parts of all runs. They are put together in the order of the runs, so that a sum does not depend on timing.
class Parts {
 public:
  Parts(QueryContext& context, Signature signature, Token op, size_t steps)
      : context_(context), signature_(std::move(signature)), op_(op), steps_(steps) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() { context_.let_go(held_); }

  /// For the thread that has the run in hand.
  Part& of(uint64_t run) {
    // One run has many series, so the lock is seldom needed.
    struct Last {
      uint64_t query, run;
      Part* part;
    };
    thread_local Last last{};
    if (last.query == query_ && last.run == run) return *last.part;
    const std::lock_guard lock(mutex_);
    last = {query_, run, &parts_.try_emplace(run, signature_, op_, steps_).first->second};
    return *last.part;
  }
  /// Adds part.column, of that series.
  void add(Part& part, const tarsier_series& series) {
    const size_t before = part.groups.size();
    const uint32_t group = part.groups.number(series);
    if (part.groups.size() != before) part.folding->add_group();
    const size_t cells = part.folding->size();
    part.folding->add(group, part.column);
    ++part.results;
    if (const size_t more = part.folding->size() - cells; more != 0) {
      held_.fetch_add(more, std::memory_order_relaxed);
      (void)context_.hold(more);  // the select asks whether to go on
    }
  }
  /// Series that had any result.
  uint64_t results() const {
    uint64_t sum = 0;
    for (const auto& [run, part] : parts_) sum += part.results;
    return sum;
  }
  Result<Vector> take(bool drop_name) {
    Part all(signature_, op_, steps_);
    Growth growth(context_);
    for (auto& [run, part] : parts_) {
      for (uint32_t from = 0; from < part.groups.size(); ++from) {
        const size_t before = all.groups.size();
        const uint32_t group = all.groups.number(std::string_view(part.groups.key(from)));
        if (all.groups.size() != before) all.folding->add_group();
        const size_t cells = all.folding->size();
        all.folding->merge(group, *part.folding, from);
        if (auto go_on = growth.add(all.folding->size() - cells); !go_on) return std::move(go_on).error();
      }
    }
    Vector out;
    for (uint32_t group = 0; group < all.groups.size(); ++group) {
      out.series.push_back({GroupTable::labels_of(all.groups.key(group)), drop_name, {}});
      all.folding->result(group, out.series.back());
    }
    return out;
  }

 private:
  static uint64_t next_query() noexcept {
    static std::atomic<uint64_t> last{0};
    return ++last;
  }

  QueryContext& context_;
  const Signature signature_;
  const Token op_;
  const size_t steps_;
  const uint64_t query_ = next_query();  // of all there ever are
  std::mutex mutex_;
  std::map<uint64_t, Part> parts_;
  std::atomic<uint64_t> held_{0};
};

/// What is aggregated, where it is a selector or a range function of one, without anchors.
struct Operand {
  const VectorSelector* selector = nullptr;
  const CallNode* call = nullptr;  // null: the selector itself
  int64_t range_ns = 0;
};

Operand operand_of(const Node& node) {
  Operand operand;
  if (node.kind == NodeKind::kVectorSelector) operand.selector = static_cast<const VectorSelector*>(&node);
  if (node.kind == NodeKind::kCall) {
    const auto& call = static_cast<const CallNode&>(node);
    if (!is_range_function(call.function->id) || call.function->id == FunctionId::kAbsentOverTime) return {};
    const Node& range = unwrap(range_of(call));
    if (range.kind != NodeKind::kMatrixSelector) return {};
    const auto& matrix = static_cast<const MatrixSelector&>(range);
    operand = {matrix.selector.get(), &call, matrix.range->ns};
  }
  return operand.selector != nullptr && operand.selector->mode == RangeMode::kPlain ? operand : Operand{};
}

/// Series of one name stay apart when it is taken away, as long as they have no type or unit, which go with it.
bool has_one_name(const VectorSelector& selector) {
  return std::any_of(selector.matchers.begin(), selector.matchers.end(),
                     [](const Matcher& matcher) { return matcher.op == MatchOp::kEqual && matcher.name == kMetricName; });
}

bool has_type_or_unit(const tarsier_series& series) { return !value_of(series, kType).empty() || !value_of(series, kUnit).empty(); }

}  // namespace

bool may_fold_selected(const AggregationNode& node) {
  return folds(node.op) && operand_of(unwrap(*node.operand)).selector != nullptr;
}

/// Histograms take the general way: then nothing is the answer, and what was begun is forgotten.
Result<std::optional<Vector>> Evaluator::fold_selected(const AggregationNode& node) {
  const Node& inner = unwrap(*node.operand);
  const auto [selector, call, range_ns] = operand_of(inner);
  if (selector == nullptr || !at_each_step(inner)) return std::optional<Vector>();
  const WindowKernel kernel = call != nullptr ? kernel_of(call->function->id) : WindowKernel{.keeps_name = true};
  const bool nameless = !kernel.keeps_name && !context_.delayed_name_removal;
  if (nameless && !has_one_name(*selector)) return std::optional<Vector>();
  if (call != nullptr && context_.start_timestamps && looks_for_resets(call->function->id)) return std::optional<Vector>();

  Result<KernelArguments> arguments = KernelArguments{};
  if (call != nullptr) arguments = kernel_arguments(*call);
  if (!arguments) return std::move(arguments).error();
  const WindowPlan plan = plan_of(grid_, selector->time, call != nullptr ? range_ns : context_.lookback_ns);
  std::optional<SeriesWindows> windows;
  if (call != nullptr) windows.emplace(context_, *call, kernel, *arguments, plan, RangeMode::kPlain);
  const bool of_counter =
      call != nullptr && (call->function->id == FunctionId::kRate || call->function->id == FunctionId::kIncrease);

  Signature signature = signature_of(node);
  if (nameless && signature.listed) std::erase(signature.labels, kMetricName);
  Parts parts(context_, std::move(signature), node.op, steps_);
  std::atomic<bool> general{false};
  TentativeCounts counts(context_);
  ExplainScope scope(context_, inner, steps_, false);
  auto selected = select_series(
      context_, *selector, plan, call != nullptr ? call->function->name : "", call != nullptr, [&](const tarsier_series& series) {
        if (has_histograms(series) || !TARSIER_HAS(&series, run) || (nameless && has_type_or_unit(series))) general = true;
        if (general) return false;
        Part& part = parts.of(series.run);
        if (!(windows ? windows->run(series, part.column) : look_back(plan, series, false, part.column))) return true;
        if (const auto name = value_of(series, kMetricName); of_counter && part.checked_name != name) {
          check_counter(*call, range_of(*call), name, value_of(series, kType));
          part.checked_name = name;
        }
        parts.add(part, series);
        return true;
      });
  if (!selected) return std::move(selected).error();
  if (general) {
    scope.give_up("series were folded as they came, until there was one that must be there as a whole, such as histograms");
    return std::optional<Vector>();
  }
  scope.made(parts.results());
  counts.keep();
  auto folded = parts.take(!kernel.keeps_name && !nameless);
  if (!folded) return std::move(folded).error();
  return std::optional<Vector>(std::move(*folded));
}

}  // namespace tarsier::promql
