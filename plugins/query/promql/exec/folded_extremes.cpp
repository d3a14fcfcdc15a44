// topk and bottomk of what a selector brings at one step: of each group only as many series are kept as it wants, so that no label
// set is made of those that lose.
#include <algorithm>
#include <atomic>
#include <optional>
#include <vector>

#include "plugins/query/promql/exec/aggregate.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/folded_select.hpp"
#include "plugins/query/promql/exec/group_table.hpp"

namespace tarsier::promql {
namespace {

struct Candidate {
  double value;
  uint64_t id;  // of the series: what came first wins a tie
  Labels labels;
};

/// What the parts of a contest are made of, and what they count together.
struct Contest {
  QueryContext& context;
  const Signature signature;
  const bool top;
  const size_t wanted;  // in each group
  std::atomic<uint64_t> held{0};

  Contest(QueryContext& of, Signature groups, bool largest, size_t count)
      : context(of), signature(std::move(groups)), top(largest), wanted(count) {}
  Contest(const Contest&) = delete;
  Contest& operator=(const Contest&) = delete;
  ~Contest() { context.let_go(held); }

  bool before(double value, uint64_t id, const Candidate& other) const noexcept {
    if (is_better(top, value, other.value)) return true;
    return !is_better(top, other.value, value) && id < other.id;
  }
};

struct Order {
  const Contest& contest;
  bool operator()(const Candidate& a, const Candidate& b) const noexcept { return contest.before(a.value, a.id, b); }
};

class ContestPart final : public RunPart {
 public:
  explicit ContestPart(Contest& contest) : contest_(contest), table_(contest.signature) {}

  void add(const tarsier_series& series) override {
    Group& group = group_at(table_.number(series));
    group.first_id = std::min(group.first_id, series.series_id);
    if (wins(group, column.front(), series.series_id))
      put(group, {column.front(), series.series_id, Labels::from(series.labels, series.label_count)});
  }
  void merge(ContestPart& other) {
    for (uint32_t from = 0; from < other.groups_.size(); ++from) {
      Group& group = group_at(table_.number(std::string_view(other.table_.key(from))));
      group.first_id = std::min(group.first_id, other.groups_[from].first_id);
      for (Candidate& candidate : other.groups_[from].best) {
        if (wins(group, candidate.value, candidate.id)) put(group, std::move(candidate));
      }
    }
  }
  /// The groups in the order of their first series, each from its best on.
  Vector result(bool drop_name) {
    std::sort(groups_.begin(), groups_.end(), [](const Group& a, const Group& b) { return a.first_id < b.first_id; });
    Vector out;
    for (Group& group : groups_) {
      std::sort_heap(group.best.begin(), group.best.end(), Order{contest_});
      for (Candidate& candidate : group.best) out.series.push_back({std::move(candidate.labels), drop_name, {candidate.value}});
    }
    return out;
  }

 private:
  struct Group {
    uint64_t first_id = UINT64_MAX;
    std::vector<Candidate> best;  // a heap: the one to go first is in front
  };

  Group& group_at(uint32_t number) {
    if (number == groups_.size()) groups_.emplace_back();
    return groups_[number];
  }
  bool wins(const Group& group, double value, uint64_t id) const noexcept {
    if (group.best.size() < contest_.wanted) return true;
    return contest_.wanted != 0 && contest_.before(value, id, group.best.front());
  }
  void put(Group& group, Candidate candidate) {
    if (group.best.size() == contest_.wanted) {
      std::pop_heap(group.best.begin(), group.best.end(), Order{contest_});
      group.best.back() = std::move(candidate);
    } else {
      contest_.held.fetch_add(1, std::memory_order_relaxed);
      (void)contest_.context.hold(1);  // the select asks whether to go on
      group.best.push_back(std::move(candidate));
    }
    std::push_heap(group.best.begin(), group.best.end(), Order{contest_});
  }

  Contest& contest_;
  GroupTable table_;
  std::vector<Group> groups_;
};

}  // namespace

Result<std::optional<Vector>> Evaluator::fold_extremes(const AggregationNode& node) {
  const Node& operand = unwrap(*node.operand);
  // What is needed elsewhere, too, is rather kept; and a parameter that reads series is not to be read twice.
  if (!context_.instant() || steps_ != 1 || operand.shared != 0 || folded_operand(operand).selector == nullptr ||
      unwrap(*node.parameter).kind != NodeKind::kNumber)
    return std::optional<Vector>();
  const auto parameter = scalar(*node.parameter);
  if (!parameter) return parameter.error();
  const auto wanted = whole_count((*parameter)[0]);
  if (!wanted) return std::optional<Vector>();  // the general way says so, after what the operand has to say

  Contest contest(context_, folded_signature(node), node.op == Token::kTopk, static_cast<size_t>(std::max<int64_t>(*wanted, 0)));
  RunPartsOf<ContestPart, Contest> parts(contest);
  auto done = fold_columns(operand, parts);
  if (!done) return std::move(done).error();
  if (!*done) return std::optional<Vector>();
  ContestPart all(contest);
  for (auto& [run, part] : parts.parts()) all.merge(part);
  const CallNode* const call = folded_operand(operand).call;
  return std::optional<Vector>(all.result(call != nullptr && !kernel_of(call->function->id).keeps_name));
}

}  // namespace tarsier::promql
