#include "tarsier/batch.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "batch_bytes.hpp"

namespace tarsier::batch {
namespace {

SamplesBuilder two_series() {
  SamplesBuilder builder;
  const Label up[] = {{"job", "node"}, {"__name__", "up"}};
  builder.series(up);
  builder.metadata(TARSIER_SERIES_GAUGE, "Whether it is up.", "");
  builder.sample(1'000, 1.0);
  builder.sample(2'000, std::nan(""));
  const Label load[] = {{"__name__", "load"}, {"job", "node"}};
  builder.series(load);
  builder.sample(1'500, 0.5);
  return builder;
}

TEST(SamplesBatch, ReadsBackWhatWasBuilt) {
  auto builder = two_series();
  const Bytes bytes(builder);
  ASSERT_EQ(why(bytes), "accepted");
  const SamplesView view{View(bytes.span())};
  ASSERT_EQ(view.series_count(), 2U);
  EXPECT_EQ(view.labels().name(0, 0), "__name__") << "labels are sorted by name";
  EXPECT_EQ(view.labels().value(0, 0), "up");
  EXPECT_EQ(view.times(0).size(), 2U);
  EXPECT_EQ(view.values(1)[0], 0.5);
  EXPECT_EQ(view.type(0), uint32_t{TARSIER_SERIES_GAUGE});
  EXPECT_EQ(view.help(0), "Whether it is up.");
  EXPECT_EQ(view.type(1), uint32_t{TARSIER_SERIES_UNKNOWN}) << "a series without metadata beside one with";
}

TEST(SamplesBatch, KeepsTheStalenessMarkerBitForBit) {
  SamplesBuilder builder;
  const Label name[] = {{"__name__", "up"}};
  builder.series(name);
  double stale = 0;
  const uint64_t bits = TARSIER_STALE_NAN_BITS;
  std::memcpy(&stale, &bits, sizeof(stale));
  builder.sample(1, stale);
  const Bytes bytes(builder);
  const SamplesView view{View(bytes.span())};
  EXPECT_EQ(std::memcmp(view.values(0).data(), &bits, sizeof(bits)), 0);
}

TEST(SamplesBatch, RepeatsTheFirstSeriesOfTheBatchBeforeWithOtherValues) {
  auto builder = two_series();
  const Bytes before(builder);
  const double one[] = {7};
  builder.repeat(3'000, one);
  const Label added[] = {{"__name__", "added"}};
  builder.series(added);
  builder.sample(3'000, 8);
  const Bytes bytes(builder);
  ASSERT_EQ(why(bytes), "accepted");
  const SamplesView view{View(bytes.span())};
  ASSERT_EQ(view.series_count(), 2U);
  EXPECT_EQ(view.labels().value(0, 0), "up");
  EXPECT_EQ(view.times(0)[0], 3'000);
  EXPECT_EQ(view.values(0)[0], 7);
  EXPECT_EQ(view.labels().value(1, 0), "added");
  EXPECT_EQ(view.values(1)[0], 8);
  EXPECT_FALSE(view.has_metadata());
  builder.repeat(4'000, {});
  EXPECT_EQ(builder.series_count(), 0U);
}

TEST(SamplesBatch, StartTimestampsFillUpWithNone) {
  auto builder = two_series();
  builder.sample(1'600, 0.6, 1'100);
  const Bytes bytes(builder);
  ASSERT_EQ(why(bytes), "accepted");
  const SamplesView view{View(bytes.span())};
  EXPECT_EQ(view.starts(0)[0], 0);
  EXPECT_EQ(view.starts(1)[1], 1'100);
}

TEST(SamplesBuilder, KeepsSymbolNumbersOverAClear) {
  auto builder = two_series();
  const uint32_t number = builder.labels().symbol("node");
  builder.clear(false);
  EXPECT_EQ(builder.labels().symbol("node"), number);
  EXPECT_TRUE(builder.empty());
  builder.clear();
  EXPECT_EQ(builder.labels().symbol("other"), 0U);
}

TEST(AlertsBatch, IsAccepted) {
  AlertsBuilder builder;
  const Label labels[] = {{"alertname", "Down"}};
  builder.alert(labels, {}, 1, 0, "http://localhost/graph");
  EXPECT_EQ(why(Bytes(builder)), "accepted");
}

TEST(Verify, RefusesEachKindOfDamageByName) {
  const struct {
    const char* message;
    void (*damage)(Bytes&);
  } cases[] = {
      {"wrong magic number", [](Bytes& b) { b.head().magic ^= 1; }},
      {"version 9 is not known", [](Bytes& b) { b.head().version = 9; }},
      {"kind 77 is not known", [](Bytes& b) { b.head().kind = 77; }},
      {"says", [](Bytes& b) { b.head().size += 8; }},
      {"the column table runs past the end", [](Bytes& b) { b.head().column_count = 100000; }},
      {"lies outside", [](Bytes& b) { b.column(TARSIER_COL_SAMPLE_VALUES).offset = 1 << 20; }},
      {"lies outside", [](Bytes& b) { b.column(TARSIER_COL_SAMPLE_VALUES).count = UINT64_MAX / 2; }},
      {"lies outside", [](Bytes& b) { b.column(TARSIER_COL_SAMPLE_TIMES).offset += 4; }},
      {"is missing", [](Bytes& b) { b.column(TARSIER_COL_SAMPLE_VALUES).id = 19; }},
      {"points to", [](Bytes& b) { b.values(TARSIER_COL_PAIRS)[0] = 4096; }},
      {"descend", [](Bytes& b) { b.values(TARSIER_COL_SAMPLE_OFFSETS)[1] = 9; }},
      {"does not run from 0", [](Bytes& b) { b.values(TARSIER_COL_SYMBOL_OFFSETS)[0] = 1; }},
      {"not sorted and unique", [](Bytes& b) { std::swap(b.values(TARSIER_COL_PAIRS)[0], b.values(TARSIER_COL_PAIRS)[2]); }},
      {"timestamps of series 0 descend",
       [](Bytes& b) { reinterpret_cast<int64_t*>(b.data() + b.column(TARSIER_COL_SAMPLE_TIMES).offset)[0] = 9'000; }},
      {"metadata of series 0 points past", [](Bytes& b) { b.values(TARSIER_COL_SERIES_METADATA)[1] = 4096; }},
  };
  for (const auto& test : cases) {
    auto builder = two_series();
    Bytes bytes(builder);
    test.damage(bytes);
    EXPECT_NE(why(bytes).find(test.message), std::string::npos) << "expected \"" << test.message << "\", got " << why(bytes);
  }
}

TEST(Verify, RefusesEveryTruncation) {
  auto builder = two_series();
  const Bytes bytes(builder);
  for (size_t size = 0; size < bytes.span().size(); ++size) EXPECT_FALSE(verify(bytes.span().first(size)).ok()) << size;
}

}  // namespace
}  // namespace tarsier::batch
