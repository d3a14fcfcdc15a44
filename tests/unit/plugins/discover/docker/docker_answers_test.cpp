// The daemon's answers as targets.
#include "plugins/discover/docker/docker_answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tarsier::discover_docker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Targets = std::vector<TargetLabels>;

const Shape kPlain{80, "localhost", true};

Targets targets(std::string_view body, const Shape& shape = kPlain, const std::map<std::string, TargetLabels>& networks = {}) {
  auto read = parse_containers(body, networks, shape);
  EXPECT_TRUE(read.ok()) << read.error().message();
  return read ? *read : Targets{};
}
std::vector<std::string> addresses(std::string_view body, const Shape& shape = kPlain) {
  std::vector<std::string> found;
  for (const TargetLabels& labels : targets(body, shape)) found.push_back(labels.at("__address__"));
  return found;
}
/// `more` is what the container has besides its name.
std::string container(const std::string& id, const std::string& more) {
  return R"({"Id": ")" + id + R"(", "Names": ["/)" + id + R"("], )" + more + "}";
}
std::string in_networks(const std::string& networks, const std::string& mode = "bridge") {
  return R"("HostConfig": {"NetworkMode": ")" + mode + R"("}, "NetworkSettings": {"Networks": )" + networks + "}";
}

TEST(DockerAnswers, AContainerHasAllLabels) {
  const auto networks = parse_networks(
      R"([{"Id": "n1", "Name": "app", "Scope": "local", "Internal": false, "Ingress": true, "Labels": {"team.name": "core"}}])");
  ASSERT_TRUE(networks.ok());
  const std::string body =
      R"([{"Id": "c1", "Names": ["/web", "/alias"], "Image": "nginx:1", "ImageID": "sha256:ab", "Labels": {"com.example/x": "y"},
          "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, {"PrivatePort": 53, "Type": "udp"},
                    {"PrivatePort": 9100, "Type": "tcp"}],
          "HostConfig": {"NetworkMode": "app"},
          "NetworkSettings": {"Networks": {"app": {"NetworkID": "n1", "IPAddress": "172.18.0.2"}}}}])";
  const TargetLabels common = {{"__meta_docker_container_id", "c1"},
                               {"__meta_docker_container_image", "nginx:1"},
                               {"__meta_docker_container_image_id", "sha256:ab"},
                               {"__meta_docker_container_label_com_example_x", "y"},
                               {"__meta_docker_container_name", "/web"},
                               {"__meta_docker_container_network_mode", "app"},
                               {"__meta_docker_network_id", "n1"},
                               {"__meta_docker_network_ingress", "true"},
                               {"__meta_docker_network_internal", "false"},
                               {"__meta_docker_network_ip", "172.18.0.2"},
                               {"__meta_docker_network_label_team_name", "core"},
                               {"__meta_docker_network_name", "app"},
                               {"__meta_docker_network_scope", "local"}};
  TargetLabels published = common, inner = common;
  published.insert({{"__address__", "172.18.0.2:80"},
                    {"__meta_docker_port_private", "80"},
                    {"__meta_docker_port_public", "8080"},
                    {"__meta_docker_port_public_ip", "0.0.0.0"}});
  inner.insert({{"__address__", "172.18.0.2:9100"}, {"__meta_docker_port_private", "9100"}});
  EXPECT_EQ(targets(body, kPlain, *networks), (Targets{published, inner}));
}

TEST(DockerAnswers, WithoutPortsThePortOfTheConfigurationIsTaken) {
  const std::string networks = R"({"b": {"IPAddress": "10.0.0.2"}})";
  EXPECT_THAT(addresses("[" + container("a", in_networks(networks)) + "]", {9100, "localhost", true}),
              ElementsAre("10.0.0.2:9100"));
  const std::string ports = R"("Ports": [{"PrivatePort": 53, "Type": "udp"}], )";
  EXPECT_THAT(addresses("[" + container("a", ports + in_networks(networks)) + "]"), ElementsAre("10.0.0.2:80"));
  EXPECT_THAT(addresses("[" + container("a", in_networks(R"({"host": {"IPAddress": ""}})", "host")) + "]", {80, "gateway:1", true}),
              ElementsAre("gateway:1"));
}

TEST(DockerAnswers, TheFirstNetworkByNameOrAll) {
  const std::string body =
      "[" + container("a", in_networks(R"({"z": {"IPAddress": "10.0.0.26"}, "a": null, "b": {"IPAddress": "fd00::2"}})")) + "]";
  EXPECT_THAT(addresses(body), ElementsAre("[fd00::2]:80"));
  EXPECT_THAT(addresses(body, {80, "localhost", false}), ElementsAre("[fd00::2]:80", "10.0.0.26:80"));
}

TEST(DockerAnswers, ASharedNetworkIsThatOfTheOtherContainer) {
  const std::string own = container("a", in_networks(R"({"n": {"IPAddress": "10.0.0.2"}})"));
  EXPECT_THAT(addresses("[" + own + "," + container("b", in_networks("{}", "container:a")) + "," +
                        container("c", in_networks("null", "container:b")) + "]"),
              ElementsAre("10.0.0.2:80", "10.0.0.2:80", "10.0.0.2:80"));
  EXPECT_THAT(addresses("[" + container("a", in_networks("{}", "container:b")) + "," +
                        container("b", in_networks("{}", "container:a")) + "]"),
              ElementsAre())
      << "a circle ends";
  EXPECT_THAT(addresses("[" + container("a", in_networks("{}", "container:gone")) + "]"), ElementsAre());
  EXPECT_THAT(addresses("[" + container("a", in_networks("{}", "none")) + "]"), ElementsAre());
}

TEST(DockerAnswers, WhatIsOfAnotherFormIsAnError) {
  for (const char* body :
       {"", "{}", "[1]", R"([{"Names": "a"}])", R"([{"Names": [1]}])", R"([{"Names": ["a"], "Labels": {"x": 1}}])",
        R"([{"Names": ["a"], "NetworkSettings": {"Networks": [1]}}])"})
    EXPECT_THAT(parse_containers(body, {}, kPlain).error().message(), HasSubstr("not of the expected form")) << body;
  EXPECT_FALSE(parse_networks("{}").ok());
  EXPECT_FALSE(parse_networks(R"([{"Internal": "yes"}])").ok());
  EXPECT_TRUE(parse_networks("null").ok());
  EXPECT_THAT(addresses(R"([{"Names": []}, {"Names": null}, {}])"), ElementsAre());
}

}  // namespace
}  // namespace tarsier::discover_docker
