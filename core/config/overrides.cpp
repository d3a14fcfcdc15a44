#include "core/config/overrides.hpp"

#include <charconv>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/input_file.hpp"
#include "core/config/toml_reader.hpp"

namespace tarsier::config {
namespace {

using Step = std::variant<std::string, uint64_t>;  // a key, or the index of an element

struct Override {
  std::vector<Step> steps;
  std::string value;
};

/// Takes "name", `"quoted.name"` or `[3]` from the front of the key.
std::optional<Step> take_step(std::string_view& text) {
  if (text.front() == '[') {
    uint64_t index = 0;
    const auto done = std::from_chars(text.data() + 1, text.data() + text.size(), index);
    if (done.ec != std::errc() || done.ptr == text.data() + text.size() || *done.ptr != ']') return std::nullopt;
    text.remove_prefix(static_cast<size_t>(done.ptr - text.data()) + 1);
    return index;
  }
  if (text.front() == '"') {
    const size_t end = text.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string name(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return name;
  }
  const size_t end = std::min(text.find_first_of(".[=\""), text.size());
  if (end == 0) return std::nullopt;
  std::string name(text.substr(0, end));
  text.remove_prefix(end);
  return name;
}

std::optional<Override> parse_override(std::string_view text) {
  Override result;
  while (!text.empty()) {
    auto step = take_step(text);
    if (!step || (result.steps.empty() && std::holds_alternative<uint64_t>(*step))) return std::nullopt;
    result.steps.push_back(std::move(*step));
    if (text.empty() || result.steps.size() > kMaxNesting) return std::nullopt;
    if (text.front() == '=') {
      result.value = text.substr(1);
      return result;
    }
    if (text.front() == '.') {
      text.remove_prefix(1);
    } else if (text.front() != '[') {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::string path_of(const std::vector<Step>& steps) {
  std::string path;
  for (const Step& step : steps) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      path = child_path(path, *name);
    } else {
      path += "[" + std::to_string(std::get<uint64_t>(step)) + "]";
    }
  }
  return path;
}

void set_position(Node& node, const Position& position) {
  node.position = position;
  node.key_position = position;
  for (Node& child : node.children) set_position(child, position);
}

Node value_node(const std::string& text, const Position& position) {
  Node node;
  Findings ignored;  // what is no TOML is a string
  Node document = read_toml("value = " + text, position.source, ignored);
  if (ignored.empty() && document.children.size() == 1) {
    node = std::move(document.children.front());
  } else {
    node.kind = Kind::string;
    node.text = text;
  }
  node.raw = text;
  set_position(node, position);
  return node;
}

/// The entry that a step leads to, made as a table where a key is new; nullptr when there is no such element.
Node* descend(Node& node, const Step& step, const Position& position) {
  if (const auto* index = std::get_if<uint64_t>(&step)) {
    return node.is_array() && *index < node.children.size() ? &node.children[*index] : nullptr;
  }
  const auto& name = std::get<std::string>(step);
  if (!node.is_table()) return nullptr;
  if (Node* child = node.find(name)) return child;
  Node& made = node.children.emplace_back();
  made.key = name;
  set_position(made, position);
  return &made;
}

}  // namespace

void apply_override(Node& root, std::string_view key_and_value, Findings& findings) {
  auto wanted = parse_override(key_and_value);
  if (!wanted || !is_utf8(key_and_value)) {
    // The value may be a secret: only the key is repeated.
    const std::string key(key_and_value.substr(0, key_and_value.find('=')));
    findings.push_back(
        {Severity::error, "--set " + key, 0, 0, {}, "expected KEY=VALUE with a dotted key, such as plugin.node.interval=15s"});
    return;
  }
  const std::string path = path_of(wanted->steps);
  const auto source = std::make_shared<const Source>(Source{"--set " + path, {}, true});
  const Position position{source, 0, 0};
  Node* node = &root;
  for (const Step& step : wanted->steps) {
    node = descend(*node, step, position);
    if (node == nullptr) {
      findings.push_back(error_at(position, path, "leads through a value that is no table, or to an element that no file has"));
      return;
    }
  }
  Node value = value_node(wanted->value, position);
  value.key = node->key;
  *node = std::move(value);
}

}  // namespace tarsier::config
