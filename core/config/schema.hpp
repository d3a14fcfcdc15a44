// Schema: a plugin's list of keys (abi/module.h) as a tree that mirrors the configuration it describes.
//
// Paths: "interval"; "job[].job_name" a key in each table of an array; "params.*" any key of a table; "collectors[]" values of an
// array; "params.*[]" arrays of values under any key. A TABLE entry without further entries below it takes any contents. A table
// that is absent is made when its keys have defaults, unless a key directly in it is required.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tarsier/abi/module.h"
#include "tarsier/result.hpp"

namespace tarsier::config {

using Keys = std::span<const tarsier_config_key* const>;

/// Over a NULL-terminated array; NULL is an empty one.
Keys keys_of(const tarsier_config_key* const* null_terminated) noexcept;

struct SchemaNode {
  const tarsier_config_key* key = nullptr;  ///< nullptr where only a longer path names it
  std::map<std::string, std::unique_ptr<SchemaNode>, std::less<>> entries;
  std::vector<std::string> names;       ///< of entries, in the order of the schema
  std::unique_ptr<SchemaNode> any;      ///< "*"
  std::unique_ptr<SchemaNode> element;  ///< "[]"

  bool is_array() const noexcept { return element != nullptr; }
  bool is_table() const noexcept {
    return !is_array() && (!entries.empty() || any != nullptr || (key != nullptr && key->type == TARSIER_KEY_TABLE));
  }
  bool takes_anything() const noexcept { return entries.empty() && any == nullptr; }
  bool has(uint32_t flag) const noexcept { return key != nullptr && (key->flags & flag) != 0; }
};

/// Keeps pointers to the keys, which outlive it.
class Schema {
 public:
  /// Fails on a path, type, choice or default that makes no sense: a defect of the plugin, named by its key.
  static Result<Schema> compile(Keys keys);

  const SchemaNode& root() const noexcept { return *root_; }
  /// Adds more keys (the ones of every plugin); those that are there already stay.
  Result<void> add(Keys keys);

 private:
  Schema() : root_(std::make_unique<SchemaNode>()) {}
  std::unique_ptr<SchemaNode> root_;
};

/// A path with the array and any-key steps apart: "job[].params.*" is "job", "[]", "params", "*".
Result<std::vector<std::string>> split_schema_path(const char* path);

}  // namespace tarsier::config
