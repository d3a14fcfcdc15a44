#include "plugins/storage/samples/summaries.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "plugins/storage/samples/tiers.hpp"

namespace tarsier::samples {
namespace {

const double kStale = std::bit_cast<double>(kStaleBits);
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

Columns columns(const std::vector<std::pair<int64_t, double>>& samples) {
  Columns out;
  for (const auto& [time, value] : samples) out.append({.time = time, .value = value});
  return out;
}

struct Row {
  int64_t time;
  double value;
  Summary summary;
};

/// NaN equals NaN here, and bits count.
void expect_rows(const Columns& found, const std::vector<Row>& expected) {
  const auto bits = [](double number) { return std::isnan(number) && !is_stale(number) ? 1 : std::bit_cast<uint64_t>(number); };
  ASSERT_EQ(found.size(), expected.size());
  ASSERT_EQ(found.summaries.size(), expected.size());
  for (size_t row = 0; row < expected.size(); ++row) {
    SCOPED_TRACE("row " + std::to_string(row));
    EXPECT_EQ(found.times[row], expected[row].time);
    EXPECT_EQ(bits(found.values[row]), bits(expected[row].value));
    for (const auto member : {&Summary::count, &Summary::sum, &Summary::min, &Summary::max, &Summary::drop})
      EXPECT_EQ(bits(found.summaries[row].*member), bits(expected[row].summary.*member))
          << found.summaries[row].*member << " is not " << expected[row].summary.*member;
  }
}

TEST(Interval, IsOpenOnTheLeft) {
  EXPECT_EQ(interval_end(0, 10), 0);
  EXPECT_EQ(interval_end(1, 10), 10);
  EXPECT_EQ(interval_end(10, 10), 10);
  EXPECT_EQ(interval_end(-1, 10), 0);
  EXPECT_EQ(interval_end(-10, 10), -10);
  EXPECT_EQ(interval_end(INT64_MAX, 10), INT64_MAX);
  EXPECT_EQ(interval_end(INT64_MIN, 10), INT64_MIN + 8);
}

TEST(Summaries, OfAGaugeHaveTheLastAndWhatIsKnownOfAll) {
  Columns out;
  summarise(columns({{1, 4}, {5, 2.5}, {10, 3}, {11, 7}, {35, -1}}), 10, out);
  expect_rows(
      out, {{1, 4, {0, 0, 4, 4, kUnknown}}, {10, 3, {3, 9.5, 2.5, 4, 4}}, {11, 7, {1, 7, 7, 7, 0}}, {35, -1, {1, -1, -1, -1, 7}}});
}

TEST(Summaries, OfACounterHaveWhatItLostAtResets) {
  Columns out;
  summarise(columns({{1, 100}, {2, 110}, {3, 5}, {4, 10}, {5, 3}, {12, 1}, {13, 8}}), 10, out);
  expect_rows(out, {{1, 100, {0, 0, 100, 100, kUnknown}}, {5, 3, {5, 228, 3, 110, 120}}, {13, 8, {2, 9, 1, 8, 3}}});
  const double increase = out.values.back() - out.values.front() + out.summaries[1].drop + out.summaries[2].drop;
  EXPECT_EQ(increase, 10 + 5 + 5 + 3 + 1 + 7);
}

TEST(Summaries, OfSummariesAreThoseOfTheSamples) {
  std::vector<std::pair<int64_t, double>> samples;
  for (int64_t i = 1; i < 400; ++i) samples.emplace_back(i * 3, static_cast<double>(i * 7 % 50));
  Columns direct, fine, coarse;
  summarise(columns(samples), 120, direct);
  summarise(columns(samples), 20, fine);
  summarise(fine, 120, coarse);
  std::vector<Row> expected;
  for (size_t row = 0; row < direct.size(); ++row)
    expected.push_back({direct.times[row], direct.values[row], direct.summaries[row]});
  expect_rows(coarse, expected);
}

TEST(Summaries, KeepAStalenessMarkerThatIsTheLast) {
  Columns out;
  summarise(columns({{1, 5}, {2, kStale}, {3, 6}, {12, kStale}, {21, 1}, {22, kStale}}), 10, out);
  expect_rows(out, {{1, 5, {0, 0, 5, 5, kUnknown}},
                    {3, 6, {2, 11, 5, 6, 0}},
                    {12, kStale, Summary::none()},
                    {21, 1, {1, 1, 1, 1, 6}},
                    {22, kStale, Summary::none()}});
}

TEST(Summaries, KeepTheLastHistogramBesideTheNumbers) {
  const std::vector<uint8_t> first = {1, 2}, second = {3};
  Columns in, out;
  in.append({.time = 1, .histogram = first});
  in.append({.time = 2, .value = 9, .start = 1});
  in.append({.time = 3, .histogram = second});
  summarise(in, 10, out);
  expect_rows(out, {{2, 9, {1, 9, 9, 9, kUnknown}}, {3, 0, Summary::none()}});
  EXPECT_EQ(out.at(1).histogram.size(), 1U);
  EXPECT_EQ(out.at(0).start, 1);
}

TEST(Summaries, SumDecimalsToADecimal) {
  Columns out;
  summarise(columns({{1, 0.1}, {2, 0.2}, {3, 0.3}, {4, 0.4}}), 10, out);
  EXPECT_EQ(out.summaries.back().sum, 1.0);
  out.clear();
  summarise(columns({{1, 0.1}, {2, 0.7}}), 10, out);
  EXPECT_EQ(out.summaries.back().sum, 0.8);
  out.clear();
  summarise(columns({{1, M_PI}, {2, M_E}}), 10, out);
  EXPECT_EQ(out.summaries.back().sum, M_PI + M_E);
}

TEST(Summaries, KeepInfinitiesAndNaN) {
  const double infinity = std::numeric_limits<double>::infinity();
  Columns out;
  summarise(columns({{1, infinity}, {2, 1}, {11, std::nan("")}, {12, 2}}), 10, out);
  EXPECT_EQ(out.summaries[1].sum, infinity);
  EXPECT_EQ(out.summaries[1].max, infinity);
  EXPECT_TRUE(std::isnan(out.summaries[2].sum));
  EXPECT_EQ(out.summaries[2].min, 2);
  EXPECT_EQ(out.summaries[2].count, 2);
}

TEST(Summaries, OfTwoRunsAreJoinedAtTheAnchor) {
  Columns both, second;
  summarise(columns({{1, 90}, {2, 100}}), 10, both);
  summarise(columns({{11, 4}, {12, 6}}), 10, second);
  for (size_t row = 0; row < second.size(); ++row) both.append(second.at(row));
  Columns joined = both;
  join_summaries(joined);
  expect_rows(joined, {{1, 90, {0, 0, 90, 90, kUnknown}}, {2, 100, {2, 190, 90, 100, 0}}, {12, 6, {2, 10, 4, 6, 100}}});
  finish_summaries(both);
  expect_rows(both, {{1, 90, {0, 0, 90, 90, 0}}, {2, 100, {2, 190, 90, 100, 0}}, {12, 6, {2, 10, 4, 6, 100}}});
}

TEST(Summaries, AreFollowedBySamplesThatStandForThemselves) {
  Columns out;
  summarise(columns({{1, 90}, {2, 100}}), 10, out);
  out.append({.time = 11, .value = 30});
  out.append({.time = 12, .value = 40});
  out.append({.time = 13, .value = kStale});
  finish_summaries(out);
  expect_rows(out, {{1, 90, {0, 0, 90, 90, 0}},
                    {2, 100, {2, 190, 90, 100, 0}},
                    {11, 30, {1, 30, 30, 30, 100}},
                    {12, 40, {1, 40, 40, 40, 0}},
                    {13, kStale, Summary::none()}});
}

Options with_tiers(std::vector<Tier> tiers) {
  Options options;
  options.tiers = std::move(tiers);
  return options;
}
constexpr int64_t kDay = 24 * kHourNs;

TEST(Tiers, AreRefusedWhenTheyDoNotFitTogether) {
  const auto error = [](std::vector<Tier> tiers) { return check_tiers(with_tiers(std::move(tiers))).error().message(); };
  EXPECT_TRUE(check_tiers(with_tiers({})).ok());
  EXPECT_TRUE(check_tiers(with_tiers({{5 * kMinuteNs, 90 * kDay}, {kHourNs, 0}})).ok());
  EXPECT_EQ(error({{kHourNs, 90 * kDay}, {5 * kMinuteNs, 365 * kDay}}), "the tier of 5m comes after those of 1h: tiers ascend");
  EXPECT_EQ(error({{7 * kMinuteNs, 90 * kDay}, {kHourNs, 0}}), "the tier of 1h is no multiple of those of 7m, of which it is made");
  EXPECT_EQ(error({{5 * kMinuteNs, 15 * kDay}}), "the tier of 5m is kept for 15d, no longer than the samples themselves (15d)");
  EXPECT_EQ(error({{5 * kMinuteNs, 0}, {kHourNs, 0}}), "the tier of 1h never begins: those of 5m are kept for ever");
}

TEST(Tiers, HaveBlocksAndPartitionsOfAUsefulLength) {
  const Options options = with_tiers({{5 * kMinuteNs, 90 * kDay}, {kHourNs, 730 * kDay}});
  EXPECT_EQ(slot_of(options, 0), 2 * kHourNs);
  EXPECT_EQ(slot_of(options, 5 * kMinuteNs), kDay);
  EXPECT_EQ(slot_of(options, kHourNs), 16 * kDay);
  EXPECT_EQ(merge_options(options, 5 * kMinuteNs).partition_window_ns, kDay);
  EXPECT_EQ(merge_options(options, 5 * kMinuteNs).merge_to_ns, 16 * kDay);
  EXPECT_EQ(merge_options(options, kHourNs).merge_to_ns, 64 * kDay);
}

}  // namespace
}  // namespace tarsier::samples
