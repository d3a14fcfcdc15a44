// Reading net's section.
#include "plugins/net/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/net/made_up_host.hpp"

namespace tarsier::net::test {
namespace {

using ::testing::HasSubstr;

struct Settings : ::testing::Test {
  MadeUpHost world;
  MadeUpHost::Instance& net = world.add("net");
  tarsier_config_node tree;
  Result<NetSettings> read() { return read_settings(Config(*net.host, &tree)); }
  std::string addresses() {
    auto settings = read();
    if (!settings) return settings.error().message();
    std::string out;
    for (const auto& each : settings->entrypoints) out += each.name + "=" + each.address + " ";
    return out;
  }
};

constexpr std::string_view kOtlp = "otlp-grpc=127.0.0.1:4317 otlp-http=127.0.0.1:4318 ";

TEST_F(Settings, HaveFiveEntrypointsWithoutALine) {
  EXPECT_EQ("main=127.0.0.1:3001 prometheus=127.0.0.1:9090 alertmanager=127.0.0.1:9093 " + std::string(kOtlp), addresses());
  EXPECT_EQ("prometheus", read()->entrypoints[1].root);
}

TEST_F(Settings, ChangeJustWhatATableNames) {
  tree.set("entrypoint.prometheus.address", "127.0.0.1:19090");
  tree.set_number("entrypoint.node.enabled", 1, TARSIER_NODE_BOOL);
  tree.set_number("entrypoint.main.enabled", 0, TARSIER_NODE_BOOL);
  tree.set("entrypoint.extra.address", "[::1]:0");
  EXPECT_EQ("prometheus=127.0.0.1:19090 alertmanager=127.0.0.1:9093 node=127.0.0.1:9100 " + std::string(kOtlp) + "extra=[::1]:0 ",
            addresses());
  EXPECT_EQ("prometheus", read()->entrypoints[0].root);
}

TEST_F(Settings, DoWithoutTheOtlpEntrypointsWhereNobodyHasAskedForThem) {
  tree.set("entrypoint.mine.address", "127.0.0.1:4317");
  tree.set("entrypoint.otlp-http.address", "127.0.0.1:14318");
  const auto settings = read();
  ASSERT_EQ("main prometheus alertmanager otlp-http mine ", [&] {
    std::string names;
    for (const auto& each : settings->entrypoints) names += each.name + " ";
    return names;
  }());
  EXPECT_FALSE(settings->entrypoints[3].optional);
  tree.set("entrypoint.mine.address", "127.0.0.1:14317");
  EXPECT_TRUE(read()->entrypoints[3].optional);
}

TEST_F(Settings, LayLimitsOfAnEntrypointOverTheGeneralOnes) {
  tree.set_number("max_body_bytes", 1000);
  tree.set_number("idle_timeout", 5'000'000'000);
  tree.set_number("entrypoint.main.max_body_bytes", 2000);
  const auto settings = read();
  EXPECT_EQ(2000U, settings->entrypoints[0].limits.max_body_bytes);
  EXPECT_EQ(1000U, settings->entrypoints[1].limits.max_body_bytes);
  EXPECT_EQ(std::chrono::seconds(5), settings->entrypoints[1].limits.idle_timeout);
}

TEST_F(Settings, TakeLongRequestLinesWherePrometheusWasUnlessToldOtherwise) {
  EXPECT_EQ(64U << 10U, read()->entrypoints[0].limits.max_header_bytes);
  EXPECT_EQ((1U << 20U) + 4096, read()->entrypoints[1].limits.max_header_bytes);
  tree.set_number("max_header_bytes", 2000);
  EXPECT_EQ(2000U, read()->entrypoints[1].limits.max_header_bytes);
}

TEST_F(Settings, RefuseRemoteAddressesUnlessToldOtherwise) {
  tree.set("entrypoint.main.address", "0.0.0.0:3001");
  EXPECT_THAT(addresses(), HasSubstr("tarsier.toml:7:1: address '0.0.0.0:3001' can be reached from other machines"));
  tree.set_number("allow_remote", 1, TARSIER_NODE_BOOL);
  EXPECT_THAT(addresses(), HasSubstr("main=0.0.0.0:3001"));
}

TEST_F(Settings, RefuseTwoEntrypointsOnOneAddress) {
  tree.set("entrypoint.extra.address", "127.0.0.1:9090");
  EXPECT_THAT(addresses(), HasSubstr("address '127.0.0.1:9090' is also that of entrypoint prometheus"));
}

TEST_F(Settings, SayWhatIsMissing) {
  tree.set_list("entrypoint.extra.apis", {"prometheus"});
  EXPECT_THAT(addresses(), HasSubstr("expected an address"));
  tree.set("entrypoint.extra.address", "127.0.0.1");
  EXPECT_THAT(addresses(), HasSubstr("expected \"host:port\""));
  tree.set("entrypoint.extra.address", "127.0.0.1:0");
  tree.set("entrypoint.extra.tls.cert_file", "/none.pem");
  EXPECT_THAT(addresses(), HasSubstr("expected both cert_file and key_file"));
  tree.set("entrypoint.extra.tls.key_file", "/none.key");
  EXPECT_THAT(addresses(), HasSubstr("certificate '/none.pem': no such file"));
}

}  // namespace
}  // namespace tarsier::net::test
