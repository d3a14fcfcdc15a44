// What is proposed for an agent of Consul.
#include "plugins/discover/consul/suggestion.hpp"

#include <gmock/gmock.h>

#include "tests/unit/sdk/one_answer.hpp"

namespace tarsier::discover_consul {
namespace {

TEST(ConsulSuggestion, IsMadeForWhoKnowsALeader) {
  test::OneAnswer agent("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\"10.0.0.1:8300\"");
  const auto found = suggest_agent(agent.address);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->why, "it says that \"10.0.0.1:8300\" is its leader");
  const std::string port = agent.address.substr(agent.address.rfind(':'));
  EXPECT_THAT(found->toml, testing::HasSubstr("server = \"localhost" + port + "\""));
  EXPECT_THAT(found->known_by, testing::ElementsAre("localhost" + port, agent.address));
}

TEST(ConsulSuggestion, IsNotMadeForOthers) {
  test::OneAnswer other("HTTP/1.1 200 OK\r\n\r\n<html>");
  EXPECT_FALSE(suggest_agent(other.address));
  EXPECT_FALSE(suggest_agent("127.0.0.1:1"));
}

}  // namespace
}  // namespace tarsier::discover_consul
