// Series that lie in partitions, in segments and in memory at once, which have them in different orders.
#include "plugins/storage/samples/select_runs.hpp"

#include <array>

#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBegin = 1'799'992'800 * kSecondNs;
constexpr int kSeries = 700;

class SelectRunsTest : public StoreFixture {
 protected:
  void SetUp() override { open(); }

  /// By labels they are in another order than by when they came.
  static LabelSet labels(int number) { return {{"__name__", "up"}, {"target", std::to_string(number * 389 % kSeries)}}; }

  /// A sample of each series that `has` it.
  template <class Has>
  void put_all(int64_t time, Has&& has) {
    batch::SamplesBuilder builder;
    for (int number = 0; number < kSeries; ++number) {
      if (!has(number)) continue;
      add(builder, labels(number), {{time, static_cast<double>(number)}});
      expected_[labels(number)].push_back({time, static_cast<double>(number)});
    }
    const auto outcome = write(builder);
    ASSERT_TRUE(outcome->has_value() && (*outcome)->ok());
  }
  /// A partition with a third missing, two segments, each with another third missing, and samples in memory.
  void fill() {
    const auto all_but = [](int rest) { return [rest](int number) { return number % 3 != rest; }; };
    put_all(kBegin, all_but(0));
    now_ = kBegin + 3 * kHourNs;
    seal(now_);
    put_all(now_, all_but(1));
    ASSERT_TRUE(store_->flush().ok());
    put_all(now_ + kSecondNs, all_but(2));
    ASSERT_TRUE(store_->flush().ok());
    put_all(now_ + 2 * kSecondNs, [](int) { return true; });
  }
  Found read(size_t series_per_pass) {
    Found found;
    auto matcher = Matcher::compile(TARSIER_MATCH_EQUAL, "__name__", "up");
    const auto query = store_->find(std::span(&*matcher, 1), {INT64_MIN, INT64_MAX}, 0, {});
    EXPECT_TRUE(query.ok());
    std::vector<uint64_t> runs;
    SelectRuns select(**query, {0, {}, series_per_pass}, [&](const tarsier_series& series) {
      for (uint64_t i = 0; i < series.sample_count; ++i) found[label_set(series)].push_back({series.times_ns[i], series.values[i]});
      if (runs.empty() || runs.back() != series.run) runs.push_back(series.run);
      return true;
    });
    EXPECT_TRUE(select
                    .read([](uint64_t count, const auto& run) {
                      for (uint64_t i = 0; i < count; ++i) run(i);
                    })
                    .ok());
    EXPECT_TRUE(std::is_sorted(runs.begin(), runs.end()));
    EXPECT_EQ(runs.size(), 3U);  // of 256 series
    return found;
  }

  Found expected_;
};

TEST_F(SelectRunsTest, FindsWhatLiesInPartitionsSegmentsAndMemoryInOnePassAndInSeveral) {
  fill();
  for (const size_t series_per_pass : std::array<size_t, 4>{0, 1, 300, 10'000})
    EXPECT_EQ(difference(read(series_per_pass), expected_), "");
}

TEST_F(SelectRunsTest, ReadsTheHeadInTheOrderOfSegments) {
  fill();
  auto matcher = Matcher::compile(TARSIER_MATCH_EQUAL, "__name__", "up");
  const auto query = store_->find(std::span(&*matcher, 1), {INT64_MIN, INT64_MAX}, 0, {});
  ASSERT_TRUE(query.ok());
  EXPECT_NE((*query)->series_per_pass(), 0U);
  EXPECT_EQ((*query)->head_order((*query)->series()).size(), static_cast<size_t>(kSeries));
}

TEST_F(SelectRunsTest, ThePastHasNoSeriesOfTheHead) {
  fill();
  const auto found = find({}, kBegin - kHourNs, kBegin + kHourNs);
  EXPECT_EQ(found.size(), static_cast<size_t>(kSeries - (kSeries + 2) / 3));
  auto matcher = Matcher::compile(TARSIER_MATCH_EQUAL, "__name__", "up");
  const auto query = store_->find(std::span(&*matcher, 1), {kBegin - kHourNs, kBegin + kHourNs}, found.size(), {});
  ASSERT_TRUE(query.ok()) << query.error().message();
  EXPECT_EQ((*query)->series_per_pass(), 0U);
}

}  // namespace
}  // namespace tarsier::samples::test
