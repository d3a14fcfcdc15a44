// Windows of many steps at once give what each gives by itself, to the bit, whichever series was laid out before.
#include "plugins/query/promql/exec/window_layout.hpp"

#include <bit>
#include <gtest/gtest.h>
#include <limits>
#include <random>

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr double kInf = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();

struct Samples {
  std::vector<int64_t> times;
  std::vector<double> values;
};

class Windows : public testing::TestWithParam<FunctionId> {
 protected:
  static constexpr WindowPlan kPlan = {.grid = {100 * kSecond, 400 * kSecond, 10 * kSecond}, .range_ns = 60 * kSecond};

  Samples random_samples() {
    Samples samples;
    const int64_t gap = 1 + seconds(30);
    for (int64_t time = seconds(100); time < 420; time += pick(4) == 0 ? 1 + seconds(90) : gap)
      samples.times.push_back(time * kSecond + seconds(5));
    for (auto value = static_cast<double>(pick(300)); samples.values.size() < samples.times.size();) {
      if (pick(20) == 0) value = std::array{0.0, -5.0, kInf, -kInf, kNaN, 1e300, -0.0}[pick(7)];
      samples.values.push_back(value);
      value += static_cast<double>(pick(1000)) / 7;
    }
    return samples;
  }
  size_t pick(size_t below) { return random_() % below; }
  int64_t seconds(int64_t below) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(below)); }

  void expect_alike(WindowLayout& layout, const Samples& samples) {
    const WindowKernel kernel = kernel_of(GetParam());
    layout.fit(samples.times.data(), samples.times.size());
    const bool rising = std::is_sorted(samples.values.begin(), samples.values.end());
    std::vector<double> several(layout.steps());
    kernel.many(layout, samples.values.data(), rising, 0, layout.steps(), several.data());
    for (size_t step = 0; step < layout.steps(); ++step) {
      const double alone = kernel.function(layout.at(step, samples.values.data(), rising), {});
      ASSERT_EQ(std::bit_cast<uint64_t>(several[step]), std::bit_cast<uint64_t>(alone))
          << "step " << step << ": " << several[step] << ", alone " << alone;
    }
  }

  std::mt19937_64 random_{7};
};

TEST_P(Windows, OfManySeriesGiveTheSameAtOnceAndOneByOne) {
  WindowLayout layout(kPlan);
  for (int i = 0; i < 2000; ++i) {
    Samples samples = random_samples();
    expect_alike(layout, samples);
    for (double& value : samples.values) value *= 2;  // another series of the same scrapes
    expect_alike(layout, samples);
  }
}

TEST_P(Windows, OfCountersThatBeginGiveTheSame) {
  WindowLayout layout(kPlan);
  Samples samples;
  for (int64_t time = 95; time < 400; time += 15) samples.times.push_back(time * kSecond);
  for (int i = 0; i < 500; ++i) {
    samples.values.assign(1, static_cast<double>(pick(30)) / 10);
    while (samples.values.size() < samples.times.size())
      samples.values.push_back(samples.values.back() + static_cast<double>(pick(8)));
    expect_alike(layout, samples);
  }
}

INSTANTIATE_TEST_SUITE_P(Functions, Windows, testing::Values(FunctionId::kRate, FunctionId::kIncrease, FunctionId::kDelta));

TEST(WindowLayout, HasTheSamplesBehindTheStartUpToTheEnd) {
  const WindowPlan plan = {.grid = {20 * kSecond, 60 * kSecond, 20 * kSecond}, .range_ns = 20 * kSecond};
  WindowLayout layout(plan);
  const std::vector<int64_t> times = {0, 20 * kSecond, 21 * kSecond, 40 * kSecond};
  layout.fit(times.data(), times.size());
  ASSERT_EQ(layout.steps(), 3U);
  EXPECT_EQ((std::array{layout.count(0), layout.count(1), layout.count(2)}), (std::array<size_t, 3>{1, 2, 0}));
  EXPECT_EQ(layout.first(1), 2U);
  EXPECT_EQ(layout.last(1), 3U);
  layout.fit(times.data(), 2);
  EXPECT_EQ((std::array{layout.count(0), layout.count(1), layout.count(2)}), (std::array<size_t, 3>{1, 0, 0}));
  layout.fit(nullptr, 0);
  EXPECT_EQ(layout.count(0), 0U);
}

}  // namespace
}  // namespace tarsier::promql
