// A temporary directory of configuration files, and short ways to load and check them. Messages have the directory taken off.
#pragma once

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <string>
#include <vector>

#include "core/config/check_tree.hpp"
#include "core/config/load.hpp"

namespace tarsier::config {

constexpr tarsier_config_key schema_key(const char* path, tarsier_key_type type, const char* default_value = nullptr,
                                        const char* choices = nullptr, uint32_t flags = 0, const char* doc = "") {
  return {sizeof(tarsier_config_key), type, flags, 0, path, default_value, choices, doc};
}

/// Holds keys and the pointers to them.
struct TestSchema {
  explicit TestSchema(std::vector<tarsier_config_key> given) : keys(std::move(given)) {
    for (const auto& key : keys) pointers.push_back(&key);
  }
  TestSchema(const TestSchema& other) : TestSchema(other.keys) {}
  TestSchema& operator=(const TestSchema&) = delete;
  Keys span() const { return {pointers.data(), pointers.size()}; }
  std::vector<tarsier_config_key> keys;
  std::vector<const tarsier_config_key*> pointers;
};

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarsier-config-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ConfigTest() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }

  Loaded load_main(std::vector<std::string> overrides = {}) const { return load({path("tarsier.toml"), std::move(overrides)}); }

  /// Loads and checks `text` as a main file; the plugins are all of one schema.
  Loaded checked(const std::string& text, const TestSchema& schema, std::vector<std::string> overrides = {}) const {
    write("tarsier.toml", text);
    Loaded loaded = load_main(std::move(overrides));
    const std::vector<KnownPlugin> known = {{"node", schema.span()}, {"scrape", schema.span()}, {"net", schema.span()}};
    check_tree(loaded.root, known, loaded.findings);
    return loaded;
  }

  std::string messages(const Findings& findings) const {
    std::string text = to_text(findings);
    const std::string prefix = directory_.string() + "/";
    for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
    return text;
  }

  std::filesystem::path directory_;
};

}  // namespace tarsier::config
