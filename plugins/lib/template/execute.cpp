#include "plugins/lib/template/execute.hpp"

#include <utility>

namespace tarsier::tmpl {
namespace {

constexpr size_t kMaxOutput = size_t{1} << 20U;
constexpr int kMaxSteps = 1000000;
constexpr int kMaxCalls = 64;  // of {{template}} within one another

enum class Flow : uint8_t { next, leave_loop, next_round };

class Executor {
 public:
  Executor(const Template& source, const Environment& environment) : source_(source), environment_(environment) {}

  Result<std::string> run(const Value& data, const std::map<std::string, Value>& variables) {
    scope_.emplace_back("$", data);
    for (const auto& [name, value] : variables) scope_.emplace_back(name, value);
    auto done = nodes(source_.nodes, data);
    if (!done) return std::move(done).error();
    return std::move(out_);
  }

 private:
  using Scope = std::vector<std::pair<std::string, Value>>;

  Result<Flow> nodes(const Nodes& list, const Value& dot) {
    const size_t outer = scope_.size();
    for (const Node& node : list) {
      auto flow = this->node(node, dot);
      if (!flow || *flow != Flow::next) {
        scope_.resize(outer);
        return flow;
      }
    }
    scope_.resize(outer);
    return Flow::next;
  }

  Result<Flow> node(const Node& node, const Value& dot) {
    if (++steps_ > kMaxSteps) return Error(TARSIER_RESOURCE, "the template takes more than a million steps");
    switch (node.kind) {
      case Node::Kind::text:
        return write(node.text);
      case Node::Kind::action: {
        auto value = pipeline(node.pipeline, dot);
        if (!value) return std::move(value).error();
        return node.pipeline.variables.empty() ? write(value->print()) : Result<Flow>(Flow::next);
      }
      case Node::Kind::branch:
      case Node::Kind::with:
        return branch(node, dot);
      case Node::Kind::range:
        return range(node, dot);
      case Node::Kind::call:
        return call(node, dot);
      case Node::Kind::loop_break:
        return Flow::leave_loop;
      case Node::Kind::loop_continue:
        return Flow::next_round;
    }
    return Flow::next;
  }

  Result<Flow> write(const std::string& text) {
    if (out_.size() + text.size() > kMaxOutput) return Error(TARSIER_RESOURCE, "the template writes more than 1 MiB");
    out_ += text;
    return Flow::next;
  }

  Result<Flow> branch(const Node& node, const Value& dot) {
    const size_t outer = scope_.size();
    auto value = pipeline(node.pipeline, dot);
    if (!value) return std::move(value).error();
    auto flow = value->truthy() ? nodes(node.body, node.kind == Node::Kind::with ? *value : dot) : nodes(node.otherwise, dot);
    scope_.resize(outer);
    return flow;
  }

  Result<Flow> range(const Node& node, const Value& dot) {
    const size_t outer = scope_.size();
    Pipeline source = node.pipeline;
    source.variables.clear();  // they take the elements, not the whole
    auto over = pipeline(source, dot);
    if (!over) return std::move(over).error();
    std::vector<std::pair<Value, Value>> rounds;
    if (const auto* list = over->list()) {
      for (size_t i = 0; i < list->size(); ++i) rounds.emplace_back(Value(static_cast<int64_t>(i)), (*list)[i]);
    } else if (const auto* map = over->map()) {
      for (const auto& [key, value] : *map) rounds.emplace_back(Value(key), value);
    } else if (over->truthy()) {
      return error(node.pipeline, "range over " + std::string(over->type_name()));
    }
    if (rounds.empty()) return nodes(node.otherwise, dot);
    for (const auto& [key, value] : rounds) {
      const auto& names = node.pipeline.variables;
      if (names.size() == 2) scope_.emplace_back(names[0], key);
      if (!names.empty()) scope_.emplace_back(names.back(), value);
      auto flow = nodes(node.body, value);
      scope_.resize(outer);
      if (!flow) return flow;
      if (*flow == Flow::leave_loop) break;
    }
    return Flow::next;
  }

  Result<Flow> call(const Node& node, const Value& dot) {
    const auto found = source_.defined.find(node.text);
    if (found == source_.defined.end()) return Error::invalid("template \"" + node.text + "\" is not defined");
    if (calls_ >= kMaxCalls) return Error(TARSIER_RESOURCE, "templates call one another more than 64 deep");
    Value argument;
    if (!node.pipeline.commands.empty()) {
      auto value = pipeline(node.pipeline, dot);
      if (!value) return std::move(value).error();
      argument = std::move(*value);
    }
    Scope outer = std::exchange(scope_, Scope{{"$", argument}});
    ++calls_;
    auto flow = nodes(found->second, argument);
    --calls_;
    scope_ = std::move(outer);
    if (!flow) return flow;
    return Flow::next;
  }

  Error error(const Pipeline& at, const std::string& what) const {
    return Error::invalid(std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + what);
  }

  Result<Value> pipeline(const Pipeline& source, const Value& dot) {
    Value value;
    for (size_t i = 0; i < source.commands.size(); ++i) {
      auto result = command(source.commands[i], dot, i > 0 ? &value : nullptr);
      if (!result) {
        Error failure = std::move(result).error();
        return failure.code() == TARSIER_INVALID ? error(source, failure.message()) : failure;
      }
      value = std::move(*result);
    }
    if (source.variables.empty()) return value;
    if (!source.assigns) {
      scope_.emplace_back(source.variables[0], value);
      return value;
    }
    for (auto at = scope_.rbegin(); at != scope_.rend(); ++at) {
      if (at->first != source.variables[0]) continue;
      at->second = value;
      return value;
    }
    return error(source, "undefined variable \"" + source.variables[0] + "\"");
  }

  Result<Value> command(const Command& source, const Value& dot, const Value* piped) {
    const Operand& head = source.operands[0];
    if (head.kind != Operand::Kind::function) {
      if (source.operands.size() > 1 || piped != nullptr) return Error::invalid("this is not a function and takes no arguments");
      return operand(head, dot);
    }
    if (head.name == "and" || head.name == "or") return logic(source, dot, piped);
    std::vector<Value> arguments;
    for (size_t i = 1; i < source.operands.size(); ++i) {
      auto argument = operand(source.operands[i], dot);
      if (!argument) return argument;
      arguments.push_back(std::move(*argument));
    }
    if (piped != nullptr) arguments.push_back(*piped);
    return call_function(head.name, arguments, environment_);
  }

  /// The first argument that decides; the others are not evaluated.
  Result<Value> logic(const Command& source, const Value& dot, const Value* piped) {
    const bool stops_at = source.operands[0].name == "or";
    Value last;
    for (size_t i = 1; i < source.operands.size(); ++i) {
      auto argument = operand(source.operands[i], dot);
      if (!argument || argument->truthy() == stops_at) return argument;
      last = std::move(*argument);
    }
    return piped != nullptr ? *piped : last;
  }

  Result<Value> operand(const Operand& source, const Value& dot) {
    if (++steps_ > kMaxSteps) return Error(TARSIER_RESOURCE, "the template takes more than a million steps");
    switch (source.kind) {
      case Operand::Kind::literal:
        return source.literal;
      case Operand::Kind::dot:
        return fields(dot, source);
      case Operand::Kind::variable: {
        for (auto at = scope_.rbegin(); at != scope_.rend(); ++at)
          if (at->first == source.name) return fields(at->second, source);
        return Error::invalid("undefined variable \"" + source.name + "\"");
      }
      case Operand::Kind::function:
        return call_function(source.name, {}, environment_);
      case Operand::Kind::pipeline: {
        auto value = pipeline(*source.pipeline, dot);
        if (!value) return value;
        return fields(*value, source);
      }
    }
    return Value();
  }

  static Result<Value> fields(Value at, const Operand& source) {
    for (const std::string& name : source.fields) {
      const auto* map = at.map();
      if (map == nullptr) return Error::invalid("can't evaluate field " + name + " in " + std::string(at.type_name()));
      const auto found = map->find(name);
      at = found == map->end() ? Value("") : Value(found->second);  // an absent label is ""
    }
    return at;
  }

  const Template& source_;
  const Environment& environment_;
  Scope scope_;
  std::string out_;
  int steps_ = 0;
  int calls_ = 0;
};

}  // namespace

Result<std::string> execute(const Template& source, const Value& data, const std::map<std::string, Value>& variables,
                            const Environment& environment) {
  return Executor(source, environment).run(data, variables);
}

}  // namespace tarsier::tmpl
