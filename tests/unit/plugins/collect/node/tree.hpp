// A small tree of /proc and /sys files in a temporary directory, and collectors that read it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/collect/node/round.hpp"

namespace tarsier::node {

class TreeTest : public testing::Test {
 protected:
  TreeTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarsier-node-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    settings.procfs = root_ + "/proc";
    settings.sysfs = root_ + "/sys";
    settings.udev = root_ + "/udev";
    std::filesystem::create_directories(settings.procfs);
  }
  ~TreeTest() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, std::string_view content) const {
    const std::filesystem::path full = root_ + "/" + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << content;
  }
  void remove(const std::string& path) const { std::filesystem::remove_all(root_ + "/" + path); }

  /// Opens collectors by name; they stay open until the next open().
  void open(const std::vector<std::string>& names) {
    auto opened = Collectors::open(settings, names);
    ASSERT_TRUE(opened) << opened.error().message();
    collectors_ = std::move(*opened);
  }
  /// One round: the samples of the page as lines, without those about the collectors themselves.
  std::string round(bool with_metadata = false) {
    failures.clear();
    collectors_.run(
        page, 1'500'000'000, [] { return int64_t{0}; },
        [this](std::string_view name, const Error& error) { failures.push_back(std::string(name) + ": " + error.message()); });
    std::string text, out;
    page.write_text(text);
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at) + 1;
      const std::string line = text.substr(at, end - at);
      at = end;
      if (line.find("node_scrape_collector") == std::string::npos && (with_metadata || line[0] != '#')) out += line;
    }
    return out;
  }
  std::string success(const std::string& name) {
    std::string text;
    page.write_text(text);
    const std::string series = "node_scrape_collector_success{collector=\"" + name + "\"} ";
    const size_t at = text.find(series);
    return at == std::string::npos ? "absent" : text.substr(at + series.size(), 1);
  }

  Settings settings;
  Page page{{{"instance", "i"}, {"job", "node"}}};
  std::vector<std::string> failures;

 private:
  std::string root_;
  Collectors collectors_;
};

}  // namespace tarsier::node
