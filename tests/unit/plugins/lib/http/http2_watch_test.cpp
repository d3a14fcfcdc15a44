// What a client may make the server do for nothing.
#include "plugins/lib/http/http2_watch.hpp"

#include <gtest/gtest.h>

#include "tests/unit/plugins/lib/http/http2_peer.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;

constexpr uint8_t kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kContinuation = 9;

const std::string kAPing = frame_bytes(kPing, 0, 0, "12345678");

struct Watch : ::testing::Test {
  Http2Watch::Moment now{};
  Http2Watch watch{1000, now};
  void SetUp() override { EXPECT_EQ(nullptr, watch.see(http2_hello(), now)); }
  /// How many of them would be taken, up to `most`.
  int taken(const std::string& frame, int most = 100'000) const {
    Http2Watch tried = watch;
    for (int i = 0; i < most; ++i)
      if (tried.see(frame, now) != nullptr) return i;
    return most;
  }
};

TEST_F(Watch, TakesFramesTornAnywhere) {
  Http2Watch torn(1000, now);
  for (const char c : http2_hello() + frame_bytes(kHeaders, 4, 1, "abc") + frame_bytes(kData, 1, 1, "x")) {
    EXPECT_EQ(nullptr, torn.see({&c, 1}, now));
  }
  EXPECT_TRUE(torn.between_headers());
}

TEST_F(Watch, KnowsWhenAHeaderIsHalfThere) {
  EXPECT_FALSE(Http2Watch(1000, now).between_headers()) << "nothing has come";
  EXPECT_TRUE(watch.between_headers());
  const std::string head = frame_bytes(kHeaders, 0, 1, "abc");
  watch.see(head.substr(0, 10), now);
  EXPECT_FALSE(watch.between_headers());
  watch.see(head.substr(10), now);
  EXPECT_FALSE(watch.between_headers()) << "its end is still to come";
  watch.see(frame_bytes(kContinuation, 4, 1, ""), now);
  EXPECT_TRUE(watch.between_headers());
  watch.see(frame_bytes(kData, 0, 1, "abc").substr(0, 10), now);
  EXPECT_TRUE(watch.between_headers()) << "a body has its own time";
}

TEST_F(Watch, BoundsWhatLeadsNowhere) {
  EXPECT_EQ(999, taken(kAPing)) << "the client's settings were the first";
  EXPECT_EQ(999, taken(frame_bytes(kSettings, 0, 0, "")));
  EXPECT_EQ(199, taken(frame_bytes(kReset, 0, 1, "1234"))) << "each is worth five";
  EXPECT_EQ(999, taken(frame_bytes(kData, 0, 1, "")));
  EXPECT_EQ(999, taken(frame_bytes(kData, 8, 1, std::string(1, '\0')))) << "only padding";
  EXPECT_EQ(5000, taken(frame_bytes(kData, 0, 1, "x"), 5000)) << "a body in small pieces";
}

TEST_F(Watch, GivesTimeItsDue) {
  EXPECT_TRUE(watch.spend(900));
  EXPECT_EQ(99, taken(kAPing));
  now += 1s;
  EXPECT_EQ(199, taken(kAPing));
  now += 1h;
  EXPECT_EQ(1000, taken(kAPing)) << "and no more than there was at first";
}

TEST_F(Watch, GivesWorkItsDue) {
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(nullptr, watch.see(frame_bytes(kHeaders, 5, 1, "abc") + frame_bytes(kReset, 0, 1, "1234"), now));
    watch.earn(10);
  }
  EXPECT_GT(taken(kAPing), 19'000);
  EXPECT_LT(taken(kAPing), 21'000) << "what is earned has a bound";
}

TEST_F(Watch, BoundsAHeaderAsItIsSent) {
  EXPECT_EQ(nullptr, watch.see(frame_bytes(kHeaders, 0, 1, std::string(600, 'x')), now));
  EXPECT_NE(nullptr, watch.see(frame_bytes(kContinuation, 0, 1, std::string(600, 'x')).substr(0, 9), now)) << "by its head alone";
}

}  // namespace
}  // namespace tarsier::net::test
