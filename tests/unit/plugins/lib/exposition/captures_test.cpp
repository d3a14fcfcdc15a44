// Pages of real exporters, where the folder with them is there: TARSIER_SHARED, by default ../shared beside the sources.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <vector>

#include "plugins/lib/exposition/text_parser.hpp"
#include "plugins/lib/exposition/text_writer.hpp"

namespace tarsier::exposition {
namespace {

namespace fs = std::filesystem;

fs::path shared_data() {
  const char* given = std::getenv("TARSIER_SHARED");
  return (given != nullptr ? fs::path(given) : fs::path(TARSIER_SOURCE_DIR) / ".." / "shared") / "data";
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> captures() {
  std::vector<fs::path> found;
  for (const char* folder : {"exporters", "prometheus/model-textparse-testdata"}) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(shared_data() / folder, missing)) {
      const std::string name = entry.path().filename();
      if (name.ends_with(".prom") || name.ends_with(".prom.txt")) found.push_back(entry.path());
    }
  }
  return found;
}

struct Rewriter {
  std::string text;
  size_t samples = 0;
  void on_sample(const SeriesText& series, double value, bool has_timestamp, int64_t timestamp_ms) {
    ++samples;
    TextWriter(text).sample(series.name(), series.labels(), value, has_timestamp ? std::optional(timestamp_ms) : std::nullopt);
  }
  void on_help(std::string_view, std::string_view) {}
  void on_type(std::string_view, uint32_t) {}
};

TEST(Captures, ParseAndSurviveARoundTrip) {
  const auto files = captures();
  if (files.empty()) GTEST_SKIP() << "no captures below " << shared_data();
  for (const fs::path& path : files) {
    const std::string page = read_file(path);
    Rewriter first, second;
    auto parsed = parse_text(page, {}, first);
    ASSERT_TRUE(parsed) << path << ": " << parsed.error().message();
    EXPECT_GT(first.samples, 0U) << path;
    ASSERT_TRUE(parse_text(first.text, {}, second)) << path;
    EXPECT_EQ(first.text, second.text) << path;
  }
}

TEST(Captures, SamplesPrintAsTheyWere) {
  const fs::path path = shared_data() / "exporters" / "node.prom";
  if (!fs::exists(path)) GTEST_SKIP() << "no " << path;
  const std::string page = read_file(path);
  Rewriter written;
  ASSERT_TRUE(parse_text(page, {}, written));
  std::string samples;
  for (size_t at = 0; at < page.size();) {
    const size_t end = page.find('\n', at) + 1;
    if (page[at] != '#') samples.append(page, at, end - at);
    at = end;
  }
  EXPECT_EQ(written.text, samples);
}

TEST(Captures, OpenMetricsPagesAreRefused) {
  const fs::path path = shared_data() / "prometheus" / "model-textparse-testdata" / "alltypes.5mfs.om.txt";
  if (!fs::exists(path)) GTEST_SKIP() << "no " << path;
  Rewriter written;
  EXPECT_FALSE(parse_text(read_file(path), {}, written));
}

}  // namespace
}  // namespace tarsier::exposition
