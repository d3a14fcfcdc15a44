#include "core/config/schema.hpp"

#include <string_view>
#include <utility>

#include "core/config/node.hpp"
#include "core/config/scalar_check.hpp"

namespace tarsier::config {
namespace {

constexpr uint32_t kMinKeySize = offsetof(tarsier_config_key, doc) + sizeof(const char*);

SchemaNode& step_into(SchemaNode& node, const std::string& step) {
  if (step == "[]") {
    if (!node.element) node.element = std::make_unique<SchemaNode>();
    return *node.element;
  }
  if (step == "*") {
    if (!node.any) node.any = std::make_unique<SchemaNode>();
    return *node.any;
  }
  auto& entry = node.entries[step];
  if (!entry) {
    entry = std::make_unique<SchemaNode>();
    node.names.push_back(step);
  }
  return *entry;
}

Result<void> check_key(const tarsier_config_key& key) {
  if (key.type < TARSIER_KEY_STRING || key.type > TARSIER_KEY_TABLE)
    return Error::invalid("unknown type " + std::to_string(key.type));
  if (key.type == TARSIER_KEY_TABLE) {
    if (key.default_value != nullptr || key.choices != nullptr) return Error::invalid("a table has neither default nor choices");
    return {};
  }
  return check_key_values(key);
}

/// A node is one of: a value, an array, a table.
Result<void> check_shape(const SchemaNode& node, const std::string& path) {
  const bool has_entries = !node.entries.empty() || node.any != nullptr;
  const bool is_value = node.key != nullptr && node.key->type != TARSIER_KEY_TABLE;
  if (has_entries && (is_value || node.is_array()))
    return Error::invalid("schema key \"" + path + "\" is declared both as a table and otherwise");
  if (is_value && node.is_array()) return Error::invalid("schema key \"" + path + "\" is declared both as a value and as an array");
  for (const auto& [name, entry] : node.entries) {
    if (auto fine = check_shape(*entry, child_path(path, name)); !fine) return fine;
  }
  if (node.any) {
    if (auto fine = check_shape(*node.any, path + ".*"); !fine) return fine;
  }
  return node.element ? check_shape(*node.element, path + "[]") : Result<void>();
}

}  // namespace

Keys keys_of(const tarsier_config_key* const* null_terminated) noexcept {
  size_t count = 0;
  while (null_terminated != nullptr && null_terminated[count] != nullptr) ++count;
  return {null_terminated, count};
}

Result<std::vector<std::string>> split_schema_path(const char* path) {
  std::vector<std::string> steps;
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('.'), rest.size());
    std::string_view part = rest.substr(0, end);
    size_t arrays = 0;
    while (part.ends_with("[]")) {
      part.remove_suffix(2);
      ++arrays;
    }
    if (part.empty() || part.find_first_of("[]") != std::string_view::npos) return Error::invalid("malformed path");
    steps.emplace_back(part);
    steps.insert(steps.end(), arrays, "[]");
    if (end + 1 == rest.size()) return Error::invalid("malformed path");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (steps.empty()) return Error::invalid("empty path");
  return steps;
}

Result<Schema> Schema::compile(Keys keys) {
  Schema schema;
  if (auto added = schema.add(keys); !added) return std::move(added).error();
  return schema;
}

Result<void> Schema::add(Keys keys) {
  for (const tarsier_config_key* key : keys) {
    if (key->size < kMinKeySize) return Error::invalid("schema key of an unknown size");
    const std::string context = "schema key \"" + std::string(key->path == nullptr ? "" : key->path) + "\"";
    auto steps = split_schema_path(key->path);
    if (!steps) return std::move(steps).error().in(context);
    if (auto fine = check_key(*key); !fine) return std::move(fine).error().in(context);
    SchemaNode* node = root_.get();
    for (const std::string& step : *steps) node = &step_into(*node, step);
    if (node->key == nullptr) node->key = key;
  }
  return check_shape(*root_, {});
}

}  // namespace tarsier::config
