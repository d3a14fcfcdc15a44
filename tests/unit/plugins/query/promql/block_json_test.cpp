// The pieces of the store as clients of Prometheus read its blocks.
#include "plugins/query/promql/api/block_json.hpp"

#include <gtest/gtest.h>

#include "tarsier/result.hpp"

namespace tarsier::promql {
namespace {

tarsier_store_block block_of(std::string_view name, int64_t min_ns, int64_t max_ns) {
  tarsier_store_block block{};
  block.size = sizeof(block);
  block.level = 3;
  block.name = str(name);
  block.min_time_ns = min_ns;
  block.max_time_ns = max_ns;
  block.series = 2;
  block.samples = 480;
  block.chunks = 1;
  block.bytes = 4096;
  return block;
}

std::string written(const std::vector<StoreBlock>& blocks) {
  json::Writer json;
  write_blocks(json, blocks);
  return std::string(json.text());
}

TEST(BlockJson, HasTheMembersOfABlockOfPrometheus) {
  const auto block = block_of("samples/a", 1'000'000'000, 2'000'000'000);
  const std::string id = ulid(1'000'000'000, "samples/a");
  EXPECT_EQ(written({StoreBlock(block)}),
            R"({"blocks":[{"ulid":")" + id +
                R"(","minTime":1000,"maxTime":2001,"stats":{"numSamples":480,"numSeries":2,"numChunks":1},)"
                R"("compaction":{"level":3,"sources":[")" +
                id + R"("]},"version":1,"name":"samples/a","sizeBytes":4096}]})");
  EXPECT_EQ(written({}), R"({"blocks":[]})");
}

TEST(BlockJson, TellsTheSpanOfSummaries) {
  auto block = block_of("samples/5m.a", 0, 1);
  block.tier_ns = 300'000'000'000;
  EXPECT_NE(written({StoreBlock(block)}).find(R"("tier":"5m")"), std::string::npos);
}

TEST(BlockJson, RoundsTimesSoThatEverySampleLiesWithin) {
  for (const auto& [ns, ms] : {std::pair{int64_t{1'999'999}, 1}, {int64_t{-1}, -1}, {int64_t{-1'000'000}, -1}, {INT64_MIN, 0}}) {
    const std::string text = written({StoreBlock(block_of("b", ns, ns))});
    if (ns == INT64_MIN) {
      EXPECT_NE(text.find(R"("minTime":-9223372036855,"maxTime":-9223372036854)"), std::string::npos) << text;
    } else {
      EXPECT_NE(text.find("\"minTime\":" + std::to_string(ms) + ",\"maxTime\":" + std::to_string(ms + 1)), std::string::npos)
          << text;
    }
  }
}

TEST(Ulid, IsMadeOfTheTimeAndTheNameAndNothingElse) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const std::string id = ulid(1'469'918'176'385'000'000, "samples/a");
  EXPECT_EQ(id.size(), 26U);
  EXPECT_EQ(id.find_first_not_of(kDigits), std::string::npos) << id;
  EXPECT_EQ(id.substr(0, 10), "01ARYZ6S41") << "as the specification of ULIDs writes this time";
  EXPECT_EQ(ulid(1'469'918'176'385'000'000, "samples/a"), id);
  EXPECT_NE(ulid(1'469'918'176'385'000'000, "samples/b").substr(10), id.substr(10));
  EXPECT_EQ(ulid(-5'000'000'000, "samples/a").substr(0, 10), "0000000000");
  EXPECT_LE(ulid(INT64_MAX, "samples/a").front(), '7') << "more than 128 bits would be no ULID";
}

}  // namespace
}  // namespace tarsier::promql
