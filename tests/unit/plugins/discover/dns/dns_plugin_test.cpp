// The plugin file as a whole, asking a real server.
#include <arpa/nameser.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "plugins/discover/dns/dns_unit.hpp"
#include "tests/unit/plugins/collect/support/loaded_plugin.hpp"
#include "tests/unit/plugins/discover/dns/dns_server.hpp"
#include "tests/unit/plugins/discover/support/found_targets.hpp"

namespace tarsier::discover_dns {
namespace {

using fake::Node;
using testing::HasSubstr;
using Found = std::map<std::string, std::string>;

Bytes srv(uint16_t port, const std::string& host) { return wire_u16(0) + wire_u16(0) + wire_u16(port) + wire_name(host); }

Node config(const char* name, const char* type = "SRV", int64_t port = 0, const char* job = "web") {
  return Node::table({{"job_name", job},
                      {"names", Node::array({name})},
                      {"type", type},
                      {"port", port},
                      {"refresh_interval", int64_t{30'000'000'000}}});
}

class DnsPluginTest : public testing::Test {
 protected:
  ~DnsPluginTest() override {
    EXPECT_EQ(plugin_.stop(), "");
    ::unlink(conf_.c_str());
  }
  Node all(std::initializer_list<Node> configs) const {
    return Node::table({{"resolv_conf", conf_.c_str()}, {"config", Node::array(configs)}});
  }
  void start(const Node& node) {
    ASSERT_EQ(plugin_.configure(node), "");
    ASSERT_EQ(plugin_.start(), "");
  }
  bool finds(const Found& expected) {
    return fake_.eventually([&] { return fake::found_targets(fake_) == expected; });
  }

  DnsServer server_;
  const std::string conf_ = server_.resolv_conf();
  fake::FakeHost fake_;
  fake::LoadedPlugin plugin_{fake_, TARSIER_DISCOVER_DNS_PLUGIN};
};

TEST_F(DnsPluginTest, RecordsBecomeTargets) {
  server_.put("SRV _m._tcp.example", {.records = {{ns_t_srv, srv(9100, "a.example")}}});
  server_.put("AAAA www.example", {.records = {{ns_t_aaaa, Bytes(15, '\0') + '\1'}}});
  start(all({config("_m._tcp.example."), config("www.example.", "AAAA", 80, "six")}));
  EXPECT_TRUE(finds({{"web test/SRV _m._tcp.example.",
                      "__address__=a.example:9100,__meta_dns_name=_m._tcp.example.,__meta_dns_srv_record_port=9100,"
                      "__meta_dns_srv_record_target=a.example.\n"},
                     {"six test/AAAA www.example.:80", "__address__=[::1]:80,__meta_dns_name=www.example.\n"}}));
}

TEST_F(DnsPluginTest, AnErrorKeepsTheTargetsAndNoSuchNameTakesThem) {
  const Found found = {{"web test/A www.example.:80", "__address__=10.0.0.1:80,__meta_dns_name=www.example.\n"}};
  server_.put("A www.example", {.records = {{ns_t_a, {10, 0, 0, 1}}}});
  start(all({config("www.example.", "A", 80)}));
  ASSERT_TRUE(finds(found));
  server_.put("A www.example", {.rcode = 2});
  fake_.fire_timers();
  EXPECT_TRUE(fake_.eventually([&] { return !fake_.health.empty() && fake_.health != "ok"; }));
  EXPECT_THAT(fake_.health, HasSubstr("config 'web': A www.example.:80: could not resolve www.example.: "));
  EXPECT_TRUE(finds(found));
  server_.put("A www.example", {.rcode = 3});
  fake_.fire_timers();
  EXPECT_TRUE(fake_.eventually([&] { return fake_.health == "ok"; }));
  EXPECT_TRUE(finds({}));
}

TEST_F(DnsPluginTest, AReloadKeepsWhatIsStillLookedUp) {
  server_.put("A www.example", {.records = {{ns_t_a, {10, 0, 0, 1}}}});
  const Found found = {{"web test/A www.example.:80", "__address__=10.0.0.1:80,__meta_dns_name=www.example.\n"}};
  start(all({config("www.example.", "A", 80)}));
  ASSERT_TRUE(finds(found));
  server_.put("A www.example", {.silent = true});
  Node changed = config("www.example.", "A", 80);
  changed.entries.back().second = int64_t{5'000'000'000};
  ASSERT_EQ(plugin_.reconfigure(all({changed, config("other.example.", "A", 80)})), "");
  EXPECT_TRUE(finds(found));
  ASSERT_EQ(plugin_.reconfigure(all({config("other.example.", "A", 80)})), "");
  EXPECT_TRUE(finds({}));
}

TEST_F(DnsPluginTest, RefusesWhatCannotBe) {
  EXPECT_THAT(plugin_.configure(all({config("a", "A")})), HasSubstr("a port is required for all types but SRV"));
  EXPECT_THAT(plugin_.configure(all({config("")})), HasSubstr("'' is no name of the DNS"));
  EXPECT_THAT(plugin_.configure(all({Node::table({{"job_name", "x"}})})), HasSubstr("names is empty"));
  EXPECT_THAT(plugin_.configure(all({config("a"), config("a")})), HasSubstr("job 'web' has the SRV records of a twice"));
  EXPECT_EQ(plugin_.configure(all({config("a", "A", 80), config("a", "A", 81)})), "");
}

TEST(DnsTargets, MxAndNsAreNamed) {
  Settings settings;
  settings.type = RecordType::mx;
  settings.port = 25;
  EXPECT_EQ(
      targets_of(settings, "example", {{"mail.example"}}),
      (std::vector<TargetLabels>{
          {{"__address__", "mail.example:25"}, {"__meta_dns_name", "example"}, {"__meta_dns_mx_record_target", "mail.example."}}}));
  settings.type = RecordType::ns;
  EXPECT_EQ(
      targets_of(settings, "example", {{"ns.example"}}),
      (std::vector<TargetLabels>{
          {{"__address__", "ns.example:25"}, {"__meta_dns_name", "example"}, {"__meta_dns_ns_record_target", "ns.example."}}}));
}

}  // namespace
}  // namespace tarsier::discover_dns
