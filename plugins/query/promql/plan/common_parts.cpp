#include "plugins/query/promql/plan/common_parts.hpp"

#include <map>
#include <string>
#include <unordered_map>

#include "plugins/lib/promql/functions.hpp"
#include "plugins/lib/promql/printer.hpp"
#include "plugins/query/promql/exec/aggregate.hpp"

namespace tarsier::promql {
namespace {

/// What nodes say, as numbers: those of two nodes are the same when their texts are. It is found from below, so that it takes as
/// long as the text and not as the text times its depth.
class Meanings {
 public:
  struct Meaning {
    uint32_t number = 0;
    bool reads = false;  // samples, so that it is worth while to keep the result
  };

  Meaning of(const Node& node) {
    const Node& inner = unwrap(node);
    const auto known = known_.find(&inner);
    if (known != known_.end()) return known->second;
    text_of_.emplace_back(1, static_cast<char>('A' + static_cast<int>(inner.kind)));
    bool reads = inner.kind == NodeKind::kVectorSelector || inner.kind == NodeKind::kMatrixSelector;
    const bool totals = inner.kind == NodeKind::kVectorSelector ? static_cast<const VectorSelector&>(inner).histogram_totals
                        : inner.kind == NodeKind::kMatrixSelector
                            ? static_cast<const MatrixSelector&>(inner).selector->histogram_totals
                            : false;
    if (totals) text_of_.back() += '#';
    text_of_.back() += print_head(inner);
    below(inner, reads);
    const auto number = static_cast<uint32_t>(numbers_.size());
    const Meaning meaning = {numbers_.try_emplace(std::move(text_of_.back()), number).first->second, reads};
    text_of_.pop_back();
    known_.emplace(&inner, meaning);
    return meaning;
  }

 private:
  void add(const Node* child, bool& reads) {
    if (child == nullptr) return;
    const Meaning meaning = of(*child);
    reads = reads || meaning.reads;
    text_of_.back() += "(" + std::to_string(meaning.number) + ")";
  }
  void below(const Node& node, bool& reads) {
    switch (node.kind) {
      case NodeKind::kSubquery:
        add(static_cast<const Subquery&>(node).inner.get(), reads);
        text_of_.back() += print_subquery_tail(static_cast<const Subquery&>(node));
        return;
      case NodeKind::kUnary:
        return add(static_cast<const UnaryNode&>(node).operand.get(), reads);
      case NodeKind::kAggregation:
        add(static_cast<const AggregationNode&>(node).parameter.get(), reads);
        return add(static_cast<const AggregationNode&>(node).operand.get(), reads);
      case NodeKind::kCall:
        for (const NodePtr& argument : static_cast<const CallNode&>(node).arguments) add(argument.get(), reads);
        return;
      case NodeKind::kBinary: {
        const auto operators = left_chain(static_cast<const BinaryNode&>(node));
        add(operators.front()->left.get(), reads);
        for (const BinaryNode* one : operators) {
          text_of_.back() += print_operator(*one);
          add(one->right.get(), reads);
        }
        return;
      }
      default:
        return;
    }
  }

  std::unordered_map<std::string, uint32_t> numbers_;
  std::unordered_map<const Node*, Meaning> known_;
  std::vector<std::string> text_of_;  // of the nodes from the root to the one at work
};

/// Goes the way of the evaluator: what is there already is not looked into again.
class Marker {
 public:
  explicit Marker(std::vector<uint32_t>& places) : places_(places) {}

  void visit(Node& node, uint32_t steps) {
    Node& inner = unwrap(node);
    if (inner.type == ValueType::kVector && !note(inner, steps)) return;
    below(inner, inner.step_invariant ? once(steps) : steps);
  }

 private:
  struct Seen {
    Node* first;
    uint32_t part = 0;
  };

  /// False when the same was there before.
  bool note(Node& node, uint32_t steps) {
    const auto meaning = meanings_.of(node);
    if (!meaning.reads) return true;
    const auto [entry, is_new] = seen_.try_emplace({steps, meaning.number}, Seen{&node});
    if (is_new) return true;
    Seen& seen = entry->second;
    if (seen.part == 0) {
      places_.push_back(1);
      seen.part = seen.first->shared = static_cast<uint32_t>(places_.size());
    }
    node.shared = seen.part;
    ++places_[seen.part - 1];
    return false;
  }

  void below(Node& node, uint32_t steps) {
    switch (node.kind) {
      case NodeKind::kSubquery:
        return visit(*static_cast<Subquery&>(node).inner, steps_of(steps, print_subquery_tail(static_cast<Subquery&>(node))));
      case NodeKind::kUnary:
        return visit(*static_cast<UnaryNode&>(node).operand, steps);
      case NodeKind::kBinary:
        return chain(static_cast<BinaryNode&>(node), steps);
      case NodeKind::kAggregation: {
        auto& aggregation = static_cast<AggregationNode&>(node);
        if (aggregation.parameter) visit(*aggregation.parameter, steps);
        if (!may_fold_selected(aggregation)) visit(*aggregation.operand, steps);
        return;
      }
      case NodeKind::kCall:
        return call(static_cast<CallNode&>(node), steps);
      default:
        return;
    }
  }

  void chain(BinaryNode& top, uint32_t steps) {
    const auto operators = left_chain(top);
    const auto at = [&](const BinaryNode& one) { return one.step_invariant ? once(steps) : steps; };
    visit(*operators.front()->left, at(*operators.front()));
    for (BinaryNode* one : operators) visit(*one->right, at(*one));
  }

  void call(CallNode& node, uint32_t steps) {
    const FunctionId id = node.function->id;
    const bool of_samples = id == FunctionId::kTimestamp || id == FunctionId::kStartTimestamp;  // not of values
    for (const NodePtr& argument : node.arguments) {
      if (of_samples && unwrap(*argument).kind == NodeKind::kVectorSelector) continue;
      visit(*argument, steps);
      if (id == FunctionId::kInfo) return;  // the second says what to look for
    }
  }

  /// Numbers of steps: 0 are those of the query; others are made of them.
  uint32_t steps_of(uint32_t outer, std::string how) {
    return steps_.try_emplace({outer, std::move(how)}, static_cast<uint32_t>(steps_.size()) + 1).first->second;
  }
  /// The first of them alone.
  uint32_t once(uint32_t steps) {
    const uint32_t single = steps_of(steps, "");
    steps_.try_emplace({single, ""}, single);
    return single;
  }

  std::vector<uint32_t>& places_;
  Meanings meanings_;
  std::map<std::pair<uint32_t, uint32_t>, Seen> seen_;  // by steps and meaning
  std::map<std::pair<uint32_t, std::string>, uint32_t> steps_;
};

}  // namespace

std::vector<uint32_t> mark_common_parts(Node& tree) {
  std::vector<uint32_t> places;
  Marker(places).visit(tree, 0);
  return places;
}

}  // namespace tarsier::promql
