#include "core/telemetry/metrics.hpp"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <thread>
#include <vector>

#include "core/host/host_context.hpp"
#include "core/telemetry/logs.hpp"
#include "tarsier/result.hpp"

namespace tarsier::telemetry {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, WritesTheTextFormat) {
  Metrics metrics;
  const host::Owner owner("mine", "node", false);
  const std::array<Label, 2> labels = {{{"code", "a\"b\\c\nd"}, {"bad", "\xff"}}};
  const std::array<double, 2> bounds = {0.1, 1};
  auto counter = metrics.resolve(&owner, {TARSIER_METRIC_COUNTER, "tarsier_test_sent_total", "Sent\nmessages \\.", labels});
  auto gauge = metrics.resolve(nullptr, {TARSIER_METRIC_GAUGE, "tarsier_test_open", "Open."});
  auto histogram = metrics.resolve(&owner, {TARSIER_METRIC_HISTOGRAM, "tarsier_test_seconds", "Time.", {}, bounds});
  ASSERT_TRUE(counter.ok() && gauge.ok() && histogram.ok());
  Metrics::add(*counter, 2);
  Metrics::add(*counter, -1);
  Metrics::add(*counter, std::numeric_limits<double>::quiet_NaN());
  Metrics::set(*counter, 99);
  Metrics::set(*gauge, 5);
  Metrics::add(*gauge, -1.5);
  Metrics::add(*histogram, 0.5);
  EXPECT_EQ(metrics.text(),
            "# HELP tarsier_test_open Open.\n# TYPE tarsier_test_open gauge\ntarsier_test_open 3.5\n"
            "# HELP tarsier_test_seconds Time.\n# TYPE tarsier_test_seconds histogram\n"
            "tarsier_test_seconds_count{plugin=\"mine\"} 1\ntarsier_test_seconds_sum{plugin=\"mine\"} 0.5\n"
            "tarsier_test_seconds_bucket{plugin=\"mine\",le=\"0.1\"} 0\ntarsier_test_seconds_bucket{plugin=\"mine\",le=\"1\"} 1\n"
            "tarsier_test_seconds_bucket{plugin=\"mine\",le=\"+Inf\"} 1\n"
            "# HELP tarsier_test_sent_total Sent\\nmessages \\\\.\n# TYPE tarsier_test_sent_total counter\n"
            "tarsier_test_sent_total{bad=\"\xef\xbf\xbd\",code=\"a\\\"b\\\\c\\nd\",plugin=\"mine\"} 2\n");
}

TEST(Metrics, GivesTheSameHandleForTheSameArguments) {
  Metrics metrics;
  const host::Owner owner("mine", "node", false), other("other", "node", false);
  const std::array<Label, 2> labels = {{{"a", "1"}, {"b", "2"}}};
  const std::array<Label, 2> swapped = {{{"b", "2"}, {"a", "1"}}};
  const MetricSpec spec{TARSIER_METRIC_COUNTER, "x_total", "X.", labels};
  tarsier_metric* first = *metrics.resolve(&owner, spec);
  EXPECT_EQ(first, *metrics.resolve(&owner, {TARSIER_METRIC_COUNTER, "x_total", "X.", swapped}));
  EXPECT_NE(first, *metrics.resolve(&other, spec));
}

TEST(Metrics, RefusesWhatTheDataModelDoesNotAllow) {
  Metrics metrics;
  const host::Owner owner("mine", "node", false);
  ASSERT_TRUE(metrics.resolve(nullptr, {TARSIER_METRIC_COUNTER, "taken", ""}).ok());
  const std::array<double, 2> descending = {2, 1};
  const std::array<double, 1> infinite = {std::numeric_limits<double>::infinity()};
  const auto message = [&](const MetricSpec& spec) {
    const auto metric = metrics.resolve(&owner, spec);
    return metric.ok() ? std::string("no error") : metric.error().message();
  };
  const auto label_message = [&](std::vector<Label> labels, tarsier_metric_type type = TARSIER_METRIC_COUNTER) {
    return message({type, "m", "", labels});
  };
  EXPECT_EQ(message({TARSIER_METRIC_COUNTER, "", ""}), "metric \"\": is no valid metric name");
  EXPECT_EQ(message({TARSIER_METRIC_COUNTER, "1x", ""}), "metric \"1x\": is no valid metric name");
  EXPECT_EQ(message({TARSIER_METRIC_COUNTER, "a-b", ""}), "metric \"a-b\": is no valid metric name");
  EXPECT_EQ(message({TARSIER_METRIC_COUNTER, "tarsier_plugin_calls_total", ""}),
            "metric \"tarsier_plugin_calls_total\": has a name that is kept for the host");
  EXPECT_EQ(message({7, "m", ""}), "metric \"m\": unknown type 7");
  EXPECT_EQ(message({TARSIER_METRIC_GAUGE, "taken", ""}), "metric \"taken\" is of another type already");
  EXPECT_EQ(message({TARSIER_METRIC_HISTOGRAM, "m", "", {}, descending}), "metric \"m\": bounds are not finite and ascending");
  EXPECT_EQ(message({TARSIER_METRIC_HISTOGRAM, "m", "", {}, infinite}), "metric \"m\": bounds are not finite and ascending");
  EXPECT_EQ(message({TARSIER_METRIC_GAUGE, "m", "", {}, infinite}), "metric \"m\": bounds are for histograms only");
  EXPECT_EQ(label_message({{"a b", "x"}}), "metric \"m\": label \"a b\" is no valid label name");
  EXPECT_EQ(label_message({{"__name__", "x"}}), "metric \"m\": label \"__name__\" is no valid label name");
  EXPECT_EQ(label_message({{"plugin", "x"}}), "metric \"m\": label \"plugin\" is set by the host");
  EXPECT_EQ(label_message({{"le", "x"}}, TARSIER_METRIC_HISTOGRAM), "metric \"m\": label \"le\" is the histogram's own");
  EXPECT_EQ(label_message({{"a", "x"}, {"a", "y"}}), "metric \"m\": label \"a\" is given twice");
  EXPECT_EQ(label_message(std::vector<Label>(17, Label{"a", "x"})), "metric \"m\": has more than 16 labels");
  EXPECT_EQ(metrics.text(), "# TYPE taken counter\ntaken 0\n");
}

TEST(Metrics, ForgetsAnOwnersSeriesWhenItIsDetached) {
  Metrics metrics;
  const host::Owner owner("mine", "node", false), other("other", "node", false);
  ASSERT_TRUE(metrics.resolve(&owner, {TARSIER_METRIC_COUNTER, "x_total", "X."}).ok());
  ASSERT_TRUE(metrics.resolve(&owner, {TARSIER_METRIC_COUNTER, "only_mine", ""}).ok());
  ASSERT_TRUE(metrics.resolve(&other, {TARSIER_METRIC_COUNTER, "x_total", "X."}).ok());
  metrics.detach(owner);
  EXPECT_EQ(metrics.text(), "# HELP x_total X.\n# TYPE x_total counter\nx_total{plugin=\"other\"} 0\n");
  EXPECT_TRUE(metrics.resolve(&other, {TARSIER_METRIC_GAUGE, "only_mine", ""}).ok())
      << "the name is free again, for another type too";
}

TEST(Metrics, KeepsASeriesThatTheNextVersionOfTheInstanceHasToo) {
  Metrics metrics;
  const host::Owner before("mine", "node", false), after("mine", "node", false);
  const MetricSpec spec{TARSIER_METRIC_COUNTER, "x_total", "X."};
  tarsier_metric* metric = *metrics.resolve(&before, spec);
  EXPECT_EQ(*metrics.resolve(&after, spec), metric);
  metrics.detach(before);
  Metrics::add(metric, 1);
  EXPECT_THAT(metrics.text(), HasSubstr("x_total{plugin=\"mine\"} 1\n"));
}

TEST(Metrics, LimitsTheSeriesOfOneOwner) {
  Metrics metrics;
  const host::Owner owner("mine", "node", false);
  for (size_t i = 0; i < Metrics::kMaxSeriesPerOwner; ++i) {
    const std::string value = std::to_string(i);
    const std::array<Label, 1> labels = {{{"i", value}}};
    ASSERT_TRUE(metrics.resolve(&owner, {TARSIER_METRIC_COUNTER, "x_total", "X.", labels}).ok());
  }
  const auto refused = metrics.resolve(&owner, {TARSIER_METRIC_COUNTER, "y_total", "Y."});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), TARSIER_RESOURCE);
  const std::array<Label, 1> known = {{{"i", "7"}}};
  EXPECT_TRUE(metrics.resolve(&owner, {TARSIER_METRIC_COUNTER, "x_total", "X.", known}).ok()) << "what it has, it keeps";
}

TEST(Metrics, AsksCollectorsAtEachScrape) {
  Metrics metrics;
  Logs logs({Level::error, LogFormat::text, {}});
  const uint64_t id = metrics.add_collector([&](std::vector<Family>& families) {
    append_log_counts(logs, families);
    families.push_back({"a_seconds_total", "A \\.", FamilyType::counter, {{{{"plugin", "z"}}, 1.5}, {{{"plugin", "b"}}, 2}}});
    families.push_back({"a_seconds_total", "A \\.", FamilyType::counter, {{{{"plugin", "c"}}, 3}}});
  });
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# HELP a_seconds_total A \\\\.\n# TYPE a_seconds_total counter\na_seconds_total{plugin=\"b\"} 2\n"
                              "a_seconds_total{plugin=\"c\"} 3\na_seconds_total{plugin=\"z\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("tarsier_log_lines_total{level=\"error\"} 0\n"));
  metrics.remove_collector(id);
  EXPECT_EQ(metrics.text(), "");
}

TEST(Metrics, SurvivesACollectorThatThrows) {
  Metrics metrics;
  metrics.add_collector([](std::vector<Family>&) { throw std::runtime_error("broken"); });
  metrics.add_collector([](std::vector<Family>& families) { families.push_back({"y", "Y.", FamilyType::gauge, {{{}, 1}}}); });
  EXPECT_THAT(metrics.text(), HasSubstr("\ny 1\n"));
  EXPECT_THAT(metrics.text(), HasSubstr("\ntarsier_telemetry_collector_failures_total 2\n"));
}

TEST(Metrics, CountsExactlyUnderManyThreads) {
  Metrics metrics;
  const host::Owner owner("mine", "node", false);
  tarsier_metric* counter = *metrics.resolve(&owner, {TARSIER_METRIC_COUNTER, "x_total", "X."});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const host::Owner mine("t" + std::to_string(t), "node", false);
      for (int i = 0; i < 500; ++i) {
        Metrics::add(counter, 1);
        tarsier_metric* own = *metrics.resolve(&mine, {TARSIER_METRIC_GAUGE, "g", "G."});
        Metrics::set(own, i);
        if (i % 50 == 0) {
          EXPECT_FALSE(metrics.text().empty());
          metrics.detach(mine);
        }
      }
      metrics.detach(mine);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(metrics.text(), "# HELP x_total X.\n# TYPE x_total counter\nx_total{plugin=\"mine\"} 2000\n");
}

TEST(Metrics, AnswersPluginsThroughTheContract) {
  Metrics metrics;
  host::Owner owner("mine", "node", false);
  host::Rooms rooms;
  rooms.metrics = &metrics;
  host::HostContext context{&owner, &rooms};
  const tarsier_host host{sizeof(tarsier_host), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, &context, nullptr};
  const tarsier_metrics* service = metrics_service();
  const tarsier_pair label{str("code"), str("200")};
  tarsier_error error = empty_error();
  tarsier_metric* metric =
      service->resolve(&host, TARSIER_METRIC_COUNTER, str("x_total"), str("X."), &label, 1, nullptr, 0, &error);
  ASSERT_NE(metric, nullptr);
  service->add(metric, 3);
  service->set(metric, 9);
  service->add(nullptr, 1);
  EXPECT_THAT(metrics.text(), HasSubstr("x_total{code=\"200\",plugin=\"mine\"} 3\n"));
  EXPECT_EQ(service->resolve(&host, TARSIER_METRIC_GAUGE, str("x_total"), str("X."), nullptr, 0, nullptr, 0, &error), nullptr);
  EXPECT_EQ(error.code, TARSIER_INVALID);
  EXPECT_EQ(std::string(error.message, error.message_size), "metric \"x_total\" is of another type already");
  EXPECT_EQ(service->resolve(&host, TARSIER_METRIC_GAUGE, str("x_total"), str("X."), nullptr, 0, nullptr, 0, nullptr), nullptr);
}

}  // namespace
}  // namespace tarsier::telemetry
