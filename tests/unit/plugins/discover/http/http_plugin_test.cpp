// The plugin file as a whole; the test answers its calls.
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/lib/discovery/http_options.hpp"
#include "tests/unit/plugins/collect/support/loaded_plugin.hpp"
#include "tests/unit/plugins/discover/support/found_targets.hpp"

namespace tarsier::discover_http {
namespace {

using fake::Node;
using testing::HasSubstr;
using Found = std::map<std::string, std::string>;

constexpr const char* kUrl = "http://a/targets";
constexpr const char* kSource = "web test/http://a/targets";

Node config(const char* url, std::initializer_list<std::pair<std::string, Node>> more = {}, const char* job = "web") {
  Node node = Node::table({{"job_name", job},
                           {"url", url},
                           {"refresh_interval", int64_t{60'000'000'000}},
                           {"body_size_limit", 1 << 20},
                           {"follow_redirects", true}});
  for (const auto& entry : more) node.entries.insert(node.entries.begin(), entry);  // the first of a name is read
  return node;
}
Node all(std::initializer_list<Node> configs) { return Node::table({{"config", Node::array(configs)}}); }

class HttpPluginTest : public testing::Test {
 protected:
  ~HttpPluginTest() override {
    EXPECT_EQ(plugin_.stop(), "");
    while (answered_ < fake_.calls.size()) fake_.fail(answered_++, TARSIER_CANCELLED, "the instance stops");
  }
  void start(const Node& node) {
    ASSERT_EQ(plugin_.configure(node), "");
    ASSERT_EQ(plugin_.start(), "");
  }
  void answer(std::string_view body, uint32_t code = 200, std::string_view type = "application/json") {
    fake_.answer(answered_++, code, type, body);
  }
  void ask_again() { fake_.fire_timers(); }
  Found found() const { return fake::found_targets(fake_); }

  fake::FakeHost fake_;
  fake::LoadedPlugin plugin_{fake_, TARSIER_DISCOVER_HTTP_PLUGIN};
  size_t answered_ = 0;
};

TEST_F(HttpPluginTest, AsksAtOnceAndTakesTheList) {
  start(all({config(kUrl)}));
  ASSERT_EQ(fake_.calls.size(), 1U);
  const fake::Call& call = fake_.calls[0];
  EXPECT_EQ(call.url, kUrl);
  EXPECT_EQ(call.headers.at("X-Prometheus-Refresh-Interval-Seconds"), "60");
  EXPECT_EQ(call.headers.at("Accept"), "application/json");
  EXPECT_THAT(call.headers.at("User-Agent"), HasSubstr("Tarsier/"));
  EXPECT_EQ(call.timeout_ns, 60'000'000'000);
  EXPECT_EQ(call.max_body_bytes, 1U << 20U);
  EXPECT_EQ(call.max_redirects, 10U);
  answer(R"([{"targets": ["b:1", "b:2"], "labels": {"env": "prod"}}, {"targets": ["c:1"]}])");
  EXPECT_EQ(found(), (Found{{kSource,
                             "__address__=b:1,__meta_url=http://a/targets,env=prod\n"
                             "__address__=b:2,__meta_url=http://a/targets,env=prod\n"
                             "__address__=c:1,__meta_url=http://a/targets\n"}}));
}

TEST_F(HttpPluginTest, OneCallAtATime) {
  start(all({config(kUrl)}));
  ask_again();
  EXPECT_EQ(fake_.calls.size(), 1U);
  answer("[]");
  ask_again();
  EXPECT_EQ(fake_.calls.size(), 2U);
}

TEST_F(HttpPluginTest, EveryErrorKeepsTheLastList) {
  start(all({config(kUrl)}));
  answer(R"([{"targets": ["b:1"]}])");
  const Found before = found();
  ASSERT_EQ(before.size(), 1U);
  const struct {
    uint32_t code;
    const char *type, *body, *why;
  } kBad[] = {
      {500, "application/json", "[]", "server returned HTTP status 500 Internal Server Error"},
      {204, "application/json", "", "server returned HTTP status 204 No Content"},
      {200, "text/html", "[]", "the answer has Content-Type 'text/html', expected application/json"},
      {200, "", "[]", "the answer has Content-Type '', expected application/json"},
      {200, "application/json", "[{\"targets\": [\"c:1\"]}, {\"oops\": 1}]", "1:25: unknown field \"oops\""},
      {200, "application/json", "[{\"targets\": [\"c:1\"]}", "1:22: expected ',' or ']', found the end"},
  };
  for (const auto& bad : kBad) {
    ask_again();
    answer(bad.body, bad.code, bad.type);
    EXPECT_EQ(found(), before) << bad.why;
    EXPECT_THAT(fake_.health, HasSubstr(std::string("config 'web': http://a/targets: ") + bad.why));
  }
  ask_again();
  fake_.fail(answered_++, TARSIER_DEADLINE, "no answer within 60 s");
  EXPECT_THAT(fake_.health, HasSubstr("no answer within 60 s"));
  fake_.request_answer = TARSIER_UNAVAILABLE;
  ask_again();
  EXPECT_THAT(fake_.health, HasSubstr("refused by the test"));
  EXPECT_EQ(found(), before);
  EXPECT_EQ(fake_.metrics["tarsier_discovery_refresh_failures_total"], 8);
  fake_.request_answer = TARSIER_OK;
  ask_again();
  answer("[]");
  EXPECT_EQ(found(), Found{});
  EXPECT_EQ(fake_.health, "ok");
}

TEST_F(HttpPluginTest, AReloadLeavesAloneWhatHasNotChanged) {
  start(all({config(kUrl), config("http://b/targets", {}, "db")}));
  answer(R"([{"targets": ["a:1"]}])");
  answer(R"([{"targets": ["b:1"]}])");
  const Found before = found();
  ASSERT_EQ(plugin_.reconfigure(
                all({config("http://b/targets", {}, "db"), config(kUrl, {{"refresh_interval", int64_t{5'000'000'000}}})})),
            "");
  EXPECT_EQ(fake_.calls.size(), 3U) << "only what has changed is asked anew";
  EXPECT_EQ(found(), before) << "and its targets stay until the answer is there";
  EXPECT_EQ(fake_.calls[2].headers.at("X-Prometheus-Refresh-Interval-Seconds"), "5");
  answer(R"([{"targets": ["a:2"]}])");
  EXPECT_THAT(found().at(kSource), HasSubstr("a:2"));
  ASSERT_EQ(plugin_.reconfigure(all({config("http://b/targets", {}, "db")})), "");
  EXPECT_EQ(found().size(), 1U);
  EXPECT_FALSE(found().contains(kSource));
}

TEST_F(HttpPluginTest, AnAnswerThatComesTooLateChangesNothing) {
  start(all({config(kUrl)}));
  ASSERT_EQ(plugin_.reconfigure(all({})), "");
  answer(R"([{"targets": ["a:1"]}])");
  EXPECT_EQ(found(), Found{});
}

TEST_F(HttpPluginTest, SendsWhatTheServerWantsToSee) {
  const std::string file = testing::TempDir() + "/discover-http-token";
  std::ofstream(file) << "s3cret\n";
  start(all({config("http://a/", {{"basic_auth", Node::table({{"username", "me"}, {"password", "pw"}})}}),
             config("http://b/", {{"authorization", Node::table({{"credentials_file", file.c_str()}})}}),
             config("http://c/", {{"authorization", Node::table({{"type", "Token"}, {"credentials", "x"}})},
                                  {"http_headers", Node::table({{"X-Team", Node::table({{"values", Node::array({"core"})}})}})},
                                  {"follow_redirects", false}})}));
  ASSERT_EQ(fake_.calls.size(), 3U);
  EXPECT_EQ(fake_.calls[0].headers.at("Authorization"), "Basic bWU6cHc=");
  EXPECT_EQ(fake_.calls[1].headers.at("Authorization"), "Bearer s3cret");
  EXPECT_EQ(fake_.calls[2].headers.at("Authorization"), "Token x");
  EXPECT_EQ(fake_.calls[2].headers.at("X-Team"), "core");
  EXPECT_EQ(fake_.calls[2].max_redirects, 0U);
}

TEST_F(HttpPluginTest, ASecretThatCannotBeReadIsAFailure) {
  start(all({config(kUrl, {{"authorization", Node::table({{"credentials_file", "/no/such/file"}})}})}));
  EXPECT_TRUE(fake_.calls.empty());
  EXPECT_THAT(fake_.health, HasSubstr("cannot read the secret in /no/such/file"));
}

TEST_F(HttpPluginTest, RefusesWhatCannotBe) {
  EXPECT_THAT(plugin_.configure(all({config("ftp://a")})), HasSubstr("expected an http:// or https:// URL"));
  EXPECT_THAT(plugin_.configure(all({config("http:///x")})), HasSubstr("the URL has no host"));
  EXPECT_THAT(plugin_.configure(all({config("http://")})), HasSubstr("the URL has no host"));
  EXPECT_THAT(plugin_.configure(all({config(kUrl), config(kUrl)})), HasSubstr("job 'web' has the url http://a/targets twice"));
  const Node basic = Node::table({{"username", "me"}}), other = Node::table({{"credentials", "x"}});
  EXPECT_THAT(plugin_.configure(all({config(kUrl, {{"basic_auth", basic}, {"authorization", other}})})),
              HasSubstr("at most one of"));
  EXPECT_THAT(plugin_.configure(all({config(kUrl, {{"authorization", Node::table({{"credentials", "a\nb"}})}})})),
              HasSubstr("credentials must not have line breaks"));
  EXPECT_THAT(plugin_.configure(all({config(kUrl, {{"http_headers", Node::table({{"a b", Node()}})}})})),
              HasSubstr("not a header's name"));
}

TEST(HttpOptions, WhatCountsAsJson) {
  for (const char* type :
       {"application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=\"UTF-8\""})
    EXPECT_TRUE(discovery::is_json(type)) << type;
  for (const char* type : {"", "text/json", "application/jsonp", "application/json; charset=latin1", "application/json;"})
    EXPECT_FALSE(discovery::is_json(type)) << type;
}

}  // namespace
}  // namespace tarsier::discover_http
