// The plugin file as a whole: an interval on the bus, the page, changes, the end.
#include <gmock/gmock.h>

#include "tests/unit/plugins/collect/node/tree.hpp"
#include "tests/unit/plugins/collect/support/loaded_plugin.hpp"

namespace tarsier::node {
namespace {

using fake::Node;
using testing::HasSubstr;
using testing::Not;

class NodePlugin : public TreeTest {
 protected:
  NodePlugin() { write("proc/loadavg", "1 2 3 1/2 3\n"); }
  Node config(const char* instance, const char* collector = "loadavg") const {
    return Node::table({{"interval", int64_t{15'000'000'000}},
                        {"job", "node"},
                        {"instance", instance},
                        {"collectors", Node::array({collector})},
                        {"procfs", settings.procfs.c_str()},
                        {"sysfs", settings.sysfs.c_str()},
                        {"rootfs", "/"}});
  }
  fake::FakeHost fake;
};

TEST_F(NodePlugin, PublishesEachIntervalAndShowsThePage) {
  fake::LoadedPlugin plugin(fake, TARSIER_NODE_PLUGIN);
  ASSERT_EQ(plugin.configure(config("me")), "");
  ASSERT_EQ(plugin.start(), "");
  ASSERT_EQ(fake.timers.size(), 1U);
  EXPECT_EQ(fake.timers[0].interval_ns, 15'000'000'000);
  fake.fire_timers();
  EXPECT_THAT(fake.last_batch(), HasSubstr("node_load1{instance=me,job=node} 1 @1000000\n"));
  EXPECT_THAT(fake.last_batch(), HasSubstr("up{instance=me,job=node} 1 @1000000\n"));
  EXPECT_THAT(fake.last_batch(), HasSubstr("scrape_samples_scraped{instance=me,job=node} 6 "));
  const fake::Answer shown = fake.ask("/metrics");
  EXPECT_EQ(shown.code, 200U);
  EXPECT_EQ(shown.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(shown.body, HasSubstr("# TYPE node_load15 gauge\nnode_load15 3\n"));
  EXPECT_THAT(fake.ask("/").body, HasSubstr("<a href=\"/node/metrics\">Metrics</a>"));
  EXPECT_EQ(plugin.stop(), "");
}

TEST_F(NodePlugin, MarksSeriesStaleWhenItAloneIsStopped) {
  for (const int32_t host_goes_on : {1, 0}) {
    fake::LoadedPlugin plugin(fake, TARSIER_NODE_PLUGIN);
    fake.ready = host_goes_on;
    ASSERT_EQ(plugin.configure(config("me")), "");
    ASSERT_EQ(plugin.start(), "");
    fake.fire_timers();
    ASSERT_EQ(plugin.stop(), "");
    if (host_goes_on != 0)
      EXPECT_THAT(fake.last_batch(), HasSubstr("node_load1{instance=me,job=node} stale"));
    else
      EXPECT_THAT(fake.last_batch(), Not(HasSubstr("stale")));
  }
}

TEST_F(NodePlugin, TakesAChangeWholeOrNotAtAll) {
  fake::LoadedPlugin plugin(fake, TARSIER_NODE_PLUGIN);
  ASSERT_EQ(plugin.configure(config("me")), "");
  ASSERT_EQ(plugin.start(), "");
  fake.fire_timers();
  EXPECT_THAT(plugin.reconfigure(config("other", "nonsense")), HasSubstr("no collector 'nonsense'"));
  fake.fire_timers();
  EXPECT_THAT(fake.last_batch(), HasSubstr("node_load1{instance=me,job=node} 1 "));
  ASSERT_EQ(plugin.reconfigure(config("other")), "");
  EXPECT_THAT(fake.last_batch(), HasSubstr("node_load1{instance=me,job=node} stale "));
  fake.fire_timers();
  EXPECT_THAT(fake.last_batch(), HasSubstr("node_load1{instance=other,job=node} 1 "));
  EXPECT_EQ(plugin.stop(), "");
}

}  // namespace
}  // namespace tarsier::node
