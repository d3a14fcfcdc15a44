// The plugin file as a whole; the test answers in the API server's place.
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/plugins/collect/support/loaded_plugin.hpp"
#include "tests/unit/plugins/discover/support/found_targets.hpp"

namespace tarsier::discover_kubernetes {
namespace {

using fake::Node;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;
using Entries = std::initializer_list<std::pair<std::string, Node>>;

constexpr int64_t kSecond = 1'000'000'000;

Node config(const char* role, Entries more = {}) {
  Node node = Node::table(
      {{"job_name", "web"}, {"role", role}, {"api_server", "https://k8s"}, {"follow_redirects", true}, {"enable_http2", true}});
  for (const auto& entry : more) node.entries.insert(node.entries.begin(), entry);  // the first of a name is read
  return node;
}
Node without(Node node, const std::string& name) {
  std::erase_if(node.entries, [&](const auto& entry) { return entry.first == name; });
  return node;
}
Node all(std::initializer_list<Node> configs, const std::string& folder = "/none") {
  return Node::table({{"service_account_dir", folder.c_str()}, {"config", Node::array(configs)}});
}

std::string pod(const std::string& name, const std::string& ip, const std::string& version = "5",
                const std::string& node = "node1") {
  return R"({"metadata": {"name": ")" + name + R"(", "namespace": "shop", "resourceVersion": ")" + version +
         R"("}, "spec": {"nodeName": ")" + node +
         R"(", "containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}, "status": {"podIP": ")" + ip + R"("}})";
}
std::string event(const std::string& type, const std::string& object) {
  return R"({"type": ")" + type + R"(", "object": )" + object + "}\n";
}

class KubernetesPluginTest : public testing::Test {
 protected:
  ~KubernetesPluginTest() override {
    EXPECT_EQ(plugin_.stop(), "");
    for (size_t i = 0; i < fake_.calls.size(); ++i)
      if (!ended_.contains(i)) fake_.fail(i, TARSIER_CANCELLED, "the instance stops");
  }
  void start(const Node& node) {
    ASSERT_EQ(plugin_.configure(node), "");
    ASSERT_EQ(plugin_.start(), "");
  }
  std::vector<std::string> open() const {
    std::vector<std::string> urls;
    for (size_t i = 0; i < fake_.calls.size(); ++i)
      if (!ended_.contains(i)) urls.push_back(fake_.calls[i].url);
    return urls;
  }
  size_t call(const std::string& what) const {
    for (size_t i = 0; i < fake_.calls.size(); ++i)
      if (!ended_.contains(i) && fake_.calls[i].url.find(what) != std::string::npos) return i;
    bug(("nobody asks for " + what).c_str());
  }
  void answer(const std::string& what, const std::string& body, uint32_t code = 200) {
    const size_t number = call(what);
    ended_.insert(number);
    fake_.answer(number, code, "application/json", body);
  }
  void list(const std::string& what, const std::string& items = "", const std::string& version = "100") {
    answer(what, R"({"metadata": {"resourceVersion": ")" + version + R"("}, "items": [)" + items + "]}");
  }
  void send(const std::string& what, const std::string& piece) {
    ASSERT_EQ(fake_.piece(call(what + "?watch"), 200, piece), TARSIER_OK);
  }
  void settle() {
    fake_.mono_ns += 2 * kSecond;
    fake_.fire_due_timers();
  }
  /// The addresses of each object.
  std::map<std::string, std::string> found() const {
    std::map<std::string, std::string> addresses;
    for (const auto& [name, targets] : fake::found_targets(fake_)) {
      std::string& text = addresses[name.substr(name.rfind(' ') + 1)];
      for (size_t at = targets.find("__address__="); at != std::string::npos; at = targets.find("__address__=", at + 1))
        text += targets.substr(at + 12, targets.find(',', at) - at - 12) + " ";
    }
    return addresses;
  }
  using Found = std::map<std::string, std::string>;

  fake::FakeHost fake_;
  fake::LoadedPlugin plugin_{fake_, TARSIER_DISCOVER_KUBERNETES_PLUGIN};
  std::set<size_t> ended_;
};

TEST_F(KubernetesPluginTest, PodsComeChangeAndGo) {
  start(all({config("pod")}));
  EXPECT_THAT(open(), ElementsAre("https://k8s/api/v1/pods?limit=500"));
  list("pods", pod("a", "10.0.0.1") + "," + pod("b", "10.0.0.2"));
  settle();
  EXPECT_EQ(found(), (Found{{"shop/a", "10.0.0.1:80 "}, {"shop/b", "10.0.0.2:80 "}}));
  send("pods", event("ADDED", pod("c", "10.0.0.3", "101")) + event("MODIFIED", pod("a", "10.0.0.9", "102")) +
                   event("DELETED", pod("b", "10.0.0.2", "103")));
  EXPECT_EQ(found().size(), 2U) << "not at once";
  settle();
  EXPECT_EQ(found(), (Found{{"shop/a", "10.0.0.9:80 "}, {"shop/c", "10.0.0.3:80 "}}));
  EXPECT_EQ(fake_.metrics["tarsier_discovery_targets"], 2);
}

TEST_F(KubernetesPluginTest, AStormOfChangesIsToldOnce) {
  start(all({config("pod")}));
  list("pods", pod("a", "10.0.0.1"));
  settle();
  const size_t told = fake_.batches.size();
  for (int i = 1; i <= 100; ++i) send("pods", event("MODIFIED", pod("a", "10.0.0." + std::to_string(i), std::to_string(100 + i))));
  settle();
  EXPECT_EQ(fake_.batches.size(), told + 1);
  EXPECT_EQ(found(), (Found{{"shop/a", "10.0.0.100:80 "}}));
  send("pods", event("MODIFIED", pod("a", "10.0.0.100", "300")));
  settle();
  EXPECT_EQ(fake_.batches.size(), told + 1) << "nothing that makes a difference has changed";
}

TEST_F(KubernetesPluginTest, NothingIsToldBeforeAllIsKnownThatLabelsComeFrom) {
  start(all({config("endpoints")}));
  EXPECT_THAT(open(), UnorderedElementsAre("https://k8s/api/v1/endpoints?limit=500", "https://k8s/api/v1/services?limit=500",
                                           "https://k8s/api/v1/pods?limit=500"));
  list("endpoints", R"({"metadata": {"name": "web", "namespace": "shop"}, "subsets": [{"addresses": [
       {"ip": "10.0.0.1", "targetRef": {"kind": "Pod", "name": "a", "namespace": "shop"}}], "ports": [{"port": 80}]}]})");
  settle();
  list("services");
  settle();
  EXPECT_EQ(found(), Found{});
  list("pods");
  settle();
  EXPECT_EQ(found(), (Found{{"shop/web", "10.0.0.1:80 "}}));
}

TEST_F(KubernetesPluginTest, WhatIsJoinedChangesTheTargetsItIsJoinedTo) {
  start(all({config("endpoints", {{"attach_metadata", Node::table({{"node", true}, {"namespace", true}})}})}));
  list("endpoints", R"({"metadata": {"name": "web", "namespace": "shop"}, "subsets": [{"addresses": [
       {"ip": "10.0.0.1", "nodeName": "node1", "targetRef": {"kind": "Pod", "name": "a", "namespace": "shop"}}], "ports": [{"port": 80}]}]})");
  for (const char* kind : {"services", "pods", "nodes", "namespaces"}) list(kind);
  settle();
  const auto labels = [this] { return fake::found_targets(fake_).begin()->second; };
  EXPECT_THAT(labels(), Not(HasSubstr("pod_name")));
  send("pods", event("ADDED", pod("a", "10.0.0.1", "101")));
  settle();
  EXPECT_THAT(labels(), HasSubstr("__meta_kubernetes_pod_name=a,"));
  send("services",
       event("ADDED", R"({"metadata": {"name": "web", "namespace": "shop", "resourceVersion": "102", "labels": {"s": "1"}}})"));
  send("nodes", event("ADDED", R"({"metadata": {"name": "node1", "resourceVersion": "103", "labels": {"zone": "z1"}}})"));
  send("namespaces", event("ADDED", R"({"metadata": {"name": "shop", "resourceVersion": "104", "labels": {"team": "t1"}}})"));
  settle();
  EXPECT_THAT(labels(), testing::AllOf(HasSubstr("service_label_s=1,"), HasSubstr("node_label_zone=z1,"),
                                       HasSubstr("namespace_label_team=t1,")));
  const size_t told = fake_.batches.size();
  send("pods", event("ADDED", pod("other", "10.0.0.7", "105")));
  send("nodes", event("DELETED", R"({"metadata": {"name": "node7", "resourceVersion": "106"}})"));
  settle();
  EXPECT_EQ(fake_.batches.size(), told) << "nobody's";
  send("pods", event("DELETED", pod("a", "10.0.0.1", "107")));
  settle();
  EXPECT_THAT(labels(), Not(HasSubstr("pod_name")));
}

TEST_F(KubernetesPluginTest, ARelistTakesAwayWhatVanishedMeanwhile) {
  start(all({config("pod")}));
  list("pods", pod("a", "10.0.0.1") + "," + pod("b", "10.0.0.2"));
  settle();
  const size_t watch = call("?watch");
  ended_.insert(watch);
  EXPECT_NE(fake_.piece(watch, 200, event("ERROR", R"({"kind": "Status", "code": 410, "reason": "Expired"})")), TARSIER_OK);
  settle();
  list("pods", pod("b", "10.0.0.2"), "900");
  settle();
  EXPECT_EQ(found(), (Found{{"shop/b", "10.0.0.2:80 "}}));
  EXPECT_EQ(fake_.health, "");
}

TEST_F(KubernetesPluginTest, ErrorsKeepTheTargetsAndAreSaid) {
  start(all({config("pod")}));
  list("pods", pod("a", "10.0.0.1"));
  settle();
  const size_t watch = call("?watch");
  ended_.insert(watch);
  fake_.fail(watch, TARSIER_UNAVAILABLE, "connection refused");
  settle();
  EXPECT_THAT(fake_.health, HasSubstr("config 'web': pods of https://k8s: connection refused"));
  EXPECT_EQ(found().size(), 1U);
  send("pods", "");
  EXPECT_EQ(fake_.health, "ok");
}

TEST_F(KubernetesPluginTest, ConfigurationsThatLookAtTheSameShareIt) {
  start(all({config("pod"), config("pod", {{"job_name", "db"}}),
             config("pod", {{"job_name", "one"}, {"namespaces", Node::table({{"names", Node::array({"shop"})}})}})}));
  EXPECT_THAT(open(), ElementsAre("https://k8s/api/v1/pods?limit=500", "https://k8s/api/v1/namespaces/shop/pods?limit=500"));
  list("/api/v1/pods", pod("a", "10.0.0.1"));
  list("shop/pods", pod("a", "10.0.0.1"));
  settle();
  EXPECT_EQ(fake::found_targets(fake_).size(), 3U);
}

TEST_F(KubernetesPluginTest, AReloadKeepsTargetsUntilAllIsListedAgain) {
  start(all({config("pod")}));
  list("pods", pod("a", "10.0.0.1") + "," + pod("b", "10.0.0.2"));
  settle();
  const size_t old = call("?watch");
  const Node other_token = config("pod", {{"authorization", Node::table({{"credentials", "t"}})}});
  ASSERT_EQ(plugin_.reconfigure(all({other_token})), "");
  EXPECT_TRUE(fake_.calls[old].cancelled);
  settle();
  EXPECT_EQ(found().size(), 2U);
  EXPECT_EQ(fake_.calls[call("?limit")].headers.at("Authorization"), "Bearer t");
  list("?limit", pod("b", "10.0.0.2"));
  settle();
  EXPECT_EQ(found(), (Found{{"shop/b", "10.0.0.2:80 "}}));
  ASSERT_EQ(plugin_.reconfigure(all({other_token, config("node", {{"job_name", "nodes"}})})), "");
  EXPECT_EQ(found().size(), 1U) << "what has not changed goes on";
  ASSERT_EQ(plugin_.reconfigure(all({})), "");
  EXPECT_EQ(found(), Found{});
}

class InACluster : public KubernetesPluginTest {
 protected:
  InACluster() : folder_(testing::TempDir() + "k8s-account-" + std::to_string(::getpid())) {
    ::setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
    ::setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    ::mkdir(folder_.c_str(), 0700);
    write("token", "first\n");
    write("namespace", "shop\n");
  }
  ~InACluster() override {
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    ::unsetenv("KUBERNETES_SERVICE_PORT");
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ + "/" + name) << text; }
  static Node own(Entries more = {}) { return without(config("pod", more), "api_server"); }
  const std::string folder_;
};

TEST_F(InACluster, TheTokenIsReadAgainForEachCall) {
  start(all({own()}, folder_));
  EXPECT_THAT(open(), ElementsAre("https://10.96.0.1:443/api/v1/pods?limit=500"));
  EXPECT_EQ(fake_.calls[0].headers.at("Authorization"), "Bearer first");
  EXPECT_EQ(fake_.calls[0].tls.at("ca_file"), folder_ + "/ca.crt");
  write("token", "second\n");
  list("pods");
  EXPECT_EQ(fake_.calls[1].headers.at("Authorization"), "Bearer second");
}

TEST_F(InACluster, APodMayLookAtItsOwnNamespaceOnly) {
  start(all({own({{"namespaces", Node::table({{"own_namespace", true}, {"names", Node::array({"bank"})}})}})}, folder_));
  EXPECT_THAT(open(), UnorderedElementsAre("https://10.96.0.1:443/api/v1/namespaces/bank/pods?limit=500",
                                           "https://10.96.0.1:443/api/v1/namespaces/shop/pods?limit=500"));
}

TEST_F(InACluster, OutsideOfOneItSaysWhatToGive) {
  ::unsetenv("KUBERNETES_SERVICE_HOST");
  start(all({own()}, folder_));
  EXPECT_THAT(fake_.health, HasSubstr("outside of a cluster give api_server or kubeconfig_file"));
  ::setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
  settle();
  EXPECT_THAT(open(), ElementsAre("https://[fd00::1]:443/api/v1/pods?limit=500"));
}

TEST_F(InACluster, AKubeconfigIsReadAgainForEachCall) {
  const std::string file = folder_ + "/config";
  const auto kubeconfig = [&](const std::string& user) {
    write("config",
          "current-context: a\nclusters: [{name: c, cluster: {server: 'https://far:6443'}}]\n"
          "contexts: [{name: a, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {" +
              user + "}}]\n");
  };
  const Node node = own({{"kubeconfig_file", file.c_str()}});
  kubeconfig("exec: {command: aws}");
  EXPECT_THAT(plugin_.configure(all({node})), HasSubstr("exec is not supported"));
  kubeconfig("token: one");
  start(all({node}));
  EXPECT_EQ(fake_.calls[0].headers.at("Authorization"), "Bearer one");
  kubeconfig("token: two");
  list("https://far:6443/api/v1/pods");
  EXPECT_EQ(fake_.calls[1].headers.at("Authorization"), "Bearer two");
  ::unlink(file.c_str());
  ended_.insert(1);
  fake_.mono_ns += 5 * kSecond;
  fake_.answer(1, 200, "application/json", "");
  EXPECT_THAT(fake_.health, HasSubstr("cannot read " + file));
}

TEST_F(KubernetesPluginTest, RefusesWhatCannotBe) {
  const auto refused = [this](const Node& node) { return plugin_.configure(all({node})); };
  const Node own = Node::table({{"own_namespace", true}});
  EXPECT_THAT(refused(config("pod", {{"api_server", "k8s:6443"}})), HasSubstr("'k8s:6443' is no API server"));
  EXPECT_THAT(refused(config("pod", {{"kubeconfig_file", "/k"}})), HasSubstr("at most one of api_server and kubeconfig_file"));
  EXPECT_THAT(refused(config("pod", {{"namespaces", own}})), HasSubstr("does not go with api_server"));
  EXPECT_THAT(refused(without(config("pod", {{"authorization", Node::table({{"credentials", "x"}})}}), "api_server")),
              HasSubstr("HTTP options are for api_server"));
  const auto selectors = [](std::initializer_list<Node> list) { return Node::array(list); };
  const Node pods = Node::table({{"role", "pod"}, {"label", "a=b"}}), nodes = Node::table({{"role", "node"}});
  EXPECT_EQ(refused(config("pod", {{"selectors", selectors({pods, nodes})}})), "");
  EXPECT_EQ(refused(config("endpoints", {{"selectors", selectors({pods})}})), "");
  EXPECT_THAT(refused(config("service", {{"selectors", selectors({pods})}})),
              HasSubstr("a selector of role 'pod' does not go with role 'service'"));
  EXPECT_THAT(refused(config("pod", {{"selectors", selectors({pods, pods})}})), HasSubstr("two selectors of role 'pod'"));
  EXPECT_THAT(plugin_.configure(all({config("pod"), config("pod")})), HasSubstr("job 'web' has the pods of https://k8s twice"));
}

}  // namespace
}  // namespace tarsier::discover_kubernetes
