// Jobs from the configuration.
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

TEST(Job, ShareTheFileOfFailuresThatTheyName) {
  auto jobs = read({job_node({{"job_name", "a"}, {"scrape_failure_log_file", "/log/a"}}),
                    job_node({{"job_name", "b"}, {"scrape_failure_log_file", "/log/a"}, {"extra_scrape_metrics", true}}),
                    job_node({{"job_name", "c"}, {"scrape_failure_log_file", "/log/c"}}), job_node({{"job_name", "d"}})});
  ASSERT_TRUE(jobs) << jobs.error().message();
  EXPECT_EQ(jobs->at(0).failures.log, jobs->at(1).failures.log);
  EXPECT_NE(jobs->at(0).failures, jobs->at(2).failures);
  EXPECT_EQ(jobs->at(3).failures.log, nullptr);
  EXPECT_FALSE(jobs->at(0).extra_scrape_metrics);
  EXPECT_TRUE(jobs->at(1).extra_scrape_metrics);
}

TEST(Job, AsksForNamesAsTheirValidationWantsIt) {
  const auto accept = [](std::initializer_list<std::pair<std::string, Node>> keys) {
    const auto jobs = read({job_node(keys)});
    if (!jobs) return jobs.error().message();
    const std::string& header = jobs->at(0).accept;
    const size_t begin = header.find("escaping=") + 9;
    return header.substr(begin, header.find(';', begin) - begin) + (jobs->at(0).legacy_names ? " legacy" : "");
  };
  const char *validation = "metric_name_validation_scheme", *escaping = "metric_name_escaping_scheme";
  EXPECT_EQ(accept({}), "allow-utf-8");
  EXPECT_EQ(accept({{validation, "legacy"}}), "underscores legacy");
  EXPECT_EQ(accept({{validation, "legacy"}, {escaping, "dots"}}), "dots legacy");
  EXPECT_EQ(accept({{escaping, "values"}}), "values");
  EXPECT_NE(accept({{validation, "legacy"}, {escaping, "allow-utf-8"}}).find("utf8 metric names requested"), std::string::npos);
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

TEST(Job, ReadsRules) {
  const Node rule = Node::table({{"source_labels", Node::array({"__address__", "b"})}, {"separator", ""}, {"target_label", "c"}});
  auto jobs =
      read({job_node({{"relabel_configs", Node::array({rule})},
                      {"metric_relabel_configs", Node::array({Node::table({{"regex", "x"}, {"action", "labeldrop"}}), rule})},
                      {"keep_dropped_targets", 3}})});
  ASSERT_TRUE(jobs) << jobs.error().message();
  ASSERT_EQ(jobs->at(0).relabel_configs.size(), 1U);
  EXPECT_EQ(jobs->at(0).relabel_configs[0].text(),
            (relabel::RuleText{.source_labels = {"__address__", "b"}, .separator = "", .target_label = "c"}));
  ASSERT_EQ(jobs->at(0).metric_relabel_configs.size(), 2U);
  EXPECT_EQ(jobs->at(0).metric_relabel_configs[0].text().action, "labeldrop");
  EXPECT_EQ(jobs->at(0).keep_dropped_targets, 3U);
}

TEST(Job, SaysWhatIsWrongWithARule) {
  const auto with = [](std::initializer_list<std::pair<std::string, Node>> rule) {
    auto jobs = read({job_node({{"relabel_configs", Node::array({Node::table(rule)})}})});
    return jobs ? std::string("taken") : jobs.error().message();
  };
  EXPECT_EQ(with({{"action", "hashmod"}, {"target_label", "a"}}),
            "test.toml:1:1: relabel configuration for hashmod requires non-zero modulus");
  EXPECT_EQ(with({{"target_label", "a"}, {"regex", "a("}}), "test.toml:1:1: error parsing regexp: missing closing ): `^(?s:a()$`");
  EXPECT_EQ(with({{"target_label", "a"}}), "taken");
}

TEST(Job, TakesAnyTargetThatRulesMayMakeAnAddress) {
  const Node targets = Node::array({Node::table({{"targets", Node::array({"https://example.org/x"})}})});
  EXPECT_FALSE(read({job_node({{"static_configs", targets}})}));
  EXPECT_TRUE(
      read({job_node({{"static_configs", targets}, {"relabel_configs", Node::array({Node::table({{"target_label", "a"}})})}})}));
}

TEST(Job, ReadsCredentials) {
  auto basic = read({job_node({{"basic_auth", Node::table({{"username", "u"}, {"password", "p:w"}})}})});
  ASSERT_TRUE(basic);
  EXPECT_EQ(basic->at(0).client.authorization.value, "Basic dTpwOnc=");
  auto bearer = read({job_node({{"authorization", Node::table({{"credentials", "token"}})}})});
  ASSERT_TRUE(bearer);
  EXPECT_EQ(bearer->at(0).client.authorization.value, "Bearer token");
  auto file = read({job_node({{"authorization", Node::table({{"type", "Token"}, {"credentials_file", "secret"}})}})});
  ASSERT_TRUE(file);
  EXPECT_EQ(file->at(0).client.authorization.file, "/etc/tarsier/secret");
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
