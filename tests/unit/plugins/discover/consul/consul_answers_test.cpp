// Consul's answers as targets.
#include "plugins/discover/consul/consul_answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tarsier::discover_consul {
namespace {

using testing::HasSubstr;
using Targets = std::vector<TargetLabels>;

constexpr std::string_view kInstance = R"([{
  "Node": {"ID": "b78c2e48", "Node": "node1", "Address": "10.0.0.1", "Datacenter": "dc9",
           "TaggedAddresses": {"lan": "10.0.0.1", "wan-v6": "::1"}, "Meta": {"rack.name": "a1"}, "CreateIndex": 1},
  "Service": {"ID": "web-1", "Service": "web", "Tags": ["blue", "v2"], "Address": "10.1.0.1", "Port": 8080, "Meta": {"version": "1.2"},
              "Weights": {"Passing": 1, "Warning": 1}, "Namespace": "ns1", "Partition": "p1"},
  "Checks": [{"CheckID": "serfHealth", "Status": "passing"}, {"CheckID": "service:web", "Status": "warning"}]}])";

Targets targets(std::string_view body, const Settings& settings) {
  auto read = parse_health(body, settings, "web", "dc1");
  EXPECT_TRUE(read.ok()) << read.error().message();
  return read ? *read : Targets{};
}
Settings plain() {
  Settings settings;
  settings.tag_separator = ",";
  return settings;
}
std::string health_of(const std::string& checks) {
  const Targets read = targets(R"([{"Node": {"Address": "a"}, "Service": {"Port": 1}, "Checks": )" + checks + "}]", plain());
  const auto found = read.at(0).find("__meta_consul_health");
  return found == read.at(0).end() ? "none" : found->second;
}

TEST(ConsulAnswers, AnInstanceHasAllLabels) {
  const Targets expected = {{{"__address__", "10.1.0.1:8080"},
                             {"__meta_consul_address", "10.0.0.1"},
                             {"__meta_consul_dc", "dc1"},
                             {"__meta_consul_health", "warning"},
                             {"__meta_consul_metadata_rack_name", "a1"},
                             {"__meta_consul_namespace", "ns1"},
                             {"__meta_consul_node", "node1"},
                             {"__meta_consul_partition", "p1"},
                             {"__meta_consul_service", "web"},
                             {"__meta_consul_service_address", "10.1.0.1"},
                             {"__meta_consul_service_id", "web-1"},
                             {"__meta_consul_service_metadata_version", "1.2"},
                             {"__meta_consul_service_port", "8080"},
                             {"__meta_consul_tagged_address_lan", "10.0.0.1"},
                             {"__meta_consul_tagged_address_wan_v6", "::1"},
                             {"__meta_consul_tags", ",blue,v2,"}}};
  EXPECT_EQ(targets(kInstance, plain()), expected);
}

TEST(ConsulAnswers, WhatIsNotThereIsLeftOut) {
  const Targets expected = {{{"__address__", "[fe80::1]:0"},
                             {"__meta_consul_address", "fe80::1"},
                             {"__meta_consul_dc", "dc1"},
                             {"__meta_consul_health", "passing"},
                             {"__meta_consul_service", "web"},
                             {"__meta_consul_service_port", "0"},
                             {"__meta_consul_tags", ";;"}}};
  Settings settings = plain();
  settings.tag_separator = ";";
  EXPECT_EQ(targets(R"([{"Node": {"Address": "fe80::1", "Meta": null}, "Service": {"Tags": null, "Address": ""}, "Checks": null}])",
                    settings),
            expected);
  EXPECT_EQ(targets("null", settings), Targets{});
  EXPECT_EQ(targets("[]", settings), Targets{});
}

TEST(ConsulAnswers, HealthIsTheWorstOfAllChecks) {
  EXPECT_EQ(health_of("[]"), "passing");
  EXPECT_EQ(health_of(R"([{"Status": "passing"}, {"Status": "critical"}, {"Status": "warning"}])"), "critical");
  EXPECT_EQ(health_of(R"([{"Status": "critical"}, {"CheckID": "_node_maintenance", "Status": "critical"}])"), "maintenance");
  EXPECT_EQ(health_of(R"([{"CheckID": "_service_maintenance:web-1", "Status": "critical"}])"), "maintenance");
  EXPECT_EQ(health_of(R"([{"Status": "strange"}])"), "none");
}

TEST(ConsulAnswers, ServicesComeWithTheirTags) {
  const auto services = parse_catalog(R"({"consul": [], "web": ["blue", "v2"], "db": null})");
  ASSERT_TRUE(services.ok());
  EXPECT_EQ(*services, (Services{{"consul", {}}, {"web", {"blue", "v2"}}, {"db", {}}}));
}

TEST(ConsulAnswers, TheAgentSaysItsDatacenter) {
  const auto known = parse_agent(R"({"Config": {"Datacenter": "dc1", "NodeName": "x"}, "Member": {}})");
  ASSERT_TRUE(known.ok());
  EXPECT_EQ(*known, "dc1");
  EXPECT_THAT(parse_agent("{}").error().message(), HasSubstr("does not say which datacenter"));
}

TEST(ConsulAnswers, WhatIsOfAnotherFormIsAnError) {
  for (const char* body :
       {"", "{", "[1]", "{}", R"([{"Node": 1}])", R"([{"Service": {"Port": "x"}}])", R"([{"Service": {"Tags": [1]}}])",
        R"([{"Checks": {}}])", R"([{"Service": {"Port": 1e300}}])", "[{\"Node\": {\"Node\": \"\xff\"}}]"}) {
    const auto read = parse_health(body, plain(), "web", "dc1");
    ASSERT_FALSE(read.ok()) << body;
    EXPECT_THAT(read.error().message(), HasSubstr("the answer is not of the expected form: "));
  }
  EXPECT_FALSE(parse_catalog("[]").ok());
  EXPECT_FALSE(parse_catalog(R"({"web": ["a", 1]})").ok());
  EXPECT_FALSE(parse_agent("[]").ok());
  EXPECT_FALSE(parse_health(std::string(100'000, '['), plain(), "web", "dc1").ok());
}

}  // namespace
}  // namespace tarsier::discover_consul
