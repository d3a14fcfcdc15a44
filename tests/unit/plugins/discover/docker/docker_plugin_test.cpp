// The plugin file as a whole; the test answers in the daemon's place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/collect/support/loaded_plugin.hpp"
#include "tests/unit/plugins/discover/support/found_targets.hpp"

namespace tarsier::discover_docker {
namespace {

using fake::Node;
using testing::HasSubstr;

constexpr const char* kOneContainer =
    R"([{"Id": "c1", "Names": ["/web"], "NetworkSettings": {"Networks": {"app": {"NetworkID": "n1", "IPAddress": "10.0.0.2"}}}}])";

Node config(std::initializer_list<std::pair<std::string, Node>> more = {}) {
  Node node = Node::table({{"job_name", "web"},
                           {"host", "unix:///run/docker.sock"},
                           {"port", 80},
                           {"host_networking_host", "localhost"},
                           {"match_first_network", true},
                           {"follow_redirects", true},
                           {"refresh_interval", int64_t{60'000'000'000}}});
  for (const auto& entry : more) node.entries.insert(node.entries.begin(), entry);  // the first of a name is read
  return node;
}
Node all(std::initializer_list<Node> configs) { return Node::table({{"config", Node::array(configs)}}); }

class DockerPluginTest : public testing::Test {
 protected:
  ~DockerPluginTest() override {
    EXPECT_EQ(plugin_.stop(), "");
    while (answered_ < fake_.calls.size()) fake_.fail(answered_++, TARSIER_CANCELLED, "the instance stops");
  }
  void start(const Node& node) {
    ASSERT_EQ(plugin_.configure(node), "");
    ASSERT_EQ(plugin_.start(), "");
  }
  void answer(std::string_view body, uint32_t code = 200) { fake_.answer(answered_++, code, "application/json", body); }
  std::string found() const {
    const auto sources = fake::found_targets(fake_);
    return sources.empty() ? "" : sources.begin()->second;
  }

  fake::FakeHost fake_;
  fake::LoadedPlugin plugin_{fake_, TARSIER_DISCOVER_DOCKER_PLUGIN};
  size_t answered_ = 0;
};

TEST_F(DockerPluginTest, AsksForNetworksThenForContainers) {
  start(all({config()}));
  ASSERT_EQ(fake_.calls.size(), 1U);
  EXPECT_EQ(fake_.calls[0].url, "unix:///run/docker.sock:/networks");
  answer(R"([{"Id": "n1", "Name": "app"}])");
  ASSERT_EQ(fake_.calls.size(), 2U);
  EXPECT_EQ(fake_.calls[1].url, "unix:///run/docker.sock:/containers/json");
  answer(kOneContainer);
  EXPECT_THAT(found(), HasSubstr("__address__=10.0.0.2:80,"));
  EXPECT_THAT(found(), HasSubstr("__meta_docker_network_name=app"));
}

TEST_F(DockerPluginTest, FiltersAreSentAndTcpIsHttp) {
  const Node filters = Node::array({Node::table({{"name", "label"}, {"values", Node::array({"a=b", "c"})}})});
  start(all({config({{"host", "tcp://docker:2375/"}, {"filters", filters}})}));
  EXPECT_EQ(fake_.calls[0].url, "http://docker:2375/networks");
  answer("[]");
  EXPECT_EQ(fake_.calls[1].url,
            "http://docker:2375/containers/json?filters=%7B%22label%22%3A%7B%22a%3Db%22%3Atrue%2C%22c%22%3Atrue%7D%7D");
}

TEST_F(DockerPluginTest, ErrorsKeepTheTargets) {
  start(all({config()}));
  answer("[]");
  answer(kOneContainer);
  const std::string before = found();
  ASSERT_NE(before, "");
  fake_.fire_timers();
  fake_.fail(answered_++, TARSIER_UNAVAILABLE, "no such file");
  EXPECT_THAT(fake_.health, HasSubstr("unix:///run/docker.sock:: networks: no such file"));
  fake_.fire_timers();
  answer("[]");
  answer("oops");
  EXPECT_THAT(fake_.health, HasSubstr("containers: the answer is not of the expected form"));
  fake_.request_answer = TARSIER_UNAVAILABLE;
  fake_.fire_timers();
  EXPECT_THAT(fake_.health, HasSubstr("refused by the test"));
  fake_.request_answer = TARSIER_OK;
  EXPECT_EQ(found(), before);
  EXPECT_EQ(fake_.metrics["tarsier_discovery_refresh_failures_total"], 3);
  fake_.fire_timers();
  answer("[]");
  answer("[]");
  EXPECT_EQ(found(), "");
  EXPECT_EQ(fake_.health, "ok");
}

TEST_F(DockerPluginTest, RefusesWhatCannotBe) {
  for (const char* host : {"docker", "unix://", "unix://relative", "tcp://", "unix:///a:b", ""})
    EXPECT_THAT(plugin_.configure(all({config({{"host", host}})})), HasSubstr("is no daemon: expected unix:///path")) << host;
  const Node filters = Node::array({Node::table({{"name", "label"}})});
  EXPECT_THAT(plugin_.configure(all({config({{"filters", filters}})})), HasSubstr("a filter has a name and values"));
  EXPECT_THAT(plugin_.configure(all({config(), config()})), HasSubstr("job 'web' has the containers of"));
}

}  // namespace
}  // namespace tarsier::discover_docker
