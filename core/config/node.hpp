// Node: one value of the configuration, with where it was written. It is the struct that plugins see behind abi/config.h. A tree is
// built by load and check, and read-only afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/abi/config.h"

namespace tarsier::config {

enum class Kind : tarsier_node_kind {
  string = TARSIER_NODE_STRING,
  integer = TARSIER_NODE_INT,
  floating = TARSIER_NODE_FLOAT,
  boolean = TARSIER_NODE_BOOL,
  array = TARSIER_NODE_ARRAY,
  table = TARSIER_NODE_TABLE
};

/// Where values come from: a file, or one --set of the command line.
struct Source {
  std::string name;       ///< "config/tarsier.toml", "--set plugin.net.workers"
  std::string directory;  ///< relative paths start here; "" is the working directory
  bool is_override = false;
};

struct Position {
  std::shared_ptr<const Source> source;  // shared: the nodes of a merged tree come from several files and outlive the load
  uint32_t line = 0;                     // 0 for an override
  uint32_t column = 0;

  /// "config/tarsier.toml:14:12", "--set plugin.net.workers"
  std::string text() const;
};

}  // namespace tarsier::config

struct tarsier_config_node {
  using Kind = tarsier::config::Kind;
  using Position = tarsier::config::Position;

  Kind kind = Kind::table;
  bool secret = false;        ///< prints as "<secret>"
  bool defaulted = false;     ///< not written, but filled in from the schema
  tarsier_key_type type = 0;  ///< by the schema, once checked
  std::string service;        ///< the value names an instance that offers this service; "": it may be any
  std::string key;            ///< its name in the table that holds it
  std::string text;           ///< of a string
  int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  std::vector<tarsier_config_node> children;  ///< of an array or a table, in the order of the file
  std::string raw;                            ///< of an override: the value as it was given
  Position position;                          ///< of the value
  Position key_position;                      ///< of its key
  std::string path;                           ///< "plugin.scrape.job[2].interval"
  std::string location;                       ///< position and path; both are set by assign_paths

  bool is_table() const noexcept { return kind == Kind::table; }
  bool is_array() const noexcept { return kind == Kind::array; }
  bool is_string() const noexcept { return kind == Kind::string; }

  /// A table's entry, nullptr when absent.
  const tarsier_config_node* find(std::string_view name) const noexcept;
  tarsier_config_node* find(std::string_view name) noexcept;
  /// By a dotted path from here: "host.storage.quota". For keys without dots of their own.
  const tarsier_config_node* at_path(std::string_view dotted) const noexcept;
};

namespace tarsier::config {

using Node = ::tarsier_config_node;

/// Sets path and location of the node and of all below; `path` is the node's own. To be called after a change of structure.
void assign_paths(Node& node, std::string path);

/// A key as it stands in a path or in TOML: bare where it can be, otherwise quoted.
std::string quoted_key(std::string_view key);
std::string child_path(std::string_view parent, std::string_view key);

/// Equal values, wherever they were written; the order of a table's entries does not count.
bool same_content(const Node& left, const Node& right);

/// An array with entries, all of them tables.
bool is_array_of_tables(const Node& node) noexcept;

/// Marks the node and all below as secret.
void hide_values(Node& node) noexcept;

}  // namespace tarsier::config
