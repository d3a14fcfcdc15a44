// Our own scripts must pass whole. Prometheus' corpus, where TARSIER_SHARED names a folder that has it, is run and counted.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <sstream>

#include "tests/conformance/script_runner.hpp"

namespace tarsier::test {
namespace {

std::vector<std::filesystem::path> scripts_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder, missing))
    if (entry.path().extension() == ".test") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Conformance, OwnScriptsPass) {
  const auto paths = scripts_in(TARSIER_SCRIPTS);
  ASSERT_FALSE(paths.empty());
  for (const auto& path : paths) {
    auto report = run_script(read(path));
    ASSERT_TRUE(report.ok()) << path << ": " << report.error().message();
    EXPECT_GT(report->passed, 0U) << path;
    for (const std::string& failure : report->failures) ADD_FAILURE() << path.filename().string() << " " << failure;
  }
}

TEST(Conformance, CountsTheUpstreamCorpus) {
  const char* const shared = std::getenv("TARSIER_SHARED");
  if (shared == nullptr) GTEST_SKIP() << "TARSIER_SHARED is not set: no corpus";
  const auto paths = scripts_in(std::filesystem::path(shared) / "data" / "promqltest");
  if (paths.empty()) GTEST_SKIP() << "no corpus in " << shared;
  const bool verbose = std::getenv("TARSIER_VERBOSE") != nullptr;
  size_t passed = 0;
  size_t failed = 0;
  for (const auto& path : paths) {
    auto report = run_script(read(path));
    ASSERT_TRUE(report.ok()) << path << ": " << report.error().message();
    std::cout << path.filename().string() << ": " << report->passed << " passed, " << report->failed << " failed\n";
    if (verbose)
      for (const std::string& failure : report->failures) std::cout << "    " << failure << "\n";
    passed += report->passed;
    failed += report->failed;
  }
  std::cout << "corpus: " << passed << " passed, " << failed << " failed\n";
  EXPECT_GT(passed, 0U);
}

}  // namespace
}  // namespace tarsier::test
