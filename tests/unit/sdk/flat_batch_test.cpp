// Batches of samples with flat label sets, native histograms and exemplars.
#include <gtest/gtest.h>

#include "batch_bytes.hpp"
#include "tarsier/flat_set.hpp"

namespace tarsier::batch {
namespace {

std::vector<uint8_t> flat(std::initializer_list<Label> labels) {
  std::vector<uint8_t> set;
  for (const auto& [name, value] : labels) append_flat_label(set, name, value);
  return set;
}

SamplesBuilder two_flat_series() {
  SamplesBuilder builder;
  builder.flat_series(flat({{"__name__", "up"}, {"job", "node"}}));
  builder.sample(1'000, 1.0);
  builder.exemplar(900, 0.5, flat({{"trace_id", "abc"}}));
  builder.exemplar(950, 0.25, {});
  builder.flat_series(flat({{"__name__", "load"}}));
  builder.sample(1'500, 0.5);
  return builder;
}

std::vector<Label> decoded(std::span<const uint8_t> set) {
  std::vector<Label> labels;
  const auto result = decode_flat_set(set, labels);
  EXPECT_TRUE(result) << result.error().message();
  return labels;
}

TEST(FlatBatch, ReadsBackWhatWasBuilt) {
  auto builder = two_flat_series();
  const Bytes bytes(builder);
  ASSERT_EQ(why(bytes), "accepted");
  const SamplesView view{View(bytes.span())};
  ASSERT_TRUE(view.has_flat_sets());
  ASSERT_EQ(view.series_count(), 2U);
  EXPECT_EQ(view.labels().size(0), 0U) << "there are no pairs";
  EXPECT_EQ(decoded(view.flat_set(0)), (std::vector<Label>{{"__name__", "up"}, {"job", "node"}}));
  EXPECT_EQ(decoded(view.flat_set(1)), (std::vector<Label>{{"__name__", "load"}}));
  EXPECT_EQ(view.values(1)[0], 0.5);
}

TEST(FlatBatch, IsNotWhatABatchWithPairsIs) {
  SamplesBuilder builder;
  const Label name[] = {{"__name__", "up"}};
  builder.series(name);
  builder.sample(1, 1);
  const Bytes bytes(builder);
  EXPECT_FALSE(SamplesView(View(bytes.span())).has_flat_sets());
}

TEST(Exemplars, BelongToASeriesAndMayHaveNoLabels) {
  auto builder = two_flat_series();
  const Bytes bytes(builder);
  const ExemplarsView exemplars{View(bytes.span())};
  ASSERT_EQ(exemplars.size(), 2U);
  EXPECT_EQ(exemplars.series(0), 0U);
  EXPECT_EQ(exemplars.time(0), 900);
  EXPECT_EQ(exemplars.value(1), 0.25);
  EXPECT_EQ(decoded(exemplars.labels(0)), (std::vector<Label>{{"trace_id", "abc"}}));
  EXPECT_TRUE(exemplars.labels(1).empty());
}

TEST(Histograms, StandBesideFloatsOfTheSameSeries) {
  SamplesBuilder builder;
  const Label name[] = {{"__name__", "latency"}};
  builder.series(name);
  builder.sample(1, 1.0);
  const uint8_t encoded[] = {7, 8, 9};
  builder.histogram(2, 42.0, 1, encoded);
  builder.sample(3, 3.0);
  const Bytes bytes(builder);
  ASSERT_EQ(why(bytes), "accepted");
  const SamplesView view{View(bytes.span())};
  ASSERT_TRUE(view.has_histograms());
  EXPECT_TRUE(view.histogram(0, 0).empty());
  EXPECT_TRUE(std::ranges::equal(view.histogram(0, 1), encoded));
  EXPECT_TRUE(view.histogram(0, 2).empty());
  EXPECT_EQ(view.values(0)[1], 42.0);
  EXPECT_EQ(view.starts(0)[1], 1);
}

TEST(FlatBatch, IsRefusedWhenDamaged) {
  const struct {
    const char* message;
    void (*damage)(Bytes&);
  } cases[] = {
      {"flat set 0 of column 5 lies outside", [](Bytes& b) { b.values(TARSIER_COL_FLAT_SETS)[1] = 1 << 20; }},
      {"flat set 1 of column 5 lies outside", [](Bytes& b) { b.values(TARSIER_COL_FLAT_SETS)[2] = UINT32_MAX; }},
      {"flat set 0 of column 5 is empty", [](Bytes& b) { b.values(TARSIER_COL_FLAT_SETS)[1] = 0; }},
      {"column 5 has 1 elements", [](Bytes& b) { b.column(TARSIER_COL_FLAT_SETS).count = 1; }},
      {"must come together", [](Bytes& b) { b.column(TARSIER_COL_FLAT_BYTES).id = 7; }},
      {"column 23 points to 2 of 2", [](Bytes& b) { b.values(TARSIER_COL_EXEMPLAR_SERIES)[1] = 2; }},
      {"flat set 0 of column 26 lies outside", [](Bytes& b) { b.values(TARSIER_COL_EXEMPLAR_LABELS)[0] = 9999; }},
      {"exemplars must come together", [](Bytes& b) { b.column(TARSIER_COL_EXEMPLAR_BYTES).id = 28; }},
      {"column 24 has 2 elements",
       [](Bytes& b) {
         b.head().counts[TARSIER_COUNT_EXEMPLARS] = 1;
         b.column(TARSIER_COL_EXEMPLAR_SERIES).count = 1;
       }},
  };
  for (const auto& test : cases) {
    auto builder = two_flat_series();
    Bytes bytes(builder);
    test.damage(bytes);
    EXPECT_NE(why(bytes).find(test.message), std::string::npos) << "expected \"" << test.message << "\", got " << why(bytes);
  }
}

TEST(FlatBatch, HasNoPairsBeside) {
  auto builder = two_flat_series();
  const Label pair[] = {{"a", "b"}};
  builder.labels().set(pair);
  builder.flat_series(flat({{"c", "d"}}));  // brings the counts of sets apart, too
  EXPECT_NE(why(Bytes(builder)), "accepted");
}

TEST(FlatBatch, RefusesEveryTruncation) {
  auto builder = two_flat_series();
  const Bytes bytes(builder);
  for (size_t size = 0; size < bytes.span().size(); ++size) EXPECT_FALSE(verify(bytes.span().first(size)).ok()) << size;
}

}  // namespace
}  // namespace tarsier::batch
