// The tree of a query. Nodes own their children. What the planner finds out (resolved times, type, whether the value is the same at
// all steps) stands in the nodes too, so that the evaluator reads one structure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/lib/promql/token.hpp"

namespace tarsier::promql {

enum class ValueType : uint8_t { kNone, kScalar, kString, kVector, kMatrix };
/// "scalar", "string", "instant vector", "range vector"
std::string_view type_name(ValueType type);

enum class NodeKind : uint8_t {
  kNumber,
  kString,
  kVectorSelector,
  kMatrixSelector,
  kSubquery,
  kUnary,
  kBinary,
  kAggregation,
  kCall,
  kParen,
};

struct Node {
  Node(NodeKind k, Position p) : kind(k), position(p) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  NodeKind kind;
  bool step_invariant = false;  // planner: the value is the same at every step
  ValueType type = ValueType::kNone;
  uint32_t shared = 0;  // planner: the number of the part that it is the same as; 0: none is
  Position position;
};
using NodePtr = std::unique_ptr<Node>;

/// A length of time inside [ ] or after offset: a number of seconds, or a formula that the planner evaluates.
struct Duration {
  enum class Op : uint8_t { kLiteral, kAdd, kSub, kMul, kDiv, kMod, kPow, kNegate, kPlus, kStep, kRange, kMinOf, kMaxOf, kParen };
  Op op = Op::kLiteral;
  bool is_number = false;  // written as a plain number
  double seconds = 0;      // of a literal
  std::unique_ptr<Duration> left, right;
  Position position;
  int64_t ns = 0;  // planner: the result
};

/// The time modifiers of selectors and subqueries.
struct TimeModifiers {
  enum class At : uint8_t { kNone, kTime, kStart, kEnd };
  std::unique_ptr<Duration> offset;
  bool offset_negative = false;  // "offset -5m"
  At at = At::kNone;
  double at_seconds = 0;
  // planner:
  int64_t offset_ns = 0;
  std::optional<int64_t> at_ns;
};

enum class MatchOp : uint8_t { kEqual, kNotEqual, kRegex, kNotRegex };
struct Matcher {
  MatchOp op;
  std::string name;
  std::string value;
};
enum class RangeMode : uint8_t { kPlain, kAnchored, kSmoothed };

struct NumberNode : Node {
  NumberNode(double v, bool is_duration, Position p) : Node(NodeKind::kNumber, p), value(v), duration(is_duration) {}
  double value;
  bool duration;  // written as one: printed as one
};

struct StringNode : Node {
  StringNode(std::string v, Position p) : Node(NodeKind::kString, p), value(std::move(v)) {}
  std::string value;
};

struct VectorSelector : Node {
  explicit VectorSelector(Position p) : Node(NodeKind::kVectorSelector, p) {}
  std::string name;               // of the metric, when it stands alone; "" when there is none
  bool name_quoted = false;       // it stands in the braces
  std::vector<Matcher> matchers;  // with the one for __name__
  TimeModifiers time;
  RangeMode mode = RangeMode::kPlain;
  bool histogram_totals = false;  // planner: of native histograms, counts and sums are enough
  bool may_match_all = false;     // of info(): need not have a matcher that refuses ""
};

struct MatrixSelector : Node {
  MatrixSelector(std::unique_ptr<VectorSelector> s, std::unique_ptr<Duration> r, Position p)
      : Node(NodeKind::kMatrixSelector, p), selector(std::move(s)), range(std::move(r)) {}
  std::unique_ptr<VectorSelector> selector;
  std::unique_ptr<Duration> range;
};

struct Subquery : Node {
  explicit Subquery(Position p) : Node(NodeKind::kSubquery, p) {}
  NodePtr inner;
  std::unique_ptr<Duration> range;
  std::unique_ptr<Duration> step;  // null: the engine's default
  TimeModifiers time;
};

struct UnaryNode : Node {
  UnaryNode(bool minus, NodePtr n, Position p) : Node(NodeKind::kUnary, p), negative(minus), operand(std::move(n)) {}
  bool negative;
  NodePtr operand;
};

enum class Cardinality : uint8_t { kOneToOne, kManyToOne, kOneToMany, kManyToMany };
struct Matching {
  Cardinality cardinality = Cardinality::kOneToOne;
  bool on = false;
  bool written = false;  // on(...) or ignoring(...) stands in the query
  std::vector<std::string> labels;
  std::vector<std::string> include;  // of group_left / group_right
  std::optional<double> fill_left, fill_right;
};

struct BinaryNode : Node {
  explicit BinaryNode(Position p) : Node(NodeKind::kBinary, p) {}
  /// A chain is as long as its text: it is taken apart in a loop.
  ~BinaryNode() override;
  Token op = Token::kAdd;
  NodePtr left, right;
  bool return_bool = false;
  Matching matching;
};

struct AggregationNode : Node {
  explicit AggregationNode(Position p) : Node(NodeKind::kAggregation, p) {}
  Token op = Token::kSum;
  NodePtr parameter;  // of topk, quantile, ...
  NodePtr operand;
  bool without = false;
  std::vector<std::string> labels;
};

struct Function;  // functions.hpp
struct CallNode : Node {
  explicit CallNode(Position p) : Node(NodeKind::kCall, p) {}
  const Function* function = nullptr;
  std::vector<NodePtr> arguments;
};

struct ParenNode : Node {
  ParenNode(NodePtr n, Position p) : Node(NodeKind::kParen, p), inner(std::move(n)) {}
  NodePtr inner;
};

/// The operators of a + b - c ..., the first in the text first, `top` last: each is the left side of the one after it. Chains may
/// be as long as a query, so that who walks a tree walks them in a loop and recurses into the right sides only.
std::vector<BinaryNode*> left_chain(BinaryNode& top);
std::vector<const BinaryNode*> left_chain(const BinaryNode& top);

/// The node itself without parentheses around it.
const Node& unwrap(const Node& node);
Node& unwrap(Node& node);

}  // namespace tarsier::promql
