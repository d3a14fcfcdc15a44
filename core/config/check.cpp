#include "core/config/check.hpp"

#include <string>
#include <utility>

#include "core/config/nearest.hpp"
#include "core/config/scalar_check.hpp"
#include "core/config/secret.hpp"

namespace tarsier::config {
namespace {

std::string element_text(const SchemaNode& element) {
  if (element.is_array()) return "arrays";
  if (element.is_table() || element.key == nullptr) return "tables";
  switch (element.key->type) {
    case TARSIER_KEY_STRING:
      return "strings";
    case TARSIER_KEY_INT:
      return "integers";
    case TARSIER_KEY_FLOAT:
      return "numbers";
    case TARSIER_KEY_BOOL:
      return "booleans";
    case TARSIER_KEY_DURATION:
      return "durations";
    case TARSIER_KEY_SIZE:
      return "sizes";
    default:
      return "rates";
  }
}

/// Where a name that is unknown in this table is known one table further in: `static_configs[].targets`; "" where it is not.
std::string further_in(const std::string& name, const SchemaNode& schema) {
  for (const std::string& entry : schema.names) {
    const SchemaNode& table = *schema.entries.find(entry)->second;
    const SchemaNode& inside = table.is_array() ? *table.element : table;
    if (inside.entries.contains(name)) return entry + (table.is_array() ? "[]." : ".") + name;
  }
  return {};
}

class Checker {
 public:
  explicit Checker(Findings& findings) : findings_(findings) {}

  /// The section itself: a table, in which even a schema without keys knows no other.
  void check_root(Node& node, const SchemaNode& schema) {
    if (!node.is_table()) return error(node.position, node.path, "expected a table, got " + found_text(node));
    check_entries(node, schema);
  }

 private:
  void check(Node& node, const SchemaNode& schema) {
    if (schema.is_array()) return check_array(node, schema);
    if (schema.is_table()) return check_table(node, schema);
    if (schema.key != nullptr) check_value(node, *schema.key);
  }

  void error(const Position& position, const std::string& path, std::string message) {
    findings_.push_back(error_at(position, path, std::move(message)));
  }

  void warn_deprecated(const Node& node, const SchemaNode& schema) {
    const SchemaNode& entry = schema.is_array() ? *schema.element : schema;
    if (!entry.has(TARSIER_KEY_DEPRECATED)) return;
    std::string message = "is deprecated";
    if (entry.key->doc != nullptr && *entry.key->doc != '\0') message += ": " + std::string(entry.key->doc);
    findings_.push_back(finding_at(Severity::warning, node.key_position, node.path, std::move(message)));
  }

  void check_value(Node& node, const tarsier_config_key& key) {
    if (key.type == TARSIER_KEY_STRING && is_secret_reference(node)) {
      if (auto resolved = resolve_secret(node); !resolved) return error(node.position, node.path, resolved.error().message());
    }
    if (key.type == TARSIER_KEY_STRING && node.is_table()) {
      hide_values(node);
      return error(node.position, node.path, "expected a string, { file = \"...\" } or { env = \"...\" }, got a table");
    }
    if (auto fine = check_scalar(node, key); !fine) error(node.position, node.path, fine.error().message());
  }

  void check_array(Node& node, const SchemaNode& schema) {
    if (schema.element->has(TARSIER_KEY_SECRET)) node.secret = node.secret || !node.is_array();
    if (!node.is_array()) {
      return error(node.position, node.path, "expected an array of " + element_text(*schema.element) + ", got " + found_text(node));
    }
    for (Node& child : node.children) check(child, *schema.element);
  }

  void check_table(Node& node, const SchemaNode& schema) {
    if (schema.has(TARSIER_KEY_SECRET)) hide_values(node);
    if (!node.is_table()) return error(node.position, node.path, "expected a table, got " + found_text(node));
    if (!schema.takes_anything()) check_entries(node, schema);
  }

  void check_entries(Node& node, const SchemaNode& schema) {
    for (Node& child : node.children) check_entry(child, schema);
    add_missing(node, schema);
  }

  void check_entry(Node& child, const SchemaNode& schema) {
    const auto known = schema.entries.find(child.key);
    if (known != schema.entries.end()) {
      warn_deprecated(child, *known->second);
      return check(child, *known->second);
    }
    if (schema.any) return check(child, *schema.any);
    hide_values(child);  // it may be a misspelt secret
    const std::string inner = further_in(child.key, schema);
    error(child.key_position, child.path,
          "unknown key" + (inner.empty() ? suggestion(child.key, schema.names) : "; did you mean \"" + inner + "\"?"));
  }

  /// Defaults, and what is required and absent.
  void add_missing(Node& node, const SchemaNode& schema) {
    for (const std::string& name : schema.names) {
      if (node.find(name) != nullptr) continue;
      const SchemaNode& entry = *schema.entries.find(name)->second;
      if (is_required(entry)) {
        error(node.position, child_path(node.path, name), "is required" + required_hint(entry));
      } else {
        add_default(node, name, entry);
      }
    }
  }

  static bool is_required(const SchemaNode& entry) {
    return entry.has(TARSIER_KEY_REQUIRED) || (entry.is_array() && entry.element->has(TARSIER_KEY_REQUIRED));
  }

  static std::string required_hint(const SchemaNode& entry) {
    if (entry.is_array()) return ": an array of " + element_text(*entry.element);
    return ": " + (entry.is_table() ? std::string("a table") : expected_text(entry.key->type));
  }

  void add_default(Node& table, const std::string& name, const SchemaNode& entry) {
    Node made;
    if (entry.is_table()) {
      if (!has_defaults(entry)) return;
      made.defaulted = true;
      add_missing_below(made, table, name, entry);
    } else {
      const tarsier_config_key* key = entry.is_array() ? default_key(entry) : entry.key;
      if (key == nullptr || key->default_value == nullptr) return;
      auto value = default_node(*key, entry.is_array());
      if (!value)
        return error(table.position, child_path(table.path, name), "the schema's default is wrong: " + value.error().message());
      made = *std::move(value);
    }
    made.key = name;
    place(made, table.position, child_path(table.path, name));
    table.children.push_back(std::move(made));
  }

  void add_missing_below(Node& made, const Node& table, const std::string& name, const SchemaNode& entry) {
    made.position = table.position;
    made.path = child_path(table.path, name);
    add_missing(made, entry);
  }

  static const tarsier_config_key* default_key(const SchemaNode& entry) {
    return entry.element->is_table() || entry.element->is_array() ? nullptr : entry.element->key;
  }

  /// Whether an absent table is to be made: it has defaults to hold, and nothing that only its author can give.
  static bool has_defaults(const SchemaNode& table) {
    bool any = false;
    for (const auto& [name, entry] : table.entries) {
      if (is_required(*entry)) return false;
      if (entry->is_table()) {
        any = has_defaults(*entry) || any;
      } else {
        const tarsier_config_key* key = entry->is_array() ? default_key(*entry) : entry->key;
        any = any || (key != nullptr && key->default_value != nullptr);
      }
    }
    return any;
  }

  static void place(Node& node, const Position& position, const std::string& path) {
    node.position = position;
    node.key_position = position;
    node.path = path;
    for (size_t i = 0; i < node.children.size(); ++i) {
      Node& child = node.children[i];
      place(child, position, node.is_array() ? path + "[" + std::to_string(i) + "]" : child_path(path, child.key));
    }
  }

  Findings& findings_;
};

}  // namespace

void check_section(Node& section, const Schema& schema, Findings& findings) {
  Checker(findings).check_root(section, schema.root());
  assign_paths(section, section.path);
}

}  // namespace tarsier::config
