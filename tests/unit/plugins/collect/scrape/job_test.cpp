// Jobs from the configuration, and their targets.
#include "plugins/collect/scrape/job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/collect/support/fake_config.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::scrape {
namespace {

using fake::Node;
constexpr int64_t kSecond = 1'000'000'000;

Node job_node(std::initializer_list<std::pair<std::string, Node>> more) {
  Node node = Node::table(more);
  const auto add = [&](const char* key, Node value) {
    for (const auto& entry : node.entries)
      if (entry.first == key) return;
    node.entries.emplace_back(key, std::move(value));
  };
  add("job_name", "api");
  add("metrics_path", "/metrics");
  add("scheme", "http");
  add("honor_timestamps", true);
  add("follow_redirects", true);
  add("static_configs",
      Node::array({Node::table({{"targets", Node::array({"a:1", "b:2"})}, {"labels", Node::table({{"env", "prod"}})}})}));
  return node;
}

Result<std::vector<Job>> read(std::initializer_list<Node> jobs) {
  const fake::FakeHost fake;
  Host host(fake.raw());
  EXPECT_TRUE(host.attach());
  const Node root = Node::table({{"scrape_interval", 15 * kSecond}, {"scrape_timeout", 10 * kSecond}, {"job", Node::array(jobs)}});
  return read_jobs(Config(host, root.raw()));
}

TEST(Job, TakesThePluginsDefaults) {
  auto jobs = read({job_node({})});
  ASSERT_TRUE(jobs) << jobs.error().message();
  EXPECT_EQ(jobs->at(0).interval_ns, 15 * kSecond);
  EXPECT_EQ(jobs->at(0).timeout_ns, 10 * kSecond);
}

TEST(Job, ShortensTheDefaultTimeoutButRefusesATooLongOne) {
  auto jobs = read({job_node({{"scrape_interval", 5 * kSecond}})});
  ASSERT_TRUE(jobs);
  EXPECT_EQ(jobs->at(0).timeout_ns, 5 * kSecond);
  auto refused = read({job_node({{"scrape_timeout", 20 * kSecond}})});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "test.toml:1:1: scrape_timeout 20s is longer than scrape_interval 15s");
}

TEST(Job, RefusesNamesUsedTwiceAndBadTargets) {
  EXPECT_FALSE(read({job_node({}), job_node({})}));
  EXPECT_FALSE(read({job_node({{"static_configs", Node::array({Node::table({{"targets", Node::array({"http://x"})}})})}})}));
  EXPECT_FALSE(read({job_node({{"job_name", ""}})}));
}

TEST(Job, RefusesHeadersThatWouldSplitARequest) {
  const auto with = [](const char* name, const char* value) {
    return read({job_node({{"http_headers", Node::table({{name, Node::table({{"values", Node::array({value})}})}})}})});
  };
  EXPECT_TRUE(with("X-Scope", "a\tb"));
  for (const char* name : {"", "X Scope", "X:", "X\r\nY"}) EXPECT_FALSE(with(name, "a")) << name;
  for (const char* value : {"a\r\nHost: b", "a\nb", "\x01", "\x7f"}) {
    const auto refused = with("X-Scope", value);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message(),
              "test.toml:1:1: the value of header X-Scope must not have line breaks or control bytes: it is sent as a header");
  }
  EXPECT_FALSE(read({job_node({{"authorization", Node::table({{"credentials", "a\nb"}})}})}));
  EXPECT_FALSE(read({job_node({{"authorization", Node::table({{"credentials", "a"}, {"type", "b\nc"}})}})}));
}

TEST(Job, NamesTargetsWithTheirLabels) {
  auto jobs = read({job_node({{"params", Node::table({{"module", Node::array({"http 2xx", "b"})}})}})});
  ASSERT_TRUE(jobs);
  auto targets = expand_targets(jobs->at(0));
  ASSERT_TRUE(targets);
  ASSERT_EQ(targets->size(), 2U);
  const TargetSpec& first = targets->at(0);
  EXPECT_EQ(first.labels, (LabelSet{{"env", "prod"}, {"instance", "a:1"}, {"job", "api"}}));
  EXPECT_EQ(first.discovered, (LabelSet{{"__address__", "a:1"},
                                        {"__metrics_path__", "/metrics"},
                                        {"__param_module", "http 2xx"},
                                        {"__scheme__", "http"},
                                        {"__scrape_interval__", "15s"},
                                        {"__scrape_timeout__", "10s"},
                                        {"env", "prod"},
                                        {"job", "api"}}));
  EXPECT_EQ(first.url, "http://a:1/metrics?module=http%202xx&module=b");
}

TEST(Job, LabelsMayOverrideWhereToScrape) {
  auto jobs = read({job_node({{"static_configs", Node::array({Node::table({{"targets", Node::array({"a:1"})},
                                                                           {"labels", Node::table({{"__scheme__", "https"},
                                                                                                   {"__metrics_path__", "/probe"},
                                                                                                   {"__param_target", "x/y"},
                                                                                                   {"instance", "mine"}})}})})}})});
  ASSERT_TRUE(jobs);
  auto targets = expand_targets(jobs->at(0));
  ASSERT_TRUE(targets);
  EXPECT_EQ(targets->at(0).url, "https://a:1/probe?target=x%2Fy");
  EXPECT_EQ(targets->at(0).labels, (LabelSet{{"instance", "mine"}, {"job", "api"}}));
}

TEST(Job, MergesTheSameTargetNamedTwice) {
  auto jobs = read({job_node({{"static_configs", Node::array({Node::table({{"targets", Node::array({"a:1", "a:1"})}})})}})});
  ASSERT_TRUE(jobs);
  EXPECT_EQ(expand_targets(jobs->at(0))->size(), 1U);
}

TEST(Job, ReadsCredentials) {
  auto basic = read({job_node({{"basic_auth", Node::table({{"username", "u"}, {"password", "p:w"}})}})});
  ASSERT_TRUE(basic);
  EXPECT_EQ(basic->at(0).authorization, "Basic dTpwOnc=");
  auto bearer = read({job_node({{"authorization", Node::table({{"credentials", "token"}})}})});
  ASSERT_TRUE(bearer);
  EXPECT_EQ(bearer->at(0).authorization, "Bearer token");
  auto file = read({job_node({{"authorization", Node::table({{"type", "Token"}, {"credentials_file", "secret"}})}})});
  ASSERT_TRUE(file);
  EXPECT_EQ(file->at(0).authorization_file, "/etc/tarsier/secret");
  EXPECT_FALSE(
      read({job_node({{"basic_auth", Node::table({{"username", "u"}})}, {"authorization", Node::table({{"credentials", "t"}})}})}));
}

TEST(Job, RefusesASecretAndAFileOfIt) {
  auto basic = read({job_node({{"basic_auth", Node::table({{"username", "u"}, {"password", "p"}, {"password_file", "f"}})}})});
  ASSERT_FALSE(basic);
  EXPECT_THAT(basic.error().message(), ::testing::HasSubstr("at most one of password and password_file may be given"));
  EXPECT_FALSE(read({job_node({{"authorization", Node::table({{"credentials", "t"}, {"credentials_file", "f"}})}})}));
}

TEST(DurationText, IsPrometheus) {
  EXPECT_EQ(duration_text(15 * kSecond), "15s");
  EXPECT_EQ(duration_text(90 * kSecond), "1m30s");
  EXPECT_EQ(duration_text(kSecond / 2), "500ms");
  EXPECT_EQ(duration_text(0), "0s");
}

}  // namespace
}  // namespace tarsier::scrape
