#include "tarsier/flat_samples.hpp"

#include <gtest/gtest.h>

#include "tarsier/flat_set.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::batch {
namespace {

class FlatSamplesTest : public testing::Test {
 protected:
  FlatSamples allocate(const FlatRoom& room) {
    auto samples = FlatSamples::allocate(host_, room);
    EXPECT_TRUE(samples) << samples.error().message();
    return std::move(*samples);
  }
  /// up 1 @1 and @2, load 3 @4
  static void write(FlatSamples& samples, std::span<const uint8_t> up, std::span<const uint8_t> load) {
    std::ranges::copy(up, samples.bytes().begin());
    std::ranges::copy(load, samples.bytes().begin() + static_cast<ptrdiff_t>(up.size()));
    samples.series(0, static_cast<uint32_t>(up.size()));
    samples.sample(1, 1.0);
    samples.sample(2, 1.0);
    samples.series(static_cast<uint32_t>(up.size()), static_cast<uint32_t>(load.size()));
    samples.sample(4, 3.0);
  }
  FlatSamplesTest() {
    append_flat_label(up_, "__name__", "up");
    append_flat_label(load_, "__name__", "load");
  }

  fake::FakeHost fake_;
  Host raw_host_{fake_.raw()};
  const Host& host_ = fake::attached(raw_host_);
  std::vector<uint8_t> up_, load_;
};

TEST_F(FlatSamplesTest, AreABatchThatIsVerifiedAlsoWhenRoomIsLeft) {
  for (const uint32_t more : {0U, 1U, 7U}) {
    FlatSamples samples = allocate({up_.size() + load_.size() + more, 2 + more, 3 + more});
    write(samples, up_, load_);
    ASSERT_TRUE(samples.fits());
    const Batch batch = samples.finish(7);
    const auto verified = verify(batch.data());
    ASSERT_TRUE(verified) << verified.error().message();
    const SamplesView view(batch.view());
    ASSERT_EQ(view.series_count(), 2U);
    EXPECT_TRUE(std::ranges::equal(view.flat_set(0), up_));
    EXPECT_TRUE(std::ranges::equal(view.flat_set(1), load_));
    EXPECT_EQ(view.times(0).size(), 2U);
    EXPECT_EQ(view.times(1)[0], 4);
    EXPECT_EQ(view.values(1)[0], 3.0);
  }
}

TEST_F(FlatSamplesTest, AreCountedOnWhenTheRoomIsUsedUp) {
  FlatSamples samples = allocate({up_.size() + load_.size(), 1, 1});
  write(samples, up_, load_);
  EXPECT_FALSE(samples.fits());
  const FlatRoom needed = samples.needed();
  EXPECT_EQ(needed.series, 2U);
  EXPECT_EQ(needed.samples, 3U);
  FlatSamples again = allocate(needed);
  write(again, up_, load_);
  EXPECT_TRUE(again.fits());
  EXPECT_TRUE(verify(again.finish(7).data()));
}

TEST_F(FlatSamplesTest, MayBeNone) {
  FlatSamples samples = allocate({});
  EXPECT_TRUE(samples.fits());
  EXPECT_TRUE(verify(samples.finish(7).data()));
}

}  // namespace
}  // namespace tarsier::batch
