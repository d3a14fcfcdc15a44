// The JSON of the target APIs.
#include "plugins/collect/scrape/targets_api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::scrape {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class TargetsApi : public testing::Test {
 protected:
  TargetsApi() {
    Job job;
    job.name = "api";
    job.interval_ns = 15 * kSecond;
    job.timeout_ns = 10 * kSecond;
    job.metrics_path = "/metrics";
    job.scheme = "http";
    job.static_configs.push_back({{"backend:1"}, {{"env", "prod"}}});
    EXPECT_TRUE(pools.apply({job}));
  }
  void scrape(std::string_view page) {
    fake.fire_timers();
    fake.mono_ns += kSecond / 2;
    fake.answer(fake.calls.size() - 1, 200, "text/plain", page);
  }

  fake::FakeHost fake;
  Host host{fake.raw()};
  publisher::SamplesPublisher publisher{fake::attached(host), 1U << 20};
  Shared shared{host, ServiceRef<tarsier_http>(host, TARSIER_HTTP_SERVICE), publisher, {}, {}, {}};
  std::map<std::string, std::vector<LabelSet>> found;  // by job
  PoolSet pools{shared, [this](const std::string& job) -> FoundTargets {
                  return [&of_job = found[job]](const auto& take) {
                    for (const LabelSet& labels : of_job) take(labels);
                  };
                }};
};

TEST_F(TargetsApi, ShowsATargetBeforeAndAfterItsFirstScrape) {
  EXPECT_THAT(targets_json(pools.snapshot(), "", ""),
              testing::HasSubstr("\"lastScrape\":\"0001-01-01T00:00:00Z\",\"lastScrapeDuration\":0,"
                                 "\"health\":\"unknown\""));
  scrape("a 1\n");
  EXPECT_EQ(targets_json(pools.snapshot(), "", ""),
            "{\"status\":\"success\",\"data\":{\"activeTargets\":[{\"discoveredLabels\":{\"__address__\":\"backend:1\","
            "\"__always_scrape_classic_histograms__\":\"false\",\"__convert_classic_histograms_to_nhcb__\":\"false\","
            "\"__metrics_path__\":\"/metrics\",\"__scheme__\":\"http\",\"__scrape_interval__\":\"15s\","
            "\"__scrape_native_histograms__\":\"false\",\"__scrape_timeout__\":\"10s\","
            "\"env\":\"prod\",\"job\":\"api\"},\"labels\":{\"env\":\"prod\",\"instance\":\"backend:1\",\"job\":\"api\"},"
            "\"scrapePool\":\"api\",\"scrapeUrl\":\"http://backend:1/metrics\",\"globalUrl\":\"http://backend:1/metrics\","
            "\"lastError\":\"\",\"lastScrape\":\"1970-01-01T00:16:40Z\",\"lastScrapeDuration\":0.5,\"health\":\"up\","
            "\"scrapeInterval\":\"15s\",\"scrapeTimeout\":\"10s\"}],\"droppedTargets\":[],\"droppedTargetCounts\":{\"api\":0}}}");
}

TEST_F(TargetsApi, FiltersByStateAndPool) {
  EXPECT_EQ(targets_json(pools.snapshot(), "dropped", ""),
            "{\"status\":\"success\",\"data\":{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":{\"api\":0}}}");
  EXPECT_EQ(targets_json(pools.snapshot(), "active", "other"),
            "{\"status\":\"success\",\"data\":{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":null}}");
}

TEST_F(TargetsApi, TakesTheStateInAnyCaseAndShowsNothingForOneThatIsNone) {
  EXPECT_EQ(targets_json(pools.snapshot(), "ACTIVE", "other"), targets_json(pools.snapshot(), "active", "other"));
  EXPECT_EQ(targets_json(pools.snapshot(), "bad", ""),
            "{\"status\":\"success\",\"data\":{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":null}}");
}

TEST_F(TargetsApi, ShowsWhatIsNotScraped) {
  Job job;
  job.name = "shop";
  job.interval_ns = 15 * kSecond;
  job.timeout_ns = 10 * kSecond;
  job.static_configs.push_back({{"a:1", "b:1", "c:1"}, {}});
  job.keep_dropped_targets = 1;
  job.relabel_configs = {*relabel::Rule::compile({.source_labels = {"__address__"}, .regex = "[ab].*", .action = "drop"}),
                         *relabel::Rule::compile({.target_label = "__address__", .replacement = ""})};
  ASSERT_TRUE(pools.apply({job}));
  const std::string periods =
      "\"__always_scrape_classic_histograms__\":\"false\",\"__convert_classic_histograms_to_nhcb__\":\"false\","
      "\"__scrape_interval__\":\"15s\",\"__scrape_native_histograms__\":\"false\",\"__scrape_timeout__\":\"10s\"";
  EXPECT_EQ(
      targets_json(pools.snapshot(), "dropped", "shop"),
      "{\"status\":\"success\",\"data\":{\"activeTargets\":[],\"droppedTargets\":[{\"discoveredLabels\":{\"__address__\":\"a:1\"," +
          periods +
          ",\"job\":\"shop\"},\"scrapePool\":\"shop\"}],\"droppedTargetCounts\":{\"shop\":2},\"refusedTargets\":[{"
          "\"discoveredLabels\":"
          "{\"__address__\":\"c:1\"," +
          periods + ",\"job\":\"shop\"},\"scrapePool\":\"shop\",\"error\":\"no address\"}]}}");
  EXPECT_EQ(targets_json(pools.snapshot(), "active", ""),
            "{\"status\":\"success\",\"data\":{\"activeTargets\":[],\"droppedTargets\":[],\"droppedTargetCounts\":null}}");
}

TEST_F(TargetsApi, ListsPools) {
  EXPECT_EQ(scrape_pools_json(pools.snapshot()), "{\"status\":\"success\",\"data\":{\"scrapePools\":[\"api\"]}}");
}

TEST_F(TargetsApi, ShowsMetadata) {
  scrape("# HELP a Of \"a\".\n# TYPE a counter\na 1\n# TYPE b untyped\nb 1\n");
  const auto pools_now = pools.snapshot();
  EXPECT_EQ(*metadata_json(pools_now, "{job=\"api\"}", "a", ""),
            "{\"status\":\"success\",\"data\":[{\"target\":{\"env\":\"prod\",\"instance\":\"backend:1\",\"job\":\"api\"},"
            "\"type\":\"counter\",\"help\":\"Of \\\"a\\\".\",\"unit\":\"\"}]}");
  EXPECT_THAT(*metadata_json(pools_now, "", "", "1"),
              testing::EndsWith("\"metric\":\"a\",\"type\":\"counter\",\"help\":\"Of \\\"a\\\".\",\"unit\":\"\"}]}"));
  EXPECT_EQ(*metadata_json(pools_now, "{job=\"no\"}", "", ""), "{\"status\":\"success\",\"data\":[]}");
  EXPECT_EQ(*metadata_json(pools_now, "temp", "", ""), "{\"status\":\"success\",\"data\":[]}");
  EXPECT_EQ(*metadata_json(pools_now, "{}", "a", ""), *metadata_json(pools_now, "", "a", ""));
  EXPECT_EQ(metadata_json(pools_now, "up{", "", "").error().message(),
            "invalid parameter \"match_target\": 1:4: parse error: unexpected end of input inside braces");
  EXPECT_FALSE(metadata_json(pools_now, "", "", "x"));
  fake.fire_timers();
  fake.answer(fake.calls.size() - 1, 200, "application/openmetrics-text",
              "# TYPE c_seconds gauge\n# UNIT c_seconds seconds\nc_seconds 1\n# EOF\n");
  EXPECT_THAT(*metadata_json(pools.snapshot(), "", "c_seconds", ""), testing::HasSubstr("\"unit\":\"seconds\""));
}

}  // namespace
}  // namespace tarsier::scrape
