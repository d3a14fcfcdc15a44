#include "plugins/alert/alerts/notification_log.hpp"

#include <gtest/gtest.h>

namespace tarsier::alerts {
namespace {

const std::string kA(16, 'a');
const std::string kB(16, 'b');

TEST(ToldText, ReadsBackWhatWasWritten) {
  const std::string key = "webhook {}:{alertname=\"multi\nline\"}";
  const auto decoded = decode_told(encode_told(key, {{kA, kB}, {kB}, 1234567}));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->first, key);
  EXPECT_EQ(decoded->second.firing, (std::set<std::string>{kA, kB}));
  EXPECT_EQ(decoded->second.resolved, (std::set<std::string>{kB}));
  EXPECT_EQ(decoded->second.at_ns, 1234567);
}

TEST(ToldText, RefusesWhatIsDamaged) {
  for (const char* bad : {"", "2\n1\n\n\nk", "1\nx\n\n\nk", "1\n1\nshort\n\nk"}) EXPECT_FALSE(decode_told(bad)) << bad;
}

}  // namespace
}  // namespace tarsier::alerts
