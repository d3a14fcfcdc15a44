// The plugin file as a whole; the test answers in Consul's place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/collect/support/loaded_plugin.hpp"
#include "tests/unit/plugins/discover/support/found_targets.hpp"

namespace tarsier::discover_consul {
namespace {

using fake::Node;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000'000;
const std::string kV1 = "http://consul:8500/v1/";

Node config(std::initializer_list<std::pair<std::string, Node>> more = {}) {
  Node node = Node::table({{"job_name", "web"},
                           {"scheme", "http"},
                           {"server", "consul:8500"},
                           {"tag_separator", ","},
                           {"allow_stale", true},
                           {"follow_redirects", true},
                           {"refresh_interval", 30 * kSecond}});
  for (const auto& entry : more) node.entries.insert(node.entries.begin(), entry);  // the first of a name is read
  return node;
}
Node all(std::initializer_list<Node> configs) { return Node::table({{"config", Node::array(configs)}}); }
Node names(std::initializer_list<Node> values) { return Node::array(values); }

std::string instance(const std::string& address) {
  return R"({"Node": {"Address": ")" + address + R"("}, "Service": {"Port": 80}})";
}

class ConsulPluginTest : public testing::Test {
 protected:
  ~ConsulPluginTest() override {
    EXPECT_EQ(plugin_.stop(), "");
    for (size_t i = 0; i < fake_.calls.size(); ++i)
      if (!answered_.contains(i)) fake_.fail(i, TARSIER_CANCELLED, "the instance stops");
  }
  void start(const Node& node) {
    ASSERT_EQ(plugin_.configure(node), "");
    ASSERT_EQ(plugin_.start(), "");
    fake_.fire_timers();
  }
  /// URLs that are not answered yet.
  std::vector<std::string> open() const {
    std::vector<std::string> urls;
    for (size_t i = 0; i < fake_.calls.size(); ++i)
      if (!answered_.contains(i)) urls.push_back(fake_.calls[i].url);
    return urls;
  }
  size_t open_call(const std::string& url) {
    for (size_t i = 0; i < fake_.calls.size(); ++i)
      if (!answered_.contains(i) && fake_.calls[i].url == url) return answered_.insert(i), i;
    bug(("nobody asks for " + url).c_str());
  }
  void answer(const std::string& url, const char* index, std::string_view body, uint32_t code = 200) {
    fake_.answer(open_call(url), code, {{"x-consul-index", index}}, body);
  }
  /// When the next question is asked.
  int64_t next_delay() const {
    for (auto timer = fake_.timers.rbegin(); timer != fake_.timers.rend(); ++timer)
      if (!timer->cancelled) return timer->interval_ns;
    return -1;
  }
  /// The addresses of each source, by the source's last word.
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
  fake::LoadedPlugin plugin_{fake_, TARSIER_DISCOVER_CONSUL_PLUGIN};
  std::set<size_t> answered_;
};

TEST_F(ConsulPluginTest, AsksForTheDatacenterThenForServicesThenForInstances) {
  start(all({config()}));
  ASSERT_THAT(open(), ElementsAre(kV1 + "agent/self"));
  answer(kV1 + "agent/self", "", R"({"Config": {"Datacenter": "dc7"}})");
  fake_.fire_timers();
  ASSERT_THAT(open(), ElementsAre(kV1 + "catalog/services?stale=&wait=120s"));
  answer(kV1 + "catalog/services?stale=&wait=120s", "7", R"({"web": ["blue"], "a b": []})");
  fake_.fire_timers();
  EXPECT_THAT(open(), testing::UnorderedElementsAre(kV1 + "catalog/services?stale=&index=7&wait=120s",
                                                    kV1 + "health/service/a%20b?stale=&wait=120s",
                                                    kV1 + "health/service/web?stale=&wait=120s"));
  EXPECT_EQ(fake_.calls.back().timeout_ns, 135 * kSecond);
  answer(kV1 + "health/service/web?stale=&wait=120s", "5", "[" + instance("10.0.0.1") + "," + instance("10.0.0.2") + "]");
  EXPECT_EQ(found(), (Found{{"web", "10.0.0.1:80 10.0.0.2:80 "}}));
  EXPECT_THAT(fake::found_targets(fake_).begin()->second, HasSubstr("__meta_consul_dc=dc7,"));
}

TEST_F(ConsulPluginTest, NamedServicesNeedNoCatalogAndAKnownDatacenterNoAgent) {
  start(all({config({{"services", names({"web", "db"})}, {"datacenter", "dc1"}})}));
  EXPECT_THAT(open(),
              ElementsAre(kV1 + "health/service/web?dc=dc1&stale=&wait=120s", kV1 + "health/service/db?dc=dc1&stale=&wait=120s"));
}

TEST_F(ConsulPluginTest, TagsAndMetadataAndFiltersAreSent) {
  start(all({config({{"datacenter", "dc1"},
                     {"namespace", "n"},
                     {"partition", "p"},
                     {"allow_stale", false},
                     {"path_prefix", "/proxy/"},
                     {"token", "s3cret"},
                     {"tags", names({"blue", "v&2"})},
                     {"services", names({"web", "db"})},
                     {"node_meta", Node::table({{"rack", "a1"}})},
                     {"filter", "X == y"},
                     {"health_filter", "Z"}})}));
  const std::string v1 = "http://consul:8500/proxy/v1/";
  const std::string catalog = v1 + "catalog/services?dc=dc1&ns=n&partition=p&node-meta=rack%3Aa1&filter=X%20%3D%3D%20y&wait=120s";
  ASSERT_THAT(open(), ElementsAre(catalog));
  EXPECT_EQ(fake_.calls[0].headers.at("X-Consul-Token"), "s3cret");
  answer(catalog, "3", R"({"web": ["blue", "v&2", "x"], "db": ["blue"], "other": ["blue", "v&2"]})");
  fake_.fire_timers();
  EXPECT_THAT(open(),
              testing::Contains(
                  v1 + "health/service/web?dc=dc1&ns=n&partition=p&tag=blue&tag=v%262&node-meta=rack%3Aa1&filter=Z&wait=120s"));
  EXPECT_EQ(open().size(), 2U);
}

class ConsulWatchTest : public ConsulPluginTest {
 protected:
  /// Only the catalog is asked, with this index.
  static std::string catalog(const std::string& index = "") {
    return kV1 + "catalog/services?dc=dc1&stale=" + (index.empty() ? "" : "&index=" + index) + "&wait=120s";
  }
  static std::string web(const std::string& index = "") {
    return kV1 + "health/service/web?dc=dc1&stale=" + (index.empty() ? "" : "&index=" + index) + "&wait=120s";
  }
  static Node dc1(std::initializer_list<std::pair<std::string, Node>> more = {}) {
    Node node = config(more);
    node.entries.insert(node.entries.begin(), {"datacenter", "dc1"});
    return node;
  }
  void find_web() {
    start(all({dc1()}));
    answer(catalog(), "7", R"({"web": []})");
    fake_.fire_timers();
    answer(web(), "5", "[" + instance("10.0.0.1") + "]");
    ASSERT_EQ(found(), (Found{{"web", "10.0.0.1:80 "}}));
  }
};

TEST_F(ConsulWatchTest, AsksAgainWithTheIndexNotMoreOftenThanTheInterval) {
  find_web();
  EXPECT_EQ(next_delay(), 30 * kSecond);
  fake_.fire_timers();
  fake_.mono_ns += 50 * kSecond;
  answer(web("5"), "6", "[" + instance("10.0.0.2") + "]");
  EXPECT_EQ(next_delay(), 0);
  EXPECT_EQ(found(), (Found{{"web", "10.0.0.2:80 "}}));
  fake_.fire_timers();
  EXPECT_THAT(open(), testing::Contains(web("6")));
}

TEST_F(ConsulWatchTest, TheSameIndexMeansThatNothingHasChanged) {
  find_web();
  fake_.fire_timers();
  answer(web("5"), "5", "no JSON at all");
  EXPECT_EQ(fake_.health, "");
  EXPECT_EQ(found(), (Found{{"web", "10.0.0.1:80 "}}));
}

TEST_F(ConsulWatchTest, AnIndexThatGoesBackBeginsAnew) {
  find_web();
  fake_.fire_timers();
  answer(web("5"), "2", "[" + instance("10.0.0.9") + "]");
  EXPECT_EQ(found(), (Found{{"web", "10.0.0.9:80 "}}));
  fake_.fire_timers();
  EXPECT_THAT(open(), testing::Contains(web()));
}

TEST_F(ConsulWatchTest, ErrorsKeepTheTargetsAndAreTriedAgain) {
  find_web();
  fake_.fire_timers();
  fake_.fail(open_call(web("5")), TARSIER_UNAVAILABLE, "connection refused");
  EXPECT_EQ(next_delay(), 15 * kSecond);
  EXPECT_THAT(fake_.health, HasSubstr(": web: connection refused"));
  fake_.fire_timers();
  answer(web("5"), "6", "[{]");
  EXPECT_THAT(fake_.health, HasSubstr("not of the expected form"));
  fake_.fire_timers();
  answer(web("5"), "6", "rpc error", 500);
  EXPECT_THAT(fake_.health, HasSubstr("server returned HTTP status 500"));
  EXPECT_EQ(found(), (Found{{"web", "10.0.0.1:80 "}}));
  EXPECT_EQ(fake_.metrics["tarsier_discovery_refresh_failures_total"], 3);
  fake_.fire_timers();
  answer(web("5"), "6", "[]");
  EXPECT_EQ(fake_.health, "ok");
  EXPECT_EQ(found(), Found{});
}

TEST_F(ConsulWatchTest, AServiceThatIsGoneTakesItsTargets) {
  find_web();
  fake_.fire_timers();
  answer(catalog("7"), "8", R"({"db": []})");
  EXPECT_EQ(found(), Found{});
  answer(web("5"), "6", "[" + instance("10.0.0.2") + "]");
  EXPECT_EQ(found(), Found{}) << "an answer that comes later changes nothing";
  fake_.fire_timers();
  for (const std::string& url : open()) EXPECT_THAT(url, testing::Not(HasSubstr("service/web")));
}

TEST_F(ConsulWatchTest, AReloadKeepsTargetsUntilTheCatalogIsKnownAgain) {
  find_web();
  ASSERT_EQ(plugin_.reconfigure(all({dc1({{"refresh_interval", 5 * kSecond}})})), "");
  EXPECT_EQ(found(), (Found{{"web", "10.0.0.1:80 "}}));
  fake_.fire_timers();
  answer(catalog(), "9", R"({"web": []})");
  fake_.fire_timers();
  EXPECT_EQ(found(), (Found{{"web", "10.0.0.1:80 "}}));
  answer(web(), "9", "[" + instance("10.0.0.2") + "]");
  EXPECT_EQ(found(), (Found{{"web", "10.0.0.2:80 "}}));
  ASSERT_EQ(plugin_.reconfigure(all({dc1({{"refresh_interval", 6 * kSecond}})})), "");
  fake_.fire_timers();
  answer(catalog(), "9", R"({"db": []})");
  EXPECT_EQ(found(), Found{}) << "a service that went meanwhile";
  ASSERT_EQ(plugin_.reconfigure(all({})), "");
}

TEST_F(ConsulWatchTest, AnotherConfigurationTakesTheTargetsOfTheOldOne) {
  find_web();
  ASSERT_EQ(plugin_.reconfigure(all({dc1({{"tags", names({"blue"})}})})), "");
  EXPECT_EQ(found(), Found{}) << "with other tags other targets are found";
}

TEST_F(ConsulPluginTest, RefusesWhatCannotBe) {
  EXPECT_THAT(plugin_.configure(all({config({{"server", "http://x"}})})), HasSubstr("'http://x' is no server: expected host:port"));
  EXPECT_THAT(plugin_.configure(all({config({{"path_prefix", "x"}})})), HasSubstr("'x' is no path"));
  EXPECT_THAT(plugin_.configure(all({config({{"token", "a\nb"}})})), HasSubstr("must not have line breaks"));
  EXPECT_THAT(plugin_.configure(all({config({{"services", names({""})}})})), HasSubstr("the name of a service is empty"));
  EXPECT_THAT(plugin_.configure(all({config(), config({{"token", "x"}})})), HasSubstr("job 'web' has the services of "));
}

}  // namespace
}  // namespace tarsier::discover_consul
