// Odd input and odd clocks: what one sender does wrong is its own matter.
#include <random>

#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

const LabelSet kUp = {{"__name__", "up"}};
const LabelSet kLoad = {{"__name__", "load"}};
constexpr int64_t kYear2262 = INT64_MAX - kHourNs;

class RobustnessTest : public StoreFixture {
 protected:
  void SetUp() override { open(); }
  std::vector<std::pair<std::string, std::string>> metadata() {
    std::vector<std::pair<std::string, std::string>> seen;
    tarsier_error error = empty_error();
    EXPECT_EQ(service_->table()->metadata(
                  service_->table()->self, str(""), 0, &seen,
                  [](void* user, const tarsier_metadata* found) {
                    static_cast<std::vector<std::pair<std::string, std::string>>*>(user)->emplace_back(view(found->name),
                                                                                                       view(found->help));
                  },
                  &error),
              TARSIER_OK);
    return seen;
  }
};

TEST_F(RobustnessTest, ASampleFarAheadIsTheMatterOfItsSeriesOnly) {
  options_.future_limit_ns = 0;
  open();
  ASSERT_TRUE(put(kUp, {{kYear2262, 1}}).ok());
  EXPECT_TRUE(put(kLoad, {{now_, 2}}).ok());
  EXPECT_TRUE(put(kLoad, {{now_ - 20 * kMinuteNs, 3}}).ok()) << "the window counts from the clock";
  EXPECT_FALSE(put(kLoad, {{now_ - 40 * kMinuteNs, 4}}).ok());
  EXPECT_TRUE(put(kUp, {{now_, 5}}).ok()) << "its own series goes on, out of order";
  const Found expected = {{kUp, {{now_, 5}, {kYear2262, 1}}}, {kLoad, {{now_ - 20 * kMinuteNs, 3}, {now_, 2}}}};
  EXPECT_EQ(difference(all(), expected), "");
  seal();
  open();
  EXPECT_TRUE(put(kLoad, {{now_ + 1, 6}}).ok()) << "also after a restart";
}

TEST_F(RobustnessTest, AClockThatGoesBackLosesNothing) {
  ASSERT_TRUE(put(kUp, {{now_, 1}}).ok());
  const int64_t before = now_;
  now_ -= 365 * 24 * kHourNs;
  EXPECT_EQ(put(kUp, {{before + kSecondNs, 2}}).error().code(), TARSIER_INVALID) << "that is in the future now";
  EXPECT_TRUE(put(kUp, {{now_, 3}}).ok());
  ASSERT_TRUE(store_->maintain(now_).ok());
  ASSERT_TRUE(store_->merge(now_).ok());
  const Found expected = {{kUp, {{now_, 3}, {before, 1}}}};
  EXPECT_EQ(difference(all(), expected), "");
  open();
  EXPECT_EQ(difference(all(), expected), "");
  now_ = before;
  EXPECT_TRUE(put(kUp, {{before + kSecondNs, 2}}).ok());
  ASSERT_TRUE(store_->maintain(now_).ok());
}

TEST_F(RobustnessTest, AClockThatWasAheadKeepsNoWindowFromBeingSealed) {
  options_.out_of_order_window_ns = INT64_MAX;
  open();
  const int64_t now = now_;
  now_ += 365 * 24 * kHourNs;
  ASSERT_TRUE(put(kUp, {{now - 10 * kHourNs, 1}}).ok());
  ASSERT_TRUE(store_->maintain(now_).ok());
  ASSERT_EQ(store_->stat()->segments, 1U) << "more may come for the window";
  now_ = now;
  ASSERT_TRUE(store_->maintain(now_).ok());
  EXPECT_EQ(store_->stat()->segments, 0U);
  EXPECT_EQ(store_->stat()->partitions, 1U);
  EXPECT_EQ(difference(all(), {{kUp, {{now - 10 * kHourNs, 1}}}}), "");
}

TEST(SeriesAgesTest, AClockThatIsSetBackMakesNothingNew) {
  const int64_t now = 1'800'000'000 * kSecondNs;
  SeriesAges ages;
  ages.note(now + 24 * kHourNs, 10);
  ages.note(now, 20);
  EXPECT_EQ(ages.first_since(now - kHourNs, 25), 20U) << "five came since";
  ages.note(now + SeriesAges::kStepNs, 25);
  ages.note(now + SeriesAges::kStepNs - kSecondNs, 25);
  EXPECT_EQ(ages.first_since(now, 30), 20U) << "batches side by side may differ a little";
}

TEST_F(RobustnessTest, AClockAt1970TakesWhatComes) {
  now_ = 0;
  ASSERT_TRUE(put(kUp, {{0, 1}, {kSecondNs, 2}}).ok());
  ASSERT_TRUE(put(kLoad, {{-kSecondNs, 3}}).ok());
  ASSERT_TRUE(store_->maintain(now_).ok());
  now_ = 1'800'000'000 * kSecondNs;
  ASSERT_TRUE(put(kUp, {{now_, 4}}).ok());
  EXPECT_EQ(difference(all(), {{kUp, {{0, 1}, {kSecondNs, 2}, {now_, 4}}}, {kLoad, {{-kSecondNs, 3}}}}), "");
}

TEST_F(RobustnessTest, KeepsTimesOf1970And2262AndPayloadsOfNaNThroughSealsAndMerges) {
  options_.future_limit_ns = 0;
  options_.retention_ns = 0;
  options_.out_of_order_window_ns = INT64_MAX;
  open();
  std::vector<Point> points;
  const uint64_t odd[] = {0x7ff0000000000002ULL, 0x7ff8000000000001ULL, 0xfff8dead00beef00ULL, 0x8000000000000000ULL, 1};
  for (const int64_t begin : {int64_t{-kHourNs}, int64_t{0}, kYear2262}) {
    for (size_t i = 0; i < std::size(odd); ++i) points.push_back({begin + static_cast<int64_t>(i), std::bit_cast<double>(odd[i])});
  }
  ASSERT_TRUE(put(kUp, points).ok());
  EXPECT_EQ(difference(all(), {{kUp, points}}), "");
  seal();
  ASSERT_TRUE(store_->merge(INT64_MAX).ok());
  EXPECT_EQ(difference(all(), {{kUp, points}}), "");
  open();
  EXPECT_EQ(difference(all(), {{kUp, points}}), "");
}

TEST_F(RobustnessTest, RefusesASeriesWithTenMegabytesOfLabelsClearly) {
  for (const LabelSet& labels :
       {LabelSet{{"__name__", "big"}, {"x", std::string(10 << 20, 'x')}}, LabelSet{{"__name__", std::string(10 << 20, 'x')}}}) {
    batch::SamplesBuilder builder;
    add(builder, labels, {{now_, 1}});
    add(builder, kUp, {{now_, 1}});
    const Result<void> outcome = write_wait(builder);
    EXPECT_EQ(outcome.error().code(), TARSIER_INVALID);
    EXPECT_TRUE(outcome.error().message().starts_with("1 of 2 samples refused: unusable labels")) << outcome.error().message();
    EXPECT_LT(outcome.error().message().size(), 1000U);
  }
  EXPECT_EQ(difference(all(), {{kUp, {{now_, 1}}}}), "");
}

TEST_F(RobustnessTest, SaysWhyItRefusesAHistogramAndTakesTheOthers) {
  const std::vector<uint8_t> fits(64 << 10, 1), too_large(fits.size() + 1, 1);
  batch::SamplesBuilder builder;
  builder.series(std::vector<batch::Label>{{"__name__", "latency"}, {"job", "node"}});
  builder.histogram(now_, 1, 0, fits);
  builder.histogram(now_ + kSecondNs, 2, 0, too_large);
  builder.sample(now_ + 2 * kSecondNs, 3);
  const auto refused = write_wait(builder);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), TARSIER_INVALID);
  EXPECT_EQ(refused.error().message(),
            "1 of 3 samples refused: unusable histogram (65537 bytes, at most 65536): latency{job=\"node\"} at 1800000001000 ms");
  EXPECT_EQ(store_->counters().refused_histogram.load(), 1U);
  const LabelSet latency = {{"__name__", "latency"}, {"job", "node"}};
  for (int turn = 0; turn < 2; ++turn) {
    const auto found = all().at(latency);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found.front().time, now_);
    EXPECT_EQ(found.back().time, now_ + 2 * kSecondNs);
    open();
  }
}

TEST_F(RobustnessTest, CutsMetadataThatIsTooLongBetweenTwoCharacters) {
  batch::SamplesBuilder builder;
  add(builder, kUp, {{now_, 1}});
  std::string help = "a";
  while (help.size() < (10 << 10)) help += "\u00e4";
  builder.metadata(TARSIER_SERIES_GAUGE, help, "bool");
  ASSERT_TRUE(write_wait(builder).ok());
  ASSERT_EQ(metadata().size(), 1U);
  EXPECT_EQ(metadata().front().second, help.substr(0, 4095));
  EXPECT_EQ(store_->counters().cut_metadata, 1U);
  open();
  EXPECT_EQ(metadata().front().second, help.substr(0, 4095));
}

TEST_F(RobustnessTest, FlushesThoughTheDiskHasNoRoomForAFullCatalog) {
  std::mt19937 random(1);
  Found expected;
  const auto flush_one = [&](int number) {
    std::string text(4000, 'x');
    for (char& letter : text) letter = static_cast<char>(' ' + random() % 95);  // cannot be packed much
    const LabelSet labels = {{"__name__", "m"}, {"text", text}};
    expected[labels] = {{now_ + number * kSecondNs, 1}};
    ASSERT_TRUE(put(labels, expected[labels]).ok());
    const auto flushed = store_->flush();
    ASSERT_TRUE(flushed.ok()) << flushed.error().message();
  };
  const auto catalogs = [&] {
    const auto names = storage_.names();
    return std::count_if(names.begin(), names.end(), [](const auto& name) { return name.starts_with("samples/series."); });
  };
  for (int number = 0; number < 16; ++number) ASSERT_NO_FATAL_FAILURE(flush_one(number));
  storage_.limit_seals(16'000);
  for (int number = 16; number < 20; ++number) ASSERT_NO_FATAL_FAILURE(flush_one(number));
  EXPECT_EQ(catalogs(), 20);
  EXPECT_EQ(difference(all(), expected), "");
  open();
  EXPECT_EQ(difference(all(), expected), "");
  storage_.limit_seals(UINT64_MAX);
  ASSERT_NO_FATAL_FAILURE(flush_one(20));
  EXPECT_EQ(catalogs(), 1);
  open();
  EXPECT_EQ(difference(all(), expected), "");
}

TEST_F(RobustnessTest, CountsAllFilesAgainstTheSize) {
  options_.out_of_order_window_ns = INT64_MAX;
  open();
  ASSERT_TRUE(put(kUp, {{now_ - 20 * kHourNs, 1}, {now_ - 10 * kHourNs, 1}}).ok());
  seal();
  LabelSet large = kLoad;
  large["text"] = std::string(60'000, 'x');
  ASSERT_TRUE(put(large, {{now_, 1}}).ok());
  const auto before = store_->stat()->log_bytes;
  ASSERT_TRUE(store_->flush().ok());
  const auto stat = store_->stat();
  EXPECT_GT(stat->log_bytes, before) << "the catalog of the series";
  options_.retention_bytes = stat->partition_bytes + stat->segment_bytes + stat->journal_bytes + stat->log_bytes;
  open();
  store_->apply_retention(now_);
  EXPECT_EQ(store_->stat()->partitions, 2U);
  --options_.retention_bytes;
  open();
  store_->apply_retention(now_);
  EXPECT_EQ(store_->stat()->partitions, 1U);
}

}  // namespace
}  // namespace tarsier::samples::test
