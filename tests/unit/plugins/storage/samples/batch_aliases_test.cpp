// Batches whose label sets came before: the series are the same ones, whatever happened to the store in between.
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'999'000 * kSecondNs;

class BatchAliasing : public StoreFixture {
 protected:
  void SetUp() override { open(); }
  /// One sample for each of the names.
  Result<void> put_all(const std::vector<std::string>& names, int64_t time, double value) {
    batch::SamplesBuilder builder;
    for (const std::string& name : names) {
      const batch::Label labels[] = {{"__name__", name}, {"job", "api"}};
      builder.series(labels);
      builder.sample(time, value);
    }
    return write_wait(builder);
  }
};

TEST_F(BatchAliasing, GivesTheSamplesOfEveryRepetitionToTheSameSeries) {
  const std::vector<std::string> names = {"a", "b", "c"}, others = {"a", "c", "b"};
  Found expected;
  for (int64_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(put_all(i % 2 == 0 ? names : others, kBase + i, static_cast<double>(i)).ok());
    for (const std::string& name : names)
      expected[{{"__name__", name}, {"job", "api"}}].push_back({kBase + i, static_cast<double>(i)});
  }
  EXPECT_EQ(difference(all(), expected), "");
  EXPECT_EQ(store_->stat()->head.series, 3U);
}

TEST_F(BatchAliasing, KnowsARefusedSeriesFromOneThatThereIs) {
  options_.max_series = 2;
  open();
  for (int64_t i = 0; i < 4; ++i) EXPECT_FALSE(put_all({"a", "b", "c"}, kBase + i, 1).ok()) << i;
  options_.max_series = 3;
  open();
  for (int64_t i = 4; i < 8; ++i) EXPECT_TRUE(put_all({"a", "b", "c"}, kBase + i, 1).ok()) << i;
  EXPECT_EQ(all().at({{"__name__", "c"}, {"job", "api"}}).size(), 4U);
}

TEST_F(BatchAliasing, FindsSeriesAgainAfterTheyWereForgotten) {
  for (int64_t i = 0; i < 3; ++i) ASSERT_TRUE(put_all({"a", "b"}, kBase + i, 1).ok());
  now_ += 3 * kHourNs;
  ASSERT_TRUE(put({{"__name__", "later"}}, {{now_, 1}}).ok());
  seal();
  ASSERT_EQ(store_->stat()->head.series, 1U);
  for (int64_t i = 0; i < 3; ++i) ASSERT_TRUE(put_all({"a", "b"}, now_ + i, 2).ok());
  EXPECT_EQ(all().at({{"__name__", "a"}, {"job", "api"}}).size(), 6U);
}

TEST_F(BatchAliasing, TakesASeriesThatOnlyHadMetadataBefore) {
  for (int64_t i = 0; i < 4; ++i) {
    batch::SamplesBuilder builder;
    const batch::Label labels[] = {{"__name__", "a"}};
    builder.series(labels);
    builder.metadata(TARSIER_SERIES_GAUGE, "What a is.", "");
    if (i == 3) builder.sample(kBase, 1);
    ASSERT_TRUE(write_wait(builder).ok());
    EXPECT_EQ(store_->stat()->head.series, i == 3 ? 1U : 0U);
  }
}

BatchKey key_of(uint64_t number) {
  BatchKey key;
  key.hash = hash_set({reinterpret_cast<const uint8_t*>(&number), sizeof(number)});
  return key;
}

TEST(BatchAliases, KeepWhatComesTwiceAndForgetAllWhenThatIsTooMuch) {
  BatchAliases aliases;
  const std::vector<uint32_t> series = {1, 2, 3};
  aliases.add(key_of(0), series, 10);
  EXPECT_TRUE(aliases.find(key_of(0)).empty());
  aliases.add(key_of(0), series, 10);
  ASSERT_EQ(aliases.find(key_of(0)).size(), 3U);
  BatchKey other = key_of(0);
  other.counts[0] = 1;
  EXPECT_TRUE(aliases.find(other).empty()) << "as many bytes, divided in another way";
  for (uint64_t number = 1; number <= 3; ++number) {
    aliases.add(key_of(number), series, 10);
    aliases.add(key_of(number), series, 10);
  }
  EXPECT_TRUE(aliases.find(key_of(0)).empty());
  EXPECT_EQ(aliases.find(key_of(3)).size(), 3U);
}

}  // namespace
}  // namespace tarsier::samples::test
