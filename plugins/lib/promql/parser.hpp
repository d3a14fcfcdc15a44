// Reads a query into a tree. Syntax only: types are checked by type_check.hpp. `parse` below does both.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "plugins/lib/promql/ast.hpp"
#include "plugins/lib/promql/lexer.hpp"
#include "tarsier/result.hpp"

namespace tarsier::promql {

/// What nests deeper (parentheses, calls, signs, powers, subqueries of subqueries) is refused, so that no walk over a tree can
/// exhaust the stack. Chains of operators do not count: see left_chain.
constexpr uint32_t kMaxDepth = 400;
/// A tree takes up to a hundred times the room of its text.
constexpr size_t kMaxQueryBytes = size_t{2} << 20U;

/// The tree of a query, checked. Errors read "1:3: parse error: ...".
Result<NodePtr> parse(std::string_view query);
/// The matchers of one series selector, as match[] parameters have them.
Result<std::vector<Matcher>> parse_selector(std::string_view text);

class Parser {
 public:
  explicit Parser(std::string_view query) : query_(query), lexer_(query), items_(lexer_.items()) {}
  Result<NodePtr> expression_to_end();
  Result<std::vector<Matcher>> selector_to_end();

 private:
  // parser.cpp: operators, postfix modifiers
  Result<NodePtr> expression(int lowest);
  Result<NodePtr> unary();
  Result<NodePtr> postfix(NodePtr node);
  Result<NodePtr> bracket(NodePtr node);
  Result<NodePtr> offset(NodePtr node);
  Result<NodePtr> at(NodePtr node);
  Result<NodePtr> range_mode(NodePtr node);
  Result<void> binary_modifiers(BinaryNode& node);
  Result<void> fill_modifier(Matching& matching);
  Result<NodePtr> binary(NodePtr left, NodePtr right, std::unique_ptr<BinaryNode> node);

  // parse_primary.cpp: literals, selectors, calls, aggregations
  Result<NodePtr> primary();
  Result<NodePtr> number();
  Result<NodePtr> selector();
  Result<NodePtr> parenthesis();
  Result<NodePtr> call();
  Result<NodePtr> aggregation();
  Result<void> aggregation_labels(AggregationNode& node);
  Result<void> braces(VectorSelector& node);
  Result<Matcher> matcher();
  Result<std::vector<std::string>> label_list();
  Result<std::vector<NodePtr>> arguments();
  bool names_metric() const;

  // parse_duration.cpp
  Result<std::unique_ptr<Duration>> duration_expression(int lowest);
  Result<std::unique_ptr<Duration>> duration_unary();
  Result<std::unique_ptr<Duration>> duration_primary();
  Result<std::unique_ptr<Duration>> duration_call();

  const Item& item(size_t ahead = 0) const { return items_[std::min(next_ + ahead, items_.size() - 1)]; }
  bool is(Token token) const { return item().token == token; }
  const Item& take() {
    const Item& taken = item();
    last_end_ = taken.position.end;
    if (next_ + 1 < items_.size()) ++next_;
    return taken;
  }
  Result<void> expect(Token token, std::string_view context, std::string_view expected);
  /// "unexpected <item> in <context>, expected <expected>"
  Error unexpected(std::string_view context = {}, std::string_view expected = {}) const;
  Error error(Position position, std::string_view what) const { return parse_error(query_, position, what); }

  std::string_view query_;
  Lexer lexer_;
  std::vector<Item> items_;
  size_t next_ = 0;
  uint32_t last_end_ = 0;  // of the item taken last
  uint32_t depth_ = 0;
};

}  // namespace tarsier::promql
