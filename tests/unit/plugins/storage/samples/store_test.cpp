// What the store promises: acknowledged samples are there, exact to the bit, before and after sealing and restarts.
#include <cmath>
#include <limits>

#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'990'000 * kSecondNs;
const LabelSet kUp = {{"__name__", "up"}, {"job", "node"}};

class StoreTest : public StoreFixture {
 protected:
  void SetUp() override { open(); }
};

TEST_F(StoreTest, AnswersWhatWasWritten) {
  ASSERT_TRUE(put(kUp, {{kBase, 1}, {kBase + kSecondNs, 0}}).ok());
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}, {kBase + kSecondNs, 0}}}}));
}

TEST_F(StoreTest, KeepsEveryBitOfEveryKindOfValue) {
  const std::vector<double> values = {0.0,
                                      -0.0,
                                      1.5,
                                      -1e308,
                                      4.9e-324,
                                      std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity(),
                                      std::bit_cast<double>(TARSIER_STALE_NAN_BITS),
                                      std::bit_cast<double>(0x7ff8000000000001ULL),
                                      std::bit_cast<double>(0xfff8dead0000beefULL),
                                      0.1,
                                      3};
  std::vector<Point> points;
  for (const double value : values) points.push_back({kBase + static_cast<int64_t>(points.size()) * kSecondNs, value});
  ASSERT_TRUE(put(kUp, points).ok());
  EXPECT_EQ(all(), (Found{{kUp, points}}));
  open();
  EXPECT_EQ(all(), (Found{{kUp, points}}));
  seal();
  EXPECT_EQ(all(), (Found{{kUp, points}}));
  open();
  EXPECT_EQ(all(), (Found{{kUp, points}}));
}

TEST_F(StoreTest, KeepsTimesFromTheFirstToTheLastNanosecond) {
  options_.out_of_order_window_ns = INT64_MAX;
  options_.future_limit_ns = 0;
  open();
  const std::vector<Point> points = {{INT64_MIN, 1}, {-1, 2}, {0, 3}, {1, 4}, {kBase, 5}, {INT64_MAX, 6}};
  ASSERT_TRUE(put(kUp, points).ok());
  EXPECT_EQ(all(), (Found{{kUp, points}}));
  seal();
  EXPECT_EQ(all(), (Found{{kUp, points}}));
  open();
  EXPECT_EQ(all(), (Found{{kUp, points}}));
}

TEST_F(StoreTest, KeepsStartTimestamps) {
  const std::vector<Point> points = {
      {kBase, 1, kBase - 5}, {kBase + kSecondNs, 2, kBase - 5}, {kBase + 2 * kSecondNs, 1, kBase + 1}};
  ASSERT_TRUE(put(kUp, points).ok());
  open();
  EXPECT_EQ(all(), (Found{{kUp, points}}));
  seal();
  EXPECT_EQ(all(), (Found{{kUp, points}}));
}

TEST_F(StoreTest, FindsAfterARestartWhatIsNewerOnTheDiskThanInTheJournal) {
  ASSERT_TRUE(put(kUp, {{kBase + 100 * kSecondNs, 1}}).ok());
  ASSERT_TRUE(store_->flush().ok());
  ASSERT_TRUE(put(kUp, {{kBase, 2}}).ok());
  open();
  EXPECT_EQ(find({}, kBase + 50 * kSecondNs), (Found{{kUp, {{kBase + 100 * kSecondNs, 1}}}}));
}

TEST_F(StoreTest, AcknowledgesOnlyWhatIsCommitted) {
  storage_.hold_commits();
  batch::SamplesBuilder builder;
  add(builder, kUp, {{kBase, 1}});
  const auto outcome = write(builder);
  EXPECT_FALSE(outcome->has_value());
  storage_.release_commits();
  ASSERT_TRUE(outcome->has_value());
  EXPECT_TRUE((*outcome)->ok());
}

TEST_F(StoreTest, KeepsAcknowledgedSamplesWhoseSeriesWereDefinedInAFailedEntry) {
  storage_.hold_commits();
  batch::SamplesBuilder first, second, third;
  add(first, kUp, {{kBase, 1}});
  const auto failed = write(first);
  storage_.fail_held_commits(TARSIER_RESOURCE);
  ASSERT_TRUE(failed->has_value());
  EXPECT_EQ((*failed)->error().code(), TARSIER_RESOURCE);
  add(second, kUp, {{kBase, 1}, {kBase + 1, 2}});
  const auto kept = write(second);
  ASSERT_TRUE(kept->has_value() && (*kept)->ok());
  open();
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}, {kBase + 1, 2}}}}));
}

TEST_F(StoreTest, TakesABatchAgainThatAFullQueueRefused) {
  storage_.refuse_writes(TARSIER_AGAIN);
  EXPECT_EQ(put(kUp, {{kBase, 1}}).error().code(), TARSIER_AGAIN);
  storage_.refuse_writes(TARSIER_OK);
  EXPECT_TRUE(put(kUp, {{kBase, 1}}).ok());
  open();
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}}}}));
}

TEST_F(StoreTest, DoesNotGrowWhileTheDiskIsFull) {
  ASSERT_TRUE(put(kUp, {{kBase, 1}}).ok());
  storage_.refuse_writes(TARSIER_RESOURCE);
  EXPECT_EQ(put(kUp, {{kBase + 1, 2}}).error().code(), TARSIER_RESOURCE);
  EXPECT_EQ(put(kUp, {{kBase + 2, 2}}).error().code(), TARSIER_RESOURCE);
  EXPECT_EQ(put(kUp, {{kBase + 3, 2}}).error().code(), TARSIER_RESOURCE);
  EXPECT_LE(store_->stat()->head.samples, 2U);
  storage_.refuse_writes(TARSIER_OK);
  EXPECT_TRUE(put(kUp, {{kBase + 4, 5}}).ok());
  EXPECT_EQ(find({}, kBase + 4, kBase + 4), (Found{{kUp, {{kBase + 4, 5}}}}));
}

TEST_F(StoreTest, IgnoresAnEqualSampleAndRefusesAnotherValueForTheSameTime) {
  ASSERT_TRUE(put(kUp, {{kBase, 1}}).ok());
  EXPECT_TRUE(put(kUp, {{kBase, 1}}).ok());
  const auto conflict = put(kUp, {{kBase, 2}, {kBase + 1, 3}});
  EXPECT_EQ(conflict.error().code(), TARSIER_INVALID);
  EXPECT_NE(conflict.error().message().find("1 of 2 samples refused"), std::string::npos) << conflict.error().message();
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}, {kBase + 1, 3}}}}));
  EXPECT_EQ(store_->counters().duplicates, 1U);
  EXPECT_EQ(store_->counters().refused_conflict, 1U);
  open();
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}, {kBase + 1, 3}}}}));
}

TEST_F(StoreTest, TakesSamplesOutOfOrderWithinTheWindowOnly) {
  ASSERT_TRUE(put(kUp, {{kBase, 1}}).ok());
  EXPECT_TRUE(put(kUp, {{kBase - 29 * kMinuteNs, 2}}).ok());
  EXPECT_EQ(put(kUp, {{kBase - 31 * kMinuteNs, 3}}).error().code(), TARSIER_INVALID);
  EXPECT_EQ(store_->counters().refused_too_old, 1U);
  EXPECT_EQ(all(), (Found{{kUp, {{kBase - 29 * kMinuteNs, 2}, {kBase, 1}}}}));
}

TEST_F(StoreTest, RefusesEverySampleOutOfOrderWithoutAWindow) {
  options_.out_of_order_window_ns = 0;
  open();
  ASSERT_TRUE(put(kUp, {{kBase, 1}}).ok());
  EXPECT_FALSE(put(kUp, {{kBase - 1, 2}}).ok());
  EXPECT_TRUE(put(kUp, {{kBase, 1}}).ok());
  EXPECT_FALSE(put(kUp, {{kBase, 3}}).ok());
}

TEST_F(StoreTest, RefusesSamplesFarInTheFuture) {
  EXPECT_TRUE(put(kUp, {{now_ + 9 * kMinuteNs, 1}}).ok());
  EXPECT_FALSE(put(kUp, {{now_ + 11 * kMinuteNs, 1}}).ok());
  EXPECT_EQ(store_->counters().refused_future, 1U);
}

TEST_F(StoreTest, RefusesNewSeriesAboveTheLimitAndKeepsTheOthers) {
  options_.max_series = 1;
  open();
  ASSERT_TRUE(put(kUp, {{kBase, 1}}).ok());
  batch::SamplesBuilder builder;
  add(builder, kUp, {{kBase + 1, 2}});
  add(builder, {{"__name__", "down"}}, {{kBase + 1, 2}});
  const auto outcome = write(builder);
  EXPECT_EQ((*outcome)->error().code(), TARSIER_INVALID) << "partly refused: the others are safe";
  EXPECT_EQ((*outcome)->error().message(), "1 of 2 samples refused: limit of series reached (max_series = 1): down{}");
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}, {kBase + 1, 2}}}}));
}

TEST_F(StoreTest, RefusesHugeLabelsAndEmptySets) {
  EXPECT_FALSE(put({{"__name__", "big"}, {"x", std::string(10 << 20, 'x')}}, {{kBase, 1}}).ok());
  EXPECT_FALSE(put({}, {{kBase, 1}}).ok());
  EXPECT_EQ(store_->counters().refused_labels, 2U);
  EXPECT_TRUE(all().empty());
}

TEST_F(StoreTest, TakesALabelWithoutValueForAnAbsentOne) {
  ASSERT_TRUE(put({{"__name__", "up"}, {"job", "node"}, {"zone", ""}}, {{kBase, 1}}).ok());
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}}}}));
}

TEST_F(StoreTest, SealsClosedWindowsAndMergesThemWithTheHead) {
  options_.partition_window_ns = kHourNs;
  open();
  const int64_t boundary = window_start(kBase, kHourNs);
  std::vector<Point> points;
  for (int64_t i = -100; i < 100; ++i) points.push_back({boundary + i * 15 * kSecondNs, static_cast<double>(i)});
  ASSERT_TRUE(put(kUp, points).ok());
  seal(boundary);
  EXPECT_EQ(store_->stat()->partitions, 1U);
  EXPECT_EQ(store_->stat()->partition_samples, 100U);
  EXPECT_EQ(store_->stat()->segment_samples, 100U);
  EXPECT_EQ(store_->stat()->head.samples, 0U);
  EXPECT_EQ(all(), (Found{{kUp, points}}));
  EXPECT_EQ(find({}, boundary - 15 * kSecondNs, boundary), (Found{{kUp, {points[99], points[100]}}}));
  open();
  EXPECT_EQ(all(), (Found{{kUp, points}}));
  EXPECT_EQ(store_->stat()->segment_samples, 100U);
}

TEST_F(StoreTest, TakesLateSamplesForASealedWindow) {
  ASSERT_TRUE(put(kUp, {{kBase, 1}, {kBase + 2, 3}}).ok());
  seal();
  ASSERT_TRUE(put(kUp, {{kBase + 1, 2}}).ok());
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}, {kBase + 1, 2}, {kBase + 2, 3}}}}));
  seal();
  EXPECT_EQ(store_->stat()->partitions, 2U);
  open();
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}, {kBase + 1, 2}, {kBase + 2, 3}}}}));
}

TEST_F(StoreTest, GoesOnCountingSeriesThatLiveWhenAllIsSealed) {
  const auto churn = [](int i) { return LabelSet{{"__name__", "churn"}, {"i", std::to_string(i)}}; };
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put(churn(i), {{kBase, 1}}).ok());
  ASSERT_TRUE(store_->compact(now_).ok());
  EXPECT_EQ(store_->stat()->segments, 0U);
  EXPECT_EQ(store_->stat()->head.series, 100U);
  EXPECT_EQ(store_->cardinality(1).front().count, 100U);
  EXPECT_EQ(all().size(), 100U);
  ASSERT_TRUE(put(churn(5), {{kBase, 1}, {kBase + kMinuteNs, 2}}).ok());
  EXPECT_EQ(store_->counters().duplicates.load(), 1U) << "its newest sample is known";
  EXPECT_EQ(find({{TARSIER_MATCH_EQUAL, "i", "5"}}).at(churn(5)).size(), 2U);
  ASSERT_TRUE(store_->compact(now_).ok());
  EXPECT_EQ(store_->stat()->head.series, 100U);
  EXPECT_EQ(all().size(), 100U);
}

TEST_F(StoreTest, ForgetsSeriesThatEndedButStillFindsThemInPartitions) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put({{"__name__", "churn"}, {"i", std::to_string(i)}}, {{kBase, 1}}).ok());
  ASSERT_TRUE(put({{"__name__", "later"}}, {{kBase + 150 * kMinuteNs, 1}}).ok());
  seal();
  EXPECT_EQ(store_->stat()->head.series, 1U);
  EXPECT_EQ(all().size(), 101U);
  ASSERT_TRUE(put({{"__name__", "churn"}, {"i", "5"}}, {{kBase + 151 * kMinuteNs, 1}}).ok());
  EXPECT_EQ(find({{TARSIER_MATCH_EQUAL, "i", "5"}}).begin()->second.size(), 2U);
  open();
  EXPECT_EQ(find({{TARSIER_MATCH_EQUAL, "i", "5"}}).begin()->second.size(), 2U);
}

TEST_F(StoreTest, RemovesPartitionsPastTheirTimeAndAboveTheSize) {
  options_.retention_ns = 24 * kHourNs;
  options_.out_of_order_window_ns = INT64_MAX;
  open();
  ASSERT_TRUE(put(kUp, {{now_ - 40 * kHourNs, 1}}).ok());
  ASSERT_TRUE(put(kUp, {{now_ - 20 * kHourNs, 2}, {now_ - 10 * kHourNs, 3}}).ok());
  seal();
  EXPECT_EQ(store_->stat()->partitions, 3U);
  ASSERT_TRUE(store_->maintain(now_).ok());
  EXPECT_EQ(all(), (Found{{kUp, {{now_ - 20 * kHourNs, 2}, {now_ - 10 * kHourNs, 3}}}}));
  EXPECT_EQ(storage_.names().size(), 4U);  // the active file, the catalog of series and two partitions
  options_.retention_bytes = store_->stat()->partition_bytes / 2 + store_->stat()->journal_bytes + store_->stat()->log_bytes + 10;
  open();
  ASSERT_TRUE(store_->maintain(now_).ok());
  EXPECT_EQ(all(), (Found{{kUp, {{now_ - 10 * kHourNs, 3}}}}));
}

TEST_F(StoreTest, RemovesNothingWhenTheClockJumpsAhead) {
  options_.out_of_order_window_ns = INT64_MAX;
  options_.tiers = {{kHourNs, 0}};
  open();
  ASSERT_TRUE(put(kUp, {{now_ - 40 * kHourNs, 1}, {now_ - 20 * kHourNs, 2}}).ok());
  seal();
  ASSERT_EQ(store_->stat()->partitions, 2U);
  const int64_t far = now_ + 365 * 24 * kHourNs;
  ASSERT_TRUE(store_->merge(far).ok());
  ASSERT_TRUE(store_->maintain(far).ok());
  EXPECT_EQ(all(), (Found{{kUp, {{now_ - 40 * kHourNs, 1}, {now_ - 20 * kHourNs, 2}}}}));
  EXPECT_TRUE(store_->stat()->tiers.empty());
}

TEST_F(StoreTest, LeavesTheNewestPartitionWhateverTheSize) {
  options_.out_of_order_window_ns = INT64_MAX;
  options_.retention_bytes = 1;
  open();
  ASSERT_TRUE(put(kUp, {{now_ - 40 * kHourNs, 1}, {now_ - 20 * kHourNs, 2}}).ok());
  seal();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(store_->maintain(now_).ok());
  EXPECT_EQ(all(), (Found{{kUp, {{now_ - 20 * kHourNs, 2}}}}));
}

TEST_F(StoreTest, RefusesWhatTheRetentionWouldRemove) {
  options_.out_of_order_window_ns = INT64_MAX;
  options_.retention_ns = kHourNs;
  open();
  ASSERT_TRUE(put(kUp, {{now_, 1}}).ok());
  EXPECT_FALSE(put(kUp, {{now_ - kHourNs - 1, 2}}).ok());
  EXPECT_EQ(store_->counters().refused_too_old, 1U);
  EXPECT_TRUE(put(kUp, {{now_ - kHourNs, 2}}).ok());
  options_.tiers = {{kMinuteNs, 24 * kHourNs}};
  open();
  EXPECT_TRUE(put(kUp, {{now_ - kHourNs - 1, 2}}).ok()) << "a tier keeps its sum";
}

TEST_F(StoreTest, WaitsAfterAFlushThatFailed) {
  options_.journal_bytes = 1;
  open();
  ASSERT_TRUE(put(kUp, {{kBase, 1}}).ok());
  ASSERT_TRUE(store_->flush_wanted());
  storage_.refuse_seals(TARSIER_RESOURCE, "samples/head.");
  EXPECT_FALSE(store_->maintain(now_).ok());
  EXPECT_FALSE(store_->flush_wanted());
  EXPECT_TRUE(store_->maintain(now_ + kSecondNs).ok());
  EXPECT_EQ(store_->counters().flush_failures, 1U);
  EXPECT_FALSE(store_->maintain(now_ + kMinuteNs).ok());
  EXPECT_EQ(store_->counters().flush_failures, 2U);
  storage_.refuse_seals(TARSIER_OK);
  EXPECT_TRUE(store_->maintain(now_ - kHourNs).ok()) << "the clock was set back";
  EXPECT_EQ(store_->counters().flushes, 1U);
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}}}}));
}

TEST_F(StoreTest, MakesRoomForNewSeriesWhenThoseThatEndedAreSealed) {
  options_.max_series = 10;
  options_.partition_window_ns = kHourNs;
  open();
  for (int i = 0; i < 10; ++i) {
    const int64_t time = i == 0 ? now_ - 2 * kHourNs : now_;
    ASSERT_TRUE(put({{"__name__", "m"}, {"i", std::to_string(i)}}, {{time, 1}}).ok());
  }
  EXPECT_FALSE(put({{"__name__", "new"}}, {{now_, 1}}).ok());
  seal(window_start(now_, kHourNs));
  EXPECT_TRUE(put({{"__name__", "new"}}, {{now_, 1}}).ok());
  EXPECT_EQ(all().size(), 11U);
}

TEST(MetadataTable, HasRoomForSoManyBytes) {
  MetadataTable table;
  const Metadata long_one = {.type = 1, .help = std::string(4096, 'h'), .unit = std::string(4096, 'u')};
  size_t taken = 0;
  while (table.set("m" + std::to_string(taken), long_one) == MetadataTable::Noted::news) ++taken;
  EXPECT_GT(taken, 10'000U);
  EXPECT_LT(taken, 13'000U);
  EXPECT_EQ(table.set("m0", long_one), MetadataTable::Noted::known);
  EXPECT_EQ(table.set("m0", {}), MetadataTable::Noted::news) << "a shorter one makes room";
  EXPECT_EQ(table.set("another", long_one), MetadataTable::Noted::news);
}

TEST_F(StoreTest, KeepsMetadataOverRestartAndSealing) {
  batch::SamplesBuilder builder;
  add(builder, kUp, {{kBase, 1}});
  builder.metadata(TARSIER_SERIES_GAUGE, "Whether it is up.", "bool");
  ASSERT_TRUE((*write(builder))->ok());
  seal();
  open();
  std::vector<std::string> seen;
  tarsier_error error = empty_error();
  ASSERT_EQ(service_->table()->metadata(
                service_->table()->self, str("up"), 0, &seen,
                [](void* user, const tarsier_metadata* found) {
                  auto& texts = *static_cast<std::vector<std::string>*>(user);
                  texts.emplace_back(view(found->name));
                  texts.emplace_back(view(found->help));
                  texts.emplace_back(view(found->unit));
                  texts.push_back(std::to_string(found->type));
                },
                &error),
            TARSIER_OK);
  EXPECT_EQ(seen, (std::vector<std::string>{"up", "Whether it is up.", "bool", "2"}));
}

TEST_F(StoreTest, KeepsMetadataOfHistogramsAndSummariesUnderTheNameOfTheFamily) {
  batch::SamplesBuilder builder;
  const auto described = [&](const char* name, uint32_t type, std::vector<Point> points, uint32_t name_tail = 0) {
    add(builder, {{"__name__", name}}, points);
    builder.metadata(type, "", "", name_tail);
  };
  const std::vector<Point> one = {{kBase, 1}};
  described("om_total", TARSIER_SERIES_COUNTER, one, 6);
  described("text_total", TARSIER_SERIES_COUNTER, one);
  described("wrong", TARSIER_SERIES_COUNTER, one, 5);  // would leave nothing
  for (const char* const part : {"h_bucket", "h_sum", "h_count"}) described(part, TARSIER_SERIES_HISTOGRAM, one);
  for (const char* const part : {"s", "s_sum", "s_count"}) described(part, TARSIER_SERIES_SUMMARY, one);
  for (const char* const part : {"g_bucket", "g_gsum", "g_gcount"}) described(part, TARSIER_SERIES_GAUGE_HISTOGRAM, one);
  described("a_count", TARSIER_SERIES_GAUGE, one);
  described("_sum", TARSIER_SERIES_SUMMARY, one);
  described("named_count", TARSIER_SERIES_HISTOGRAM, {});  // the family itself, as metadata of remote write comes
  ASSERT_TRUE((*write(builder))->ok());
  std::vector<std::string> seen;
  tarsier_error error = empty_error();
  ASSERT_EQ(service_->table()->metadata(
                service_->table()->self, str(""), 0, &seen,
                [](void* user, const tarsier_metadata* found) {
                  static_cast<std::vector<std::string>*>(user)->emplace_back(view(found->name));
                },
                &error),
            TARSIER_OK);
  EXPECT_EQ(seen, (std::vector<std::string>{"_sum", "a_count", "g", "h", "named_count", "om", "s", "text_total", "wrong"}));
}

TEST_F(StoreTest, EndsEarlyWhenTheCallerHasEnough) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(put({{"__name__", "m"}, {"i", std::to_string(i)}}, {{kBase, 1}}).ok());
  const tarsier_select select = select_of({}, INT64_MIN, INT64_MAX);
  int calls = 0;
  const auto status = service_->table()->select(
      service_->table()->self, &select, &calls,
      [](void* user, const tarsier_series*) -> int32_t { return ++*static_cast<int*>(user) < 3 ? 1 : 0; }, nullptr);
  EXPECT_EQ(status, TARSIER_OK);
  EXPECT_EQ(calls, 3);
}

TEST_F(StoreTest, HonoursLimitsAndCancellation) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(put({{"__name__", "m"}, {"i", std::to_string(i)}}, {{kBase, 1}, {kBase + 1, 2}}).ok());
  tarsier_select select = select_of({}, INT64_MIN, INT64_MAX);
  const auto run = [&] {
    return service_->table()->select(
        service_->table()->self, &select, nullptr, [](void*, const tarsier_series*) -> int32_t { return 1; }, nullptr);
  };
  EXPECT_EQ(run(), TARSIER_OK);
  select.max_series = 9;
  EXPECT_EQ(run(), TARSIER_RESOURCE);
  select.max_series = 10;
  select.max_samples = 19;
  EXPECT_EQ(run(), TARSIER_RESOURCE);
  select.max_samples = 0;
  select.cancel = {nullptr, [](void*) -> int32_t { return 1; }};
  EXPECT_EQ(run(), TARSIER_CANCELLED);
}

TEST_F(StoreTest, FlushesWhatIsDueByTheClockAndSealsItWhenNothingMoreCame) {
  const int64_t window = options_.partition_window_ns;
  const int64_t begin = window_start(now_, window);
  const Found both = {{kUp, {{begin - 1, 1}, {begin, 2}}}};
  ASSERT_TRUE(put(kUp, {{begin - 1, 1}, {begin, 2}}).ok());
  ASSERT_TRUE(store_->maintain(begin + options_.seal_delay_ns - 1).ok());
  EXPECT_EQ(store_->stat()->segments, 0U);
  ASSERT_TRUE(store_->maintain(begin + options_.seal_delay_ns).ok());
  EXPECT_EQ(store_->stat()->segments, 2U);
  EXPECT_EQ(store_->stat()->partitions, 0U);
  EXPECT_EQ(all(), both);
  ASSERT_TRUE(store_->maintain(begin + 2 * options_.seal_delay_ns).ok());
  EXPECT_EQ(store_->stat()->segments, 1U);
  EXPECT_EQ(store_->stat()->partitions, 1U);
  EXPECT_EQ(all(), both);
}

TEST_F(StoreTest, FlushesEverythingWhenTheJournalIsLarge) {
  options_.journal_bytes = 1;
  open();
  ASSERT_TRUE(put(kUp, {{now_, 1}}).ok());
  EXPECT_TRUE(store_->flush_wanted());
  ASSERT_TRUE(store_->maintain(now_).ok());
  EXPECT_EQ(store_->stat()->segments, 1U);
  EXPECT_EQ(store_->stat()->head.samples, 0U);
  EXPECT_FALSE(store_->flush_wanted());
}

TEST_F(StoreTest, KnowsASampleThatComesAgainAfterAFlushAndARestart) {
  ASSERT_TRUE(put(kUp, {{kBase, 1}, {kBase + 1, 2}}).ok());
  ASSERT_TRUE(store_->flush().ok());
  open();
  EXPECT_TRUE(put(kUp, {{kBase + 1, 2}}).ok());
  EXPECT_EQ(store_->counters().duplicates.load(), 1U);
  const auto conflict = put(kUp, {{kBase + 1, 3}});
  ASSERT_FALSE(conflict.ok());
  EXPECT_EQ(conflict.error().code(), TARSIER_INVALID);
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}, {kBase + 1, 2}}}}));
}

TEST_F(StoreTest, AFlushThatFailsIsTakenUpAgain) {
  ASSERT_TRUE(put(kUp, {{kBase, 1}}).ok());
  storage_.power_off_after(1);  // the journal is rotated, nothing more
  EXPECT_FALSE(store_->flush().ok());
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}}}}));
  storage_.power_off_after(UINT64_MAX);
  ASSERT_TRUE(put(kUp, {{kBase + 1, 2}}).ok());
  ASSERT_TRUE(store_->flush().ok());
  EXPECT_EQ(store_->stat()->segment_samples, 1U);
  ASSERT_TRUE(store_->flush().ok());
  EXPECT_EQ(store_->stat()->segment_samples, 2U);
  open();
  EXPECT_EQ(all(), (Found{{kUp, {{kBase, 1}, {kBase + 1, 2}}}}));
}

TEST_F(StoreTest, OneFlushTakesSamplesOfManyWindows) {
  options_.out_of_order_window_ns = INT64_MAX;
  open();
  std::vector<Point> points;
  for (int window = 0; window < 150; ++window)
    points.push_back({kBase - (150 - window) * options_.partition_window_ns, 1.0 + window});
  ASSERT_TRUE(put(kUp, points).ok());
  ASSERT_TRUE(store_->flush().ok());
  EXPECT_EQ(store_->stat()->segments, 150U);
  EXPECT_EQ(all(), (Found{{kUp, points}}));
}

}  // namespace
}  // namespace tarsier::samples::test
