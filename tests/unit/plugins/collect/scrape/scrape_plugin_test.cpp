// The plugin file as a whole: scraping, the APIs, changes, the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tarsier/service/metadata.h"
#include "tests/unit/plugins/collect/support/loaded_plugin.hpp"

namespace tarsier::scrape {
namespace {

using fake::Node;
using testing::HasSubstr;

Node config(const char* target) {
  return Node::table(
      {{"scrape_interval", int64_t{15'000'000'000}},
       {"scrape_timeout", int64_t{10'000'000'000}},
       {"max_waiting_bytes", 1 << 20},
       {"job",
        Node::array({Node::table({{"job_name", "api"},
                                  {"metrics_path", "/metrics"},
                                  {"scheme", "http"},
                                  {"honor_timestamps", true},
                                  {"static_configs", Node::array({Node::table({{"targets", Node::array({target})}})})}})})}});
}

TEST(ScrapePlugin, ScrapesAndAnswers) {
  fake::FakeHost fake;
  fake::LoadedPlugin plugin(fake, TARSIER_SCRAPE_PLUGIN);
  ASSERT_EQ(plugin.configure(config("a:1")), "");
  ASSERT_EQ(plugin.start(), "");
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "x 1\n");
  EXPECT_THAT(fake.last_batch(), HasSubstr("x{instance=a:1,job=api} 1 "));
  EXPECT_THAT(fake.ask("/api/v1/targets", "state=active").body, HasSubstr("\"health\":\"up\""));
  EXPECT_EQ(fake.ask("/api/v1/scrape_pools").body, "{\"status\":\"success\",\"data\":{\"scrapePools\":[\"api\"]}}");
  EXPECT_EQ(fake.ask("/api/v1/targets/metadata").code, 200U);
  EXPECT_EQ(fake.ask("/api/v1/targets/relabel_steps", "scrapePool=api&labels=%7B%22a%22:%22b%22%7D").body,
            "{\"status\":\"success\",\"data\":{\"steps\":[]}}");
  EXPECT_EQ(fake.ask("/api/v1/targets/relabel_steps").body,
            "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"no scrapePool parameter provided\"}");
  const fake::Answer bad = fake.ask("/api/v1/targets/metadata", "match_target=%7Bx");
  EXPECT_EQ(bad.code, 400U);
  EXPECT_THAT(bad.body, HasSubstr("\"errorType\":\"bad_data\",\"error\":\"invalid parameter \\\"match_target\\\": "));
  ASSERT_EQ(plugin.reconfigure(config("b:1")), "");
  EXPECT_THAT(fake.last_batch(), HasSubstr("x{instance=a:1,job=api} stale "));
  EXPECT_THAT(plugin.reconfigure(config("http://b")), HasSubstr("no valid target"));
  EXPECT_EQ(plugin.stop(), "");
}

TEST(ScrapePlugin, TellsMetadataOfFamiliesThatHaveNoSeries) {
  fake::FakeHost fake;
  fake::LoadedPlugin plugin(fake, TARSIER_SCRAPE_PLUGIN);
  ASSERT_EQ(plugin.configure(config("a:1")), "");
  ASSERT_EQ(plugin.start(), "");
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "# TYPE only_type gauge\n# HELP only_help Helps.\nx 1\n");
  const auto& source = *static_cast<const tarsier_metadata_source*>(plugin.service(TARSIER_METADATA_SERVICE));
  const auto told = [&source](const char* family) {
    std::string all;
    source.current(source.self, str(family), &all, [](void* user, const tarsier_metadata* one) {
      static_cast<std::string*>(user)->append(view(one->name)).append(" ").append(view(one->help)).append(";");
    });
    return all;
  };
  EXPECT_EQ(told(""), "only_type ;only_help Helps.;");
  EXPECT_EQ(told("only_help"), "only_help Helps.;");
  EXPECT_EQ(told("x"), "");
  EXPECT_EQ(plugin.stop(), "");
}

TEST(ScrapePlugin, RefusesABadConfigurationBeforeItStarts) {
  fake::FakeHost fake;
  fake::LoadedPlugin plugin(fake, TARSIER_SCRAPE_PLUGIN);
  EXPECT_THAT(plugin.configure(config("a/b")), HasSubstr("test.toml:1:1: 'a/b' is no valid target"));
}

}  // namespace
}  // namespace tarsier::scrape
