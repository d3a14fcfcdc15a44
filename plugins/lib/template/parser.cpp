#include "plugins/lib/template/parser.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "plugins/lib/template/functions.hpp"
#include "plugins/lib/template/lexer.hpp"

namespace tarsier::tmpl {
namespace {

constexpr int kMaxDepth = 64;

class Parser {
 public:
  Parser(std::vector<Token> tokens, std::span<const std::string_view> variables)
      : tokens_(std::move(tokens)), scope_(variables.begin(), variables.end()) {
    scope_.emplace_back("$");
  }

  Result<Template> run() {
    auto nodes = block(0, false);
    if (!nodes) return std::move(nodes).error();
    if (!stopped_by_.empty()) return error("unexpected {{" + stopped_by_ + "}}");
    result_.nodes = std::move(*nodes);
    return std::move(result_);
  }

 private:
  const Token& peek() const { return tokens_[at_]; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool is(TokenKind kind) const { return peek().kind == kind; }
  bool is_word(std::string_view text) const { return is(TokenKind::identifier) && peek().text == text; }
  Error error(const std::string& what) const { return error_at(peek(), what); }
  static Error error_at(const Token& token, const std::string& what) {
    return Error::invalid(std::to_string(token.line) + ":" + std::to_string(token.column) + ": " + what);
  }
  Result<void> expect(TokenKind kind, const char* what) {
    if (!is(kind)) return error(std::string("expected ") + what);
    take();
    return {};
  }

  /// Nodes up to {{end}}, {{else ...}} or the end of the text; says which in stopped_by_. The word is consumed, what follows it is
  /// not.
  Result<Nodes> block(int depth, bool in_loop) {
    if (depth > kMaxDepth) return error("nested too deeply");
    Nodes nodes;
    stopped_by_.clear();
    while (!is(TokenKind::end)) {
      if (is(TokenKind::text)) {
        nodes.push_back({Node::Kind::text, take().text, {}, {}, {}});
        continue;
      }
      if (auto open = expect(TokenKind::open, "{{"); !open) return std::move(open).error();
      if (is_word("end") || is_word("else")) {
        stopped_by_ = take().text;
        return nodes;
      }
      if (is_word("define")) {
        if (auto defined = define(depth); !defined) return std::move(defined).error();
        continue;
      }
      auto node = action(depth, in_loop);
      if (!node) return std::move(node).error();
      nodes.push_back(std::move(*node));
    }
    return nodes;
  }

  Result<void> define(int depth) {
    take();
    if (!is(TokenKind::string)) return error("define takes a quoted name");
    const std::string name = take().text;
    if (auto closed = close(); !closed) return closed;
    std::vector<std::string> outside = std::exchange(scope_, {"$"});  // a definition sees none of the variables around it
    auto body = block(depth + 1, false);
    scope_ = std::move(outside);
    if (!body) return std::move(body).error();
    if (stopped_by_ != "end") return error("{{define}} without {{end}}");
    if (auto closed = close(); !closed) return closed;
    result_.defined[name] = std::move(*body);
    stopped_by_.clear();
    return {};
  }

  Result<void> close() { return expect(TokenKind::close, "}}"); }

  Result<Node> action(int depth, bool in_loop) {
    if (is_word("if")) return control(Node::Kind::branch, depth, in_loop);
    if (is_word("with")) return control(Node::Kind::with, depth, in_loop);
    if (is_word("range")) return control(Node::Kind::range, depth, true);
    Node node;
    if (is_word("template")) {
      take();
      if (!is(TokenKind::string)) return error("template takes a quoted name");
      node.kind = Node::Kind::call;
      node.text = take().text;
      if (!is(TokenKind::close)) {
        auto argument = pipeline(depth);
        if (!argument) return std::move(argument).error();
        node.pipeline = std::move(*argument);
      }
    } else if (is_word("break") || is_word("continue")) {
      if (!in_loop) return error("{{" + peek().text + "}} outside of {{range}}");
      node.kind = take().text == "break" ? Node::Kind::loop_break : Node::Kind::loop_continue;
    } else {
      node.kind = Node::Kind::action;
      auto parsed = pipeline(depth);
      if (!parsed) return std::move(parsed).error();
      node.pipeline = std::move(*parsed);
    }
    if (auto closed = close(); !closed) return std::move(closed).error();
    return node;
  }

  /// Variables that are declared inside are gone after it.
  Result<Node> control(Node::Kind kind, int depth, bool in_loop) {
    const size_t outside = scope_.size();
    auto node = control_body(kind, depth, in_loop);
    scope_.resize(outside);
    return node;
  }

  Result<Node> control_body(Node::Kind kind, int depth, bool in_loop) {
    const std::string word = take().text;
    Node node;
    node.kind = kind;
    auto condition = pipeline(depth, kind == Node::Kind::range);
    if (!condition) return std::move(condition).error();
    node.pipeline = std::move(*condition);
    if (auto closed = close(); !closed) return std::move(closed).error();
    auto body = block(depth + 1, in_loop);
    if (!body) return std::move(body).error();
    node.body = std::move(*body);
    if (stopped_by_ == "else") {
      if (is_word("if") || is_word("with")) {  // one {{end}} closes the whole chain
        auto chained = control(is_word("if") ? Node::Kind::branch : Node::Kind::with, depth + 1, in_loop);
        if (!chained) return std::move(chained).error();
        node.otherwise.push_back(std::move(*chained));
        return node;
      }
      if (auto closed = close(); !closed) return std::move(closed).error();
      auto otherwise = block(depth + 1, in_loop);
      if (!otherwise) return std::move(otherwise).error();
      node.otherwise = std::move(*otherwise);
    }
    if (stopped_by_ != "end") return error("{{" + word + "}} without {{end}}");
    if (auto closed = close(); !closed) return std::move(closed).error();
    stopped_by_.clear();
    return node;
  }

  Result<Pipeline> pipeline(int depth, bool in_range = false) {
    if (depth > kMaxDepth) return error("nested too deeply");
    Pipeline result;
    result.line = peek().line;
    result.column = peek().column;
    if (auto read = variables(result, in_range); !read) return std::move(read).error();
    while (true) {
      auto parsed = command(depth);
      if (!parsed) return std::move(parsed).error();
      result.commands.push_back(std::move(*parsed));
      if (!is(TokenKind::pipe)) return result;
      take();
    }
  }

  /// `$x :=`, `$x =`, and in a range `$i, $x :=`; nothing is consumed when it is not there.
  Result<void> variables(Pipeline& result, bool in_range) {
    if (!is(TokenKind::variable)) return {};
    size_t names = 1;
    if (in_range && tokens_[at_ + 1].kind == TokenKind::comma && tokens_[at_ + 2].kind == TokenKind::variable) names = 2;
    const size_t sign = at_ + (names == 2 ? 3 : 1);
    const TokenKind kind = tokens_[sign].kind;
    if (kind != TokenKind::declare && kind != TokenKind::assign) return {};
    result.variables.push_back(tokens_[at_].text);
    if (names == 2) result.variables.push_back(tokens_[at_ + 2].text);
    result.assigns = kind == TokenKind::assign;
    for (const std::string& name : result.variables) {
      if (!result.assigns) scope_.push_back(name);
      if (!is_known(name)) return error("undefined variable \"" + name + "\"");
    }
    at_ = sign + 1;
    return {};
  }

  bool is_known(const std::string& variable) const { return std::find(scope_.begin(), scope_.end(), variable) != scope_.end(); }

  Result<Command> command(int depth) {
    Command result;
    while (!is(TokenKind::close) && !is(TokenKind::pipe) && !is(TokenKind::right_paren)) {
      auto parsed = operand(depth);
      if (!parsed) return std::move(parsed).error();
      result.operands.push_back(std::move(*parsed));
    }
    if (result.operands.empty()) return error("missing value");
    if (result.operands.size() > 1 && result.operands[0].kind == Operand::Kind::literal) return error("a literal cannot be called");
    return result;
  }

  Result<Operand> operand(int depth) {
    Operand result;
    const Token token = take();
    switch (token.kind) {
      case TokenKind::dot:
        result.kind = Operand::Kind::dot;
        break;
      case TokenKind::field:
        result.kind = Operand::Kind::dot;
        result.fields.push_back(token.text);
        break;
      case TokenKind::variable:
        if (!is_known(token.text)) return error_at(token, "undefined variable \"" + token.text + "\"");
        result.kind = Operand::Kind::variable;
        result.name = token.text;
        break;
      case TokenKind::string:
        return literal(Value(token.text));
      case TokenKind::character:
      case TokenKind::number:
        return number(token);
      case TokenKind::identifier:
        if (token.text == "true" || token.text == "false") return literal(Value(token.text == "true"));
        if (token.text == "nil") return literal(Value());
        if (!is_function(token.text)) return error_at(token, "function \"" + token.text + "\" is not defined");
        result.kind = Operand::Kind::function;
        result.name = token.text;
        return result;
      case TokenKind::left_paren: {
        auto inner = pipeline(depth + 1);
        if (!inner) return std::move(inner).error();
        if (auto closed = expect(TokenKind::right_paren, ")"); !closed) return std::move(closed).error();
        result.kind = Operand::Kind::pipeline;
        result.pipeline = std::make_shared<const Pipeline>(std::move(*inner));
        break;
      }
      default:
        return error_at(token, "unexpected \"" + token.text + "\"");
    }
    while (is(TokenKind::field) && !peek().space_before) result.fields.push_back(take().text);
    return result;
  }

  static Operand literal(Value value) {
    Operand result;
    result.kind = Operand::Kind::literal;
    result.literal = std::move(value);
    return result;
  }

  static Result<Operand> number(const Token& token) {
    const char* begin = token.text.data() + (token.text.front() == '+' ? 1 : 0);
    const char* end = token.text.data() + token.text.size();
    int64_t integer = 0;
    if (const auto parsed = std::from_chars(begin, end, integer); parsed.ec == std::errc() && parsed.ptr == end)
      return literal(Value(integer));
    double real = 0;
    if (const auto parsed = std::from_chars(begin, end, real); parsed.ec == std::errc() && parsed.ptr == end)
      return literal(Value(real));
    return error_at(token, "bad number \"" + token.text + "\"");
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  std::string stopped_by_;
  std::vector<std::string> scope_;  // variables that are known here
  Template result_;
};

}  // namespace

Result<Template> parse(std::string_view text, std::span<const std::string_view> variables) {
  auto tokens = lex(text);
  if (!tokens) return std::move(tokens).error();
  return Parser(std::move(*tokens), variables).run();
}

}  // namespace tarsier::tmpl
