// The syntax tree of a template, and the parser that makes it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/template/value.hpp"
#include "tarsier/result.hpp"

namespace tarsier::tmpl {

struct Pipeline;

/// One argument: a literal, `.`, a variable, a function's name or a pipeline in parentheses, with the fields that follow it.
struct Operand {
  enum class Kind : uint8_t { literal, dot, variable, function, pipeline };
  Kind kind = Kind::dot;
  Value literal;
  std::string name;
  std::shared_ptr<const Pipeline> pipeline;
  std::vector<std::string> fields;
};

/// A function with arguments, or one operand alone.
struct Command {
  std::vector<Operand> operands;
};

/// command | command ..., whose value is given to `variables` when there are any.
struct Pipeline {
  std::vector<std::string> variables;  // one, or two in a range
  bool assigns = false;                // = instead of :=
  std::vector<Command> commands;
  uint32_t line = 0;
  uint32_t column = 0;
};

struct Node;
using Nodes = std::vector<Node>;

struct Node {
  enum class Kind : uint8_t { text, action, branch, range, with, call, loop_break, loop_continue };
  Kind kind = Kind::text;
  std::string text;  // text; name of the called template
  Pipeline pipeline;
  Nodes body;
  Nodes otherwise;  // else
};

/// Text parsed once; executed any number of times, from any thread.
struct Template {
  Nodes nodes;
  std::map<std::string, Nodes, std::less<>> defined;
};

/// `variables` ("$labels") are those that execute() will be given. INVALID "line:column: what" for text that is not a template,
/// uses an unknown function or variable, or nests deeper than 64.
Result<Template> parse(std::string_view text, std::span<const std::string_view> variables);

}  // namespace tarsier::tmpl
