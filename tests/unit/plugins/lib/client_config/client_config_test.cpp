// What a table may say, and what it may not.
#include "plugins/lib/client_config/client_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/collect/support/fake_config.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::client_config {
namespace {

using fake::Node;
using testing::HasSubstr;

class ClientConfigTest : public testing::Test {
 protected:
  Result<ClientConfig> read(const Node& table) { return read_client_config(Config(host_, table.raw())); }
  std::string error(const Node& table) {
    const auto config = read(table);
    return config ? "" : config.error().message();
  }
  static Node oauth2(std::initializer_list<std::pair<std::string, Node>> keys) {
    return Node::table({{"oauth2", Node::table(keys)}});
  }
  fake::FakeHost fake_;
  Host raw_host_{fake_.raw()};
  const Host& host_ = fake::attached(raw_host_);
};

TEST_F(ClientConfigTest, OAuth2IsRead) {
  const auto config = read(oauth2({{"client_id", "me"},
                                   {"client_secret", "word"},
                                   {"token_url", "https://there/token"},
                                   {"scopes", Node::array({"a", "b"})},
                                   {"endpoint_params", Node::table({{"audience", "metrics"}})},
                                   {"tls_config", Node::table({{"server_name", "tokens"}})}}));
  ASSERT_TRUE(config) << config.error().message();
  const OAuth2Settings& settings = config->oauth2->settings();
  EXPECT_EQ(settings.client_id, "me");
  EXPECT_EQ(settings.scopes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(settings.endpoint_params, (std::vector<std::pair<std::string, std::string>>{{"audience", "metrics"}}));
  EXPECT_EQ(settings.tls.server_name, "tokens");
  EXPECT_EQ(read(Node::table({}))->oauth2, nullptr);
}

TEST_F(ClientConfigTest, Http2IsOfferedWhereTheKeySaysSo) {
  const auto with = read(Node::table({{"enable_http2", true}})), without = read(Node::table({{"enable_http2", false}}));
  EXPECT_TRUE(with->http2);
  EXPECT_FALSE(without->http2);
  EXPECT_FALSE(*with == *without);
}

TEST_F(ClientConfigTest, WhatOAuth2CannotBeIsRefused) {
  EXPECT_THAT(error(oauth2({{"token_url", "http://there"}})), HasSubstr("client_id must be configured"));
  EXPECT_THAT(error(oauth2({{"client_id", "me"}})), HasSubstr("token_url must be configured"));
  EXPECT_THAT(error(oauth2({{"client_id", "me"}, {"token_url", "there"}})), HasSubstr("http://"));
  EXPECT_THAT(error(oauth2({{"client_id", "me"}, {"token_url", "http://u:p@there"}})), HasSubstr("not in the URL"));
  EXPECT_THAT(error(oauth2({{"client_id", "me"}, {"token_url", "http://t"}, {"client_secret", "x"}, {"client_secret_file", "y"}})),
              HasSubstr("at most one"));
  const Node id = Node::table({{"client_id", "me"}, {"token_url", "http://t"}});
  EXPECT_THAT(error(Node::table({{"oauth2", id}, {"basic_auth", Node::table({{"username", "u"}})}})),
              HasSubstr("at most one of basic_auth, oauth2 and authorization"));
  EXPECT_THAT(error(Node::table({{"oauth2", id}, {"authorization", Node::table({{"credentials", "c"}})}})),
              HasSubstr("at most one of basic_auth, oauth2 and authorization"));
}

TEST_F(ClientConfigTest, HeadersHaveValuesSecretsAndFiles) {
  const Node header = Node::table({{"values", Node::array({"a"})}, {"secrets", Node::array({"b"})}, {"files", Node::array({"c"})}});
  const auto config = read(Node::table({{"http_headers", Node::table({{"X-Key", header}})}}));
  ASSERT_TRUE(config) << config.error().message();
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(config->headers, (Pairs{{"X-Key", "a"}, {"X-Key", "b"}}));
  EXPECT_EQ(config->header_files, (Pairs{{"X-Key", "/etc/tarsier/c"}}));
}

TEST_F(ClientConfigTest, CertificatesAreTextsOrFiles) {
  const auto config = read(
      Node::table({{"tls_config",
                    Node::table({{"ca", "A"}, {"cert", "C"}, {"key", "K"}, {"min_version", "TLS12"}, {"max_version", "TLS13"}})}}));
  ASSERT_TRUE(config) << config.error().message();
  const tarsier_tls_options options = config->tls.options();
  EXPECT_EQ(view(options.ca), "A");
  EXPECT_EQ(view(options.cert), "C");
  EXPECT_EQ(view(options.key), "K");
  EXPECT_EQ(view(options.min_version), "TLS12");
  EXPECT_EQ(view(options.max_version), "TLS13");
  const auto refused = [&](std::initializer_list<std::pair<std::string, Node>> keys) {
    return error(Node::table({{"tls_config", Node::table(keys)}}));
  };
  EXPECT_THAT(refused({{"ca", "A"}, {"ca_file", "a"}}), HasSubstr("at most one of ca and ca_file"));
  EXPECT_THAT(refused({{"key", "K"}}), HasSubstr("cert or cert_file must be configured"));
  EXPECT_THAT(refused({{"min_version", "TLS13"}, {"max_version", "TLS12"}}), HasSubstr("below min_version"));
  EXPECT_THAT(refused({{"max_version", "TLS11"}}), HasSubstr("below min_version"));
}

TEST_F(ClientConfigTest, AProxyIsRead) {
  const auto config = read(Node::table({{"proxy_url", "http://u:p@proxy:3128"},
                                        {"no_proxy", "example.org"},
                                        {"proxy_connect_header", Node::table({{"X-A", Node::array({"1", "2"})}})}}));
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->proxy.url, "http://u:p@proxy:3128");
  EXPECT_EQ(config->proxy.no_proxy, "example.org");
  EXPECT_EQ(config->proxy.connect_headers, (std::vector<std::pair<std::string, std::string>>{{"X-A", "1"}, {"X-A", "2"}}));
}

TEST_F(ClientConfigTest, WhatAProxyCannotBeIsRefused) {
  EXPECT_THAT(error(Node::table({{"proxy_url", "http://p"}, {"proxy_from_environment", true}})),
              HasSubstr("proxy_url must not be"));
  EXPECT_THAT(error(Node::table({{"no_proxy", "x"}, {"proxy_from_environment", true}})), HasSubstr("no_proxy must not be"));
  EXPECT_THAT(error(Node::table({{"no_proxy", "x"}})), HasSubstr("proxy_url must also be configured"));
  EXPECT_THAT(error(Node::table({{"proxy_connect_header", Node::table({{"X", Node::array({"1"})}})}})),
              HasSubstr("proxy_url or proxy_from_environment must also be configured"));
  for (const char* url : {"https://p", "socks5://p"})
    EXPECT_THAT(error(Node::table({{"proxy_url", url}})), HasSubstr("by http:// only"));
  for (const char* url : {"p:3128", "http://"})
    EXPECT_THAT(error(Node::table({{"proxy_url", url}})), HasSubstr("expected http://"));
  EXPECT_THAT(
      error(Node::table({{"proxy_url", "http://p"}, {"proxy_connect_header", Node::table({{"X", Node::array({"a\nb"})}})}})),
      HasSubstr("control bytes"));
}

TEST_F(ClientConfigTest, ConfigurationsAreTheSameByWhatTheySay) {
  const Node one = oauth2({{"client_id", "me"}, {"token_url", "http://t"}});
  const Node other = oauth2({{"client_id", "you"}, {"token_url", "http://t"}});
  EXPECT_EQ(*read(one), *read(one));
  EXPECT_NE(*read(one), *read(other));
  EXPECT_NE(*read(one), *read(Node::table({})));
}

}  // namespace
}  // namespace tarsier::client_config
