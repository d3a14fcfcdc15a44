// tarsier/config.hpp - reading the checked configuration (abi/config.h): types are right and defaults are filled in already.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host.hpp"

namespace tarsier {

/// One node of the tree; valid during configure or reconfigure. An absent one reads as empty, 0 or false.
class Config {
 public:
  Config(const Host& host, const tarsier_config_node* node) noexcept : api_(host.config), node_(node) {}

  bool present() const noexcept { return node_ != nullptr; }
  Config operator[](std::string_view key) const noexcept { return {api_, node_ ? api_->get(node_, str(key)) : nullptr}; }

  /// Entries of an array or table.
  uint64_t size() const noexcept { return node_ ? api_->count(node_) : 0; }
  Config at(uint64_t index) const noexcept { return {api_, node_ ? api_->at(node_, index) : nullptr}; }
  std::string_view key_at(uint64_t index) const noexcept { return node_ ? view(api_->key_at(node_, index)) : std::string_view{}; }
  bool is_array() const noexcept { return node_ != nullptr && api_->kind(node_) == TARSIER_NODE_ARRAY; }
  bool is_table() const noexcept { return node_ != nullptr && api_->kind(node_) == TARSIER_NODE_TABLE; }

  std::string string() const { return node_ ? std::string(view(api_->as_string(node_))) : std::string(); }
  int64_t integer() const noexcept { return node_ ? api_->as_int(node_) : 0; }
  /// Nanoseconds.
  int64_t duration_ns() const noexcept { return integer(); }
  uint64_t size_bytes() const noexcept { return static_cast<uint64_t>(integer()); }
  double number() const noexcept { return node_ ? api_->as_float(node_) : 0.0; }
  bool boolean() const noexcept { return node_ != nullptr && api_->as_bool(node_) != 0; }

  /// "config/tarsier.toml:14:3: plugin.scrape.job[2].interval"
  std::string location() const { return node_ ? std::string(view(api_->location(node_))) : std::string(); }
  std::string directory() const { return node_ ? std::string(view(api_->directory(node_))) : std::string(); }
  /// An error about this node.
  Error invalid(std::string_view what) const { return Error::invalid(location() + ": " + std::string(what)); }
  /// A path as written, relative to the file that it was written in.
  std::string path() const {
    std::string text = string();
    if (text.empty() || text.front() == '/') return text;
    const std::string base = directory();
    return base.empty() ? text : base + "/" + text;
  }

 private:
  Config(const tarsier_config_api* api, const tarsier_config_node* node) noexcept : api_(api), node_(node) {}
  const tarsier_config_api* api_;
  const tarsier_config_node* node_;
};

}  // namespace tarsier
