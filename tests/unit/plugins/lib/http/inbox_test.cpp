// Where received bytes wait for the parser.
#include "plugins/lib/http/inbox.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

namespace tarsier::net {
namespace {

void receive(Inbox& inbox, std::string_view bytes, size_t room) {
  const std::span<char> place = inbox.room(room);
  ASSERT_GE(place.size(), bytes.size());
  std::copy(bytes.begin(), bytes.end(), place.begin());
  inbox.add(bytes.size());
}

TEST(Inbox, KeepsWhatIsNotParsedYetWhenMoreComes) {
  Inbox inbox;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string piece(static_cast<size_t>(i % 7), static_cast<char>('a' + i % 26));
    receive(inbox, piece, 16);
    expected += piece;
    const size_t parsed = std::min<size_t>(expected.size(), static_cast<size_t>(i % 5));
    inbox.drop(parsed);
    expected.erase(0, parsed);
    ASSERT_EQ(inbox.view(), expected) << i;
  }
}

TEST(Inbox, AReadThatIsUnderWayStaysWhereItWasWhileTheRestIsParsed) {
  Inbox inbox;
  receive(inbox, "head", 16);
  const std::span<char> place = inbox.room(16);
  inbox.drop(4);
  EXPECT_TRUE(inbox.empty());
  std::copy_n("body", 4, place.begin());
  inbox.add(4);
  EXPECT_EQ(inbox.view(), "body");
}

TEST(Inbox, UsesItsMemoryAgainOnceAllIsParsed) {
  Inbox inbox;
  receive(inbox, "0123456789", 16);
  const char* const first = inbox.view().data();
  inbox.drop(10);
  receive(inbox, "abc", 16);
  EXPECT_EQ(inbox.view().data(), first);
  inbox.clear();
  EXPECT_TRUE(inbox.empty());
}

}  // namespace
}  // namespace tarsier::net
