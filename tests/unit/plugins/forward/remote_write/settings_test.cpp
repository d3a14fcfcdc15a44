// The plugin's table.
#include "plugins/forward/remote_write/settings.hpp"

#include <gtest/gtest.h>

#include "tests/unit/plugins/collect/support/fake_config.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::forward {
namespace {

using fake::Node;
using Entries = std::vector<std::pair<std::string, Node>>;

Node endpoint(const Entries& more = {}, const char* url = "http://there/write") {
  Node queue = Node::table({{"capacity", 10'000},
                            {"min_shards", 1},
                            {"max_shards", 50},
                            {"max_samples_per_send", 2'000},
                            {"min_backoff", 30},
                            {"max_backoff", 5'000}});
  Node node = Node::table({{"url", url}, {"protobuf_message", "prometheus.WriteRequest"}, {"queue_config", queue}});
  node.entries.insert(node.entries.begin(), more.begin(), more.end());
  return node;
}

class SettingsTest : public testing::Test {
 protected:
  Result<Settings> read(const Node& table) { return read_settings(Config(host_, table.raw())); }
  std::string error(const Node& table) {
    const auto read = this->read(table);
    return read ? "" : read.error().message();
  }
  fake::FakeHost fake_;
  Host raw_host_{fake_.raw()};
  const Host& host_ = fake::attached(raw_host_);
};

TEST_F(SettingsTest, ANameIsMadeOfTheUrlWithoutItsSecrets) {
  const auto settings =
      read(Node::table({{"endpoint", Node::array({endpoint({}, "https://user:secret@there:9090/write?key=secret#x")})}}));
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings->endpoints[0].name, "there:9090/write");
}

TEST_F(SettingsTest, WhatCannotBeIsRefused) {
  const auto with = [&](const Node& one) { return error(Node::table({{"endpoint", Node::array({one})}})); };
  EXPECT_NE(error(Node::table({})).find("at least one endpoint"), std::string::npos);
  EXPECT_NE(with(endpoint({}, "ftp://there")).find("http://"), std::string::npos);
  EXPECT_NE(with(endpoint({{"name", std::string(201, 'x').c_str()}})).find("200 bytes"), std::string::npos);
  EXPECT_NE(with(endpoint({{"headers", Node::table({{"Content-Type", "x"}})}})).find("set by the program"), std::string::npos);
  EXPECT_NE(with(endpoint({{"headers", Node::table({{"authorization", "x"}})}})).find("basic_auth"), std::string::npos);
  EXPECT_NE(with(endpoint({{"headers", Node::table({{"a b", "x"}})}})).find("header's name"), std::string::npos);
  EXPECT_NE(with(endpoint({{"headers", Node::table({{"a", "x\ny"}})}})).find("line breaks"), std::string::npos);
  EXPECT_NE(error(Node::table({{"endpoint", Node::array({endpoint(), endpoint()})}})).find("twice"), std::string::npos);
  EXPECT_NE(error(Node::table({{"external_labels", Node::table({{"__name__", "x"}})}})).find("external label"), std::string::npos);
}

TEST_F(SettingsTest, ExternalLabelsAreSorted) {
  const auto settings = read(Node::table(
      {{"external_labels", Node::table({{"z", "1"}, {"a", "2"}, {"empty", ""}})}, {"endpoint", Node::array({endpoint()})}}));
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings->endpoints[0].external_labels, (Labels{{"a", "2"}, {"z", "1"}}));
}

TEST_F(SettingsTest, HeadersAndAuthorizationAreRead) {
  const auto settings = read(Node::table(
      {{"endpoint",
        Node::array({endpoint({{"headers", Node::table({{"X-Scope-OrgID", "7"}})},
                               {"basic_auth", Node::table({{"username", "Aladdin"}, {"password", "open sesame"}})}})})}}));
  ASSERT_TRUE(settings) << settings.error().message();
  const auto& client = settings->endpoints[0].client;
  EXPECT_EQ(client.headers, (std::vector<std::pair<std::string, std::string>>{{"X-Scope-OrgID", "7"}}));
  EXPECT_EQ(client.authorization.header().value(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

}  // namespace
}  // namespace tarsier::forward
