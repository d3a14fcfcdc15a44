// Cardinality of the head, and the limits of series of one metric and one job.
#include "plugins/storage/samples/series_ages.hpp"
#include "store_fixture.hpp"
#include "tarsier/flat_set.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'999'000 * kSecondNs;

class SeriesLimits : public StoreFixture {
 protected:
  Result<void> put_one(const LabelSet& labels, bool flat) {
    batch::SamplesBuilder builder;
    if (!flat) return put(labels, {{kBase, 1}});
    std::vector<uint8_t> set;
    for (const auto& [name, value] : labels) append_flat_label(set, name, value);
    builder.flat_series(set);
    builder.sample(kBase, 1);
    return write_wait(builder);
  }
};

TEST_F(SeriesLimits, OfOneMetricRefuseNewSeriesByName) {
  options_.max_series_per_metric = 2;
  open();
  for (const bool flat : {false, true}) {
    const std::string metric = flat ? "flat" : "plain";
    EXPECT_TRUE(put_one({{"__name__", metric}, {"i", "1"}}, flat).ok());
    EXPECT_TRUE(put_one({{"__name__", metric}, {"i", "2"}}, flat).ok());
    const auto refused = put_one({{"__name__", metric}, {"i", "3"}}, flat);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().message(),
              "1 of 1 samples refused: limit of series of one metric reached (max_series_per_metric = 2): \"" + metric + "\" " +
                  metric + "{i=\"3\"}");
    EXPECT_TRUE(put_one({{"__name__", metric}, {"i", "1"}}, flat).ok()) << "a series that is there goes on";
    EXPECT_TRUE(put_one({{"__name__", metric + "2"}}, flat).ok());
  }
  EXPECT_TRUE(put_one({{"no", "name"}}, false).ok()) << "without a name there is nothing to count";
  EXPECT_EQ(store_->counters().refused_metric_limit.load(), 2U);
}

TEST_F(SeriesLimits, OfOneJobRefuseNewSeriesAndTheRestOfTheBatchIsStored) {
  options_.max_series_per_job = 2;
  open();
  batch::SamplesBuilder builder;
  for (int i = 0; i < 4; ++i) add(builder, {{"__name__", "m" + std::to_string(i)}, {"job", "big"}}, {{kBase, 1}});
  add(builder, {{"__name__", "m"}, {"job", "small"}}, {{kBase, 1}});
  const auto outcome = write_wait(builder);
  ASSERT_FALSE(outcome.ok());
  EXPECT_TRUE(outcome.error().message().starts_with(
      "2 of 5 samples refused: limit of series of one job reached (max_series_per_job = 2): \"big\" "))
      << outcome.error().message();
  EXPECT_EQ(all().size(), 3U);
  EXPECT_EQ(store_->counters().refused_job_limit.load(), 2U);
}

TEST_F(SeriesLimits, HaveRoomAgainWhenSeriesAreForgotten) {
  options_.out_of_order_window_ns = INT64_MAX;
  options_.max_series_per_metric = 2;
  open();
  for (const char* number : {"1", "2"}) ASSERT_TRUE(put_one({{"__name__", "m"}, {"i", number}}, true).ok());
  ASSERT_FALSE(put_one({{"__name__", "m"}, {"i", "3"}}, true).ok());
  seal();
  ASSERT_FALSE(put_one({{"__name__", "m"}, {"i", "3"}}, true).ok()) << "they may go on";
  now_ += 3 * kHourNs;
  ASSERT_TRUE(put({{"__name__", "later"}}, {{now_, 1}}).ok());
  seal();
  EXPECT_TRUE(put_one({{"__name__", "m"}, {"i", "3"}}, true).ok());
}

TEST_F(SeriesLimits, DoNotHinderAStartWithALowerOne) {
  open();
  for (const char* number : {"1", "2", "3"}) ASSERT_TRUE(put_one({{"__name__", "m"}, {"i", number}}, true).ok());
  options_.max_series_per_metric = 1;
  open();
  EXPECT_EQ(all().size(), 3U);
  EXPECT_TRUE(put_one({{"__name__", "m"}, {"i", "2"}}, true).ok());
}

using Counts = std::vector<std::pair<std::string, uint64_t>>;

class Cardinality : public StoreFixture {
 protected:
  void SetUp() override { open(); }
  Counts counts(tarsier_cardinality_kind kind, uint64_t top = 10) {
    struct Asked {
      tarsier_cardinality_kind kind;
      Counts counts;
    } asked{kind, {}};
    tarsier_error error = empty_error();
    EXPECT_EQ(service_->table()->cardinality(
                  service_->table()->self, top, &asked,
                  [](void* user, const tarsier_cardinality* item) {
                    auto& to = *static_cast<Asked*>(user);
                    if (item->kind != to.kind) return;
                    std::string name(view(item->name));
                    if (item->value.size != 0) name.append("=").append(view(item->value));
                    to.counts.emplace_back(std::move(name), item->count);
                  },
                  &error),
              TARSIER_OK);
    return asked.counts;
  }
  void put_many(const std::string& metric, int count) {
    batch::SamplesBuilder builder;
    for (int i = 0; i < count; ++i) add(builder, {{"__name__", metric}, {"i", std::to_string(i)}}, {{kBase, 1}});
    ASSERT_TRUE(write_wait(builder).ok());
  }
};

TEST_F(Cardinality, CountsSeriesValuesBytesAndPairs) {
  put_many("few", 3);
  put_many("many", 12);
  EXPECT_EQ(counts(TARSIER_CARDINALITY_SERIES_BY_METRIC), (Counts{{"many", 12}, {"few", 3}}));
  EXPECT_EQ(counts(TARSIER_CARDINALITY_VALUES_BY_LABEL), (Counts{{"i", 12}, {"__name__", 2}}));
  EXPECT_EQ(counts(TARSIER_CARDINALITY_BYTES_BY_LABEL), (Counts{{"i", 14}, {"__name__", 7}}));
  EXPECT_EQ(counts(TARSIER_CARDINALITY_SERIES_BY_PAIR, 3), (Counts{{"__name__=many", 12}, {"__name__=few", 3}, {"i=0", 2}}));
  EXPECT_EQ(counts(TARSIER_CARDINALITY_SERIES_BY_METRIC, 1), (Counts{{"many", 12}}));
  EXPECT_TRUE(counts(TARSIER_CARDINALITY_SERIES_BY_METRIC, 0).empty());
}

TEST_F(Cardinality, OfAnEmptyStoreIsNothing) {
  EXPECT_TRUE(counts(TARSIER_CARDINALITY_SERIES_BY_METRIC).empty());
  EXPECT_TRUE(counts(TARSIER_CARDINALITY_NEW_SERIES_BY_METRIC).empty());
}

TEST_F(Cardinality, GoesThroughMoreValuesThanItLooksAtInOnePiece) {
  put_many("m", 10'000);
  EXPECT_EQ(counts(TARSIER_CARDINALITY_VALUES_BY_LABEL).front(), (std::pair<std::string, uint64_t>("i", 10'000)));
}

TEST_F(Cardinality, KnowsWhatCameWithinTheLastHour) {
  put_many("old", 5);
  now_ += 30 * kMinuteNs;
  put_many("old", 8);
  put_many("fresh", 2);
  EXPECT_EQ(counts(TARSIER_CARDINALITY_NEW_SERIES_BY_METRIC), (Counts{{"old", 8}, {"fresh", 2}}));
  now_ += 31 * kMinuteNs;
  put_many("old", 8);
  EXPECT_EQ(counts(TARSIER_CARDINALITY_NEW_SERIES_BY_METRIC), (Counts{{"old", 3}, {"fresh", 2}}));
  now_ += 2 * kHourNs;
  put_many("old", 8);
  EXPECT_TRUE(counts(TARSIER_CARDINALITY_NEW_SERIES_BY_METRIC).empty());
}

TEST_F(Cardinality, KnowsThatWhenOthersWereForgotten) {
  put_many("old", 50);
  seal();
  now_ += 2 * kHourNs;
  batch::SamplesBuilder builder;
  add(builder, {{"__name__", "fresh"}}, {{now_, 1}});
  ASSERT_TRUE(write_wait(builder).ok());
  EXPECT_EQ(counts(TARSIER_CARDINALITY_NEW_SERIES_BY_METRIC), (Counts{{"fresh", 1}}));
  seal();
  EXPECT_EQ(store_->stat()->head.series, 1U);
  EXPECT_EQ(counts(TARSIER_CARDINALITY_NEW_SERIES_BY_METRIC), (Counts{{"fresh", 1}}));
}

TEST(SeriesAges, AreKnownToFiveMinutesForAnHour) {
  SeriesAges ages;
  EXPECT_EQ(ages.first_since(0, 7), 7U);
  for (uint32_t minute = 0; minute < 600; ++minute) ages.note(minute * kMinuteNs, minute);
  EXPECT_EQ(ages.first_since(590 * kMinuteNs, 600), 590U);
  EXPECT_EQ(ages.first_since(586 * kMinuteNs, 600), 590U);
  EXPECT_EQ(ages.first_since(540 * kMinuteNs, 600), 540U);
  EXPECT_EQ(ages.first_since(596 * kMinuteNs, 600), 600U);
  const SeriesAges fewer = ages.renumbered([](uint32_t first) { return first / 2; });
  EXPECT_EQ(fewer.first_since(590 * kMinuteNs, 300), 295U);
}

}  // namespace
}  // namespace tarsier::samples::test
