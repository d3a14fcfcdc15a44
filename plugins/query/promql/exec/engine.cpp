#include "plugins/query/promql/exec/engine.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/shared_results.hpp"
#include "plugins/query/promql/plan/common_parts.hpp"
#include "plugins/query/promql/plan/histogram_totals.hpp"
#include "plugins/query/promql/plan/prepare.hpp"

namespace tarsier::promql {
namespace {

void truncate(QueryContext& context, QueryAnswer& answer, uint64_t limit) {
  if (limit == 0) return;
  if (answer.series.size() > limit || answer.matrix.size() > limit) {
    context.add_warning("results truncated due to limit");
    if (answer.series.size() > limit) answer.series.resize(limit);
    if (answer.matrix.size() > limit) answer.matrix.resize(limit);
  }
}

template <class T>
void sort_by_labels(std::vector<T>& series) {
  std::sort(series.begin(), series.end(), [](const T& a, const T& b) { return a.labels < b.labels; });
}

Result<void> finish_vector(QueryAnswer& answer, Vector result, const std::function<int64_t()>& mono_ns) {
  answer.held = std::move(result.held);
  answer.series = std::move(result.series);
  std::erase_if(answer.series, [](const Series& series) { return series.empty(); });
  if (auto dropped = drop_names(answer.series); !dropped) return dropped;
  if (auto merged = merge_equal(answer.series, kSameLabels); !merged) return merged;
  const int64_t sorting_since = mono_ns();
  if (answer.range) sort_by_labels(answer.series);
  answer.sort_ns = mono_ns() - sorting_since;
  return {};
}

Result<void> finish_matrix(QueryAnswer& answer, std::vector<RawSeries> result, const std::function<int64_t()>& mono_ns) {
  for (RawSeries& series : result) {
    if (!series.drop_name) continue;
    std::vector<Series> one(1);
    one[0].labels = series.labels;
    one[0].drop_name = true;
    if (auto dropped = drop_names(one); !dropped) return dropped;
    series.labels = one[0].labels;
  }
  const int64_t sorting_since = mono_ns();
  sort_by_labels(result);
  answer.sort_ns = mono_ns() - sorting_since;
  for (size_t i = 1; i < result.size(); ++i)
    if (result[i].labels == result[i - 1].labels) return Error(TARSIER_UNSUPPORTED, std::string(kSameLabels));
  answer.matrix = std::move(result);
  return {};
}

/// The first experimental function, or anchored or smoothed selector, in the tree: for when those are switched off.
const Node* first_experimental(const Node& node) {
  const auto in = [](const NodePtr& child) { return child ? first_experimental(*child) : nullptr; };
  switch (node.kind) {
    case NodeKind::kVectorSelector:
      return static_cast<const VectorSelector&>(node).mode == RangeMode::kPlain ? nullptr : &node;
    case NodeKind::kMatrixSelector:
      return first_experimental(*static_cast<const MatrixSelector&>(node).selector) != nullptr ? &node : nullptr;
    case NodeKind::kSubquery:
      return in(static_cast<const Subquery&>(node).inner);
    case NodeKind::kUnary:
      return in(static_cast<const UnaryNode&>(node).operand);
    case NodeKind::kParen:
      return in(static_cast<const ParenNode&>(node).inner);
    case NodeKind::kBinary: {
      const auto operators = left_chain(static_cast<const BinaryNode&>(node));
      const Node* found = in(operators.front()->left);
      for (auto at = operators.begin(); found == nullptr && at != operators.end(); ++at) found = in((*at)->right);
      return found;
    }
    case NodeKind::kAggregation: {
      const auto* found = in(static_cast<const AggregationNode&>(node).parameter);
      return found ? found : in(static_cast<const AggregationNode&>(node).operand);
    }
    case NodeKind::kCall: {
      const auto& call = static_cast<const CallNode&>(node);
      if (call.function->experimental) return &call;
      for (const NodePtr& argument : call.arguments)
        if (const auto* found = first_experimental(*argument)) return found;
      return nullptr;
    }
    default:
      return nullptr;
  }
}

std::string not_enabled(const Node& node) {
  if (node.kind == NodeKind::kCall)
    return "function " + quote(static_cast<const CallNode&>(node).function->name) + " is not enabled";
  const auto& selector = node.kind == NodeKind::kMatrixSelector ? *static_cast<const MatrixSelector&>(node).selector
                                                                : static_cast<const VectorSelector&>(node);
  return std::string(selector.mode == RangeMode::kAnchored ? "anchored" : "smoothed") + " modifier is experimental and not enabled";
}

}  // namespace

Engine::Engine(const EngineOptions& options, std::function<int64_t()> mono_ns)
    : mono_ns_(std::move(mono_ns)), options_(options), queue_(options.gate, mono_ns_) {}

Result<QueryAnswer> Engine::evaluate(QueryContext& context, const Node& tree, const QueryRequest& request) {
  QueryAnswer answer;
  answer.range = request.step_ns > 0;
  answer.start_ns = request.start_ns;
  answer.step_ns = request.step_ns;
  answer.type = tree.type;
  const Grid grid =
      answer.range ? Grid{request.start_ns, request.end_ns, request.step_ns} : Grid{request.start_ns, request.start_ns, 1};
  Evaluator evaluator(context, grid);
  switch (tree.type) {
    case ValueType::kString:
      answer.string = static_cast<const StringNode&>(unwrap(tree)).value;
      break;
    case ValueType::kScalar: {
      auto values = evaluator.spread_scalar(tree);
      if (!values) return std::move(values).error();
      answer.scalar = values->take_values();
      answer.held = values->take_held();
      break;
    }
    case ValueType::kVector: {
      auto result = evaluator.vector(tree);
      if (!result) return std::move(result).error();
      if (auto done = finish_vector(answer, std::move(*result), mono_ns_); !done) return std::move(done).error();
      break;
    }
    default: {
      auto result = evaluator.matrix(tree);
      if (!result) return std::move(result).error();
      if (auto done = finish_matrix(answer, std::move(*result), mono_ns_); !done) return std::move(done).error();
    }
  }
  truncate(context, answer, request.limit);
  return answer;
}

/// A query from when it is understood until its answer is not needed any more.
struct Engine::Running {
  QueryContext context;
  std::unique_ptr<QueryGate, void (*)(QueryGate*)> place{nullptr, [](QueryGate* gate) { gate->leave(); }};
  QueryAnswer answer;  // counts against the context's limit
};

Result<void> Engine::query(const tarsier_samples_store& store, const QueryRequest& request,
                           const std::function<void(const QueryAnswer&)>& look) {
  auto answer = query(store, request);
  if (!answer) return std::move(answer).error();
  look(**answer);
  return {};
}

Result<std::shared_ptr<const QueryAnswer>> Engine::query(const tarsier_samples_store& store, const QueryRequest& request) {
  const int64_t begun = mono_ns_();
  auto tree = parse(request.expression);
  if (!tree) return std::move(tree).error();
  if (request.step_ns > 0 && (*tree)->type != ValueType::kScalar && (*tree)->type != ValueType::kVector)
    return Error::invalid("invalid expression type " + quote(type_name((*tree)->type)) +
                          " for range query, must be Scalar or instant Vector");
  const EngineOptions now = options();
  if (const Node* found = now.experimental_functions ? nullptr : first_experimental(**tree))
    return parse_error(request.expression, found->position, not_enabled(*found));
  const int64_t end_ns = request.step_ns > 0 ? request.end_ns : request.start_ns;
  if (auto prepared = prepare(request.expression, **tree, {request.start_ns, end_ns, request.step_ns}); !prepared)
    return std::move(prepared).error();

  mark_histogram_totals(**tree);
  std::vector<uint32_t> common_parts;
  if (now.share_common_parts) common_parts = mark_common_parts(**tree);

  const int64_t timeout = std::min(request.timeout_ns.value_or(now.limits.timeout_ns), now.limits.timeout_ns);
  if (timeout <= 0) return Error(TARSIER_DEADLINE, "query timed out in query execution");
  const std::shared_ptr<Running> running(new Running, [this](Running* ended) {
    const uint64_t peak_samples = ended->context.peak_samples();
    delete ended;
    memory_return_.after_query(peak_samples, mono_ns_());
  });
  QueryContext& context = running->context;
  context.query = request.expression;
  context.store = &store;
  context.lookback_ns = request.lookback_ns > 0 ? request.lookback_ns : now.lookback_ns;
  context.default_step_ns = now.default_step_ns;
  context.start_ns = request.start_ns;
  context.end_ns = end_ns;
  context.step_ns = request.step_ns;
  context.delayed_name_removal = now.delayed_name_removal;
  context.start_timestamps = now.use_start_timestamps;
  context.limits = now.limits;
  context.cancel = request.cancel;
  context.explanation = request.explanation;
  context.mono_ns = mono_ns_;
  context.deadline_ns = begun - request.queue_ns + timeout;
  SharedResults shared(std::move(common_parts));
  context.shared = &shared;
  if (auto done = run(*running, **tree, request, begun); !done) return std::move(done).error();
  running->answer.timeout_ns = timeout;
  return std::shared_ptr<const QueryAnswer>(running, &running->answer);
}

Result<void> Engine::run(Running& running, const Node& tree, const QueryRequest& request, int64_t begun_ns) {
  QueryContext& context = running.context;
  const int64_t waiting_since = mono_ns_();
  if (!request.has_place) {
    if (auto entered = queue_.enter_and_wait(request.client, context.deadline_ns - waiting_since); !entered) return entered;
    running.place.reset(&queue_);
  }
  const int64_t entered_at = mono_ns_();
  const int64_t waited_ns = entered_at - waiting_since;
  std::optional<SampleCounts> counts;
  if (request.count_samples)
    context.sample_counts = &counts.emplace(Grid{request.start_ns, context.end_ns, std::max<int64_t>(request.step_ns, 1)}.count());
  auto evaluated = evaluate(context, tree, request);
  const int64_t done = mono_ns_();
  if (finished_)
    finished_({&request, done - begun_ns + request.queue_ns, request.queue_ns + waited_ns, context.samples_read.total(),
               context.series_read.total(), evaluated ? nullptr : &evaluated.error()});
  if (!evaluated) return std::move(evaluated).error();
  QueryAnswer& answer = running.answer;
  answer = std::move(*evaluated);
  answer.warnings = context.warnings();
  answer.infos = context.infos();
  answer.samples_read = context.samples_read.total();
  answer.series_read = context.series_read.total();
  answer.peak_samples = context.peak_samples();
  if (counts) answer.samples_per_step = counts->per_step();
  answer.prepare_ns = waiting_since - begun_ns;
  answer.queue_ns = request.queue_ns + waited_ns;
  answer.eval_ns = done - entered_at;
  answer.total_ns = done - begun_ns - waited_ns;
  return {};
}

}  // namespace tarsier::promql
