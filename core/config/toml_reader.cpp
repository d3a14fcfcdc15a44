#include "core/config/toml_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <toml++/toml.h>
#include <utility>

#include "core/config/input_file.hpp"
#include "core/config/nesting.hpp"

namespace tarsier::config {
namespace {

Position position_of(const toml::source_region& region, const std::shared_ptr<const Source>& source) {
  return {source, region.begin.line, region.begin.column};
}

class Converter {
 public:
  Converter(const std::shared_ptr<const Source>& source, Findings& findings) : source_(source), findings_(findings) {}

  Node convert(const toml::node& from, const std::string& path, uint32_t depth) {
    Node node;
    node.position = position_of(from.source(), source_);
    if (depth > kMaxNesting) {
      findings_.push_back(error_at(node.position, path, "nested deeper than " + std::to_string(kMaxNesting) + " levels"));
      return node;
    }
    if (const auto* table = from.as_table()) {
      fill_table(node, *table, path, depth);
    } else if (const auto* array = from.as_array()) {
      fill_array(node, *array, path, depth);
    } else {
      fill_scalar(node, from);
    }
    return node;
  }

 private:
  void fill_table(Node& node, const toml::table& table, const std::string& path, uint32_t depth) {
    node.kind = Kind::table;
    node.children.reserve(table.size());
    for (const auto& [key, value] : table) {
      Node child = convert(value, child_path(path, key.str()), depth + 1);
      child.key = std::string(key.str());
      child.key_position = position_of(key.source(), source_);
      node.children.push_back(std::move(child));
    }
    // toml++ keeps keys sorted by name; the order of the file is what a reader expects.
    std::stable_sort(node.children.begin(), node.children.end(), [](const Node& left, const Node& right) {
      return std::pair(left.key_position.line, left.key_position.column) <
             std::pair(right.key_position.line, right.key_position.column);
    });
  }

  void fill_array(Node& node, const toml::array& array, const std::string& path, uint32_t depth) {
    node.kind = Kind::array;
    node.children.reserve(array.size());
    for (size_t i = 0; i < array.size(); ++i) {
      node.children.push_back(convert(array[i], path + "[" + std::to_string(i) + "]", depth + 1));
      node.children.back().key_position = node.children.back().position;
    }
  }

  static void fill_scalar(Node& node, const toml::node& from) {
    if (const auto* text = from.as_string()) {
      node.kind = Kind::string;
      node.text = text->get();
    } else if (const auto* integer = from.as_integer()) {
      node.kind = Kind::integer;
      node.integer = integer->get();
    } else if (const auto* number = from.as_floating_point()) {
      node.kind = Kind::floating;
      node.number = number->get();
    } else if (const auto* boolean = from.as_boolean()) {
      node.kind = Kind::boolean;
      node.boolean = boolean->get();
    } else {
      node.kind = Kind::string;
      std::ostringstream date;
      from.visit([&](const auto& value) {
        if constexpr (toml::is_date<decltype(value)> || toml::is_time<decltype(value)> || toml::is_date_time<decltype(value)>)
          date << value.get();
      });
      node.text = date.str();
    }
  }

  const std::shared_ptr<const Source>& source_;
  Findings& findings_;
};

Node empty_table(const std::shared_ptr<const Source>& source) {
  Node root;
  root.position = {source, 1, 1};
  return root;
}

}  // namespace

Node read_toml(std::string_view text, const std::shared_ptr<const Source>& source, Findings& findings) {
  if (const auto line = line_nested_deeper_than(text, 2 * kMaxNesting)) {
    findings.push_back(error_at({source, *line, 1}, {}, "nested deeper than " + std::to_string(kMaxNesting) + " levels"));
    return empty_table(source);
  }
  try {
    const toml::table table = toml::parse(text, std::string_view(source->name));
    const size_t before = findings.size();
    Node root = Converter(source, findings).convert(table, {}, 0);
    if (findings.size() == before) return root;
  } catch (const toml::parse_error& error) {
    findings.push_back(error_at(position_of(error.source(), source), {}, "not valid TOML: " + std::string(error.description())));
  }
  return empty_table(source);
}

Node read_toml_file(const std::string& path, Findings& findings) {
  const auto source = std::make_shared<const Source>(Source{path, std::filesystem::path(path).parent_path().string(), false});
  auto text = read_input_file(path, kMaxFileSize);
  if (!text) {
    findings.push_back(error_at({source, 0, 0}, {}, text.error().message()));
    return empty_table(source);
  }
  return read_toml(*text, source, findings);
}

}  // namespace tarsier::config
