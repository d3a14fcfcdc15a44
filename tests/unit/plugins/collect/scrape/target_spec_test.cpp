// Targets of a job: their labels, their URL, what rules make of them, and why some are not scraped.
#include "plugins/collect/scrape/target_spec.hpp"

#include <array>
#include <gtest/gtest.h>

namespace tarsier::scrape {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
using relabel::RuleText;

Job make_job(std::vector<std::string> targets, LabelSet labels = {}, const std::vector<RuleText>& rules = {}) {
  Job job;
  job.name = "api";
  job.interval_ns = 15 * kSecond;
  job.timeout_ns = 10 * kSecond;
  job.metrics_path = "/metrics";
  job.scheme = "http";
  job.static_configs.push_back({std::move(targets), std::move(labels)});
  for (const RuleText& rule : rules) job.relabel_configs.push_back(*relabel::Rule::compile(rule));
  return job;
}

RuleText set(const char* label, const char* value) { return {.target_label = label, .replacement = value}; }

/// Why the only target is not scraped; or its URL.
std::string outcome(const std::vector<RuleText>& rules) {
  const Targets targets = expand_targets(make_job({"a:1"}, {}, rules));
  if (!targets.active.empty()) return targets.active.front().url;
  return targets.unscraped.refused.empty() ? "dropped" : targets.unscraped.refused.front().why;
}

TEST(TargetSpec, HasTheLabelsThatItWasFoundWithAndThoseOfItsSeries) {
  Job job = make_job({"a:1", "b:2"}, {{"env", "prod"}, {"empty", ""}});
  job.params = {{"module", "http 2xx"}, {"module", "b"}};
  const Targets targets = expand_targets(job);
  ASSERT_EQ(targets.active.size(), 2U);
  const TargetSpec& first = targets.active[0];
  EXPECT_EQ(first.labels, (LabelSet{{"env", "prod"}, {"instance", "a:1"}, {"job", "api"}}));
  EXPECT_EQ(first.discovered, (LabelSet{{"__address__", "a:1"},
                                        {"__always_scrape_classic_histograms__", "false"},
                                        {"__convert_classic_histograms_to_nhcb__", "false"},
                                        {"__metrics_path__", "/metrics"},
                                        {"__param_module", "http 2xx"},
                                        {"__scheme__", "http"},
                                        {"__scrape_interval__", "15s"},
                                        {"__scrape_native_histograms__", "false"},
                                        {"__scrape_timeout__", "10s"},
                                        {"env", "prod"},
                                        {"job", "api"}}));
  EXPECT_EQ(first.url, "http://a:1/metrics?module=http+2xx&module=b");
  EXPECT_EQ(first.interval_ns, 15 * kSecond);
  EXPECT_EQ(first.timeout_ns, 10 * kSecond);
}

TEST(TargetSpec, IsScrapedWhereItsOwnLabelsSay) {
  const Targets targets = expand_targets(make_job(
      {"a:1"}, {{"__scheme__", "https"}, {"__metrics_path__", "/probe"}, {"__param_target", "x/y"}, {"instance", "mine"}}));
  EXPECT_EQ(targets.active.at(0).url, "https://a:1/probe?target=x%2Fy");
  EXPECT_EQ(targets.active[0].labels, (LabelSet{{"instance", "mine"}, {"job", "api"}}));
}

TEST(TargetSpec, IsScrapedWhereRulesSay) {
  const Targets targets = expand_targets(make_job({"https://example.org/x?y"}, {},
                                                  {{.source_labels = {"__address__"}, .target_label = "__param_target"},
                                                   {.source_labels = {"__param_target"}, .target_label = "instance"},
                                                   set("__address__", "blackbox:9115"),
                                                   set("__metrics_path__", "probe of/ü?"),
                                                   set("__scheme__", "https"),
                                                   set("__scrape_interval__", "1m"),
                                                   set("__scrape_timeout__", "500ms"),
                                                   set("__tmp_x", "1")}));
  ASSERT_EQ(targets.active.size(), 1U);
  const TargetSpec& target = targets.active[0];
  EXPECT_EQ(target.url, "https://blackbox:9115/probe%20of/%C3%BC%3F?target=https%3A%2F%2Fexample.org%2Fx%3Fy");
  EXPECT_EQ(target.labels, (LabelSet{{"instance", "https://example.org/x?y"}, {"job", "api"}}));
  EXPECT_EQ(target.discovered.at("__address__"), "https://example.org/x?y");
  EXPECT_EQ(target.interval_ns, 60 * kSecond);
  EXPECT_EQ(target.timeout_ns, kSecond / 2);
  EXPECT_EQ(target.scrape_interval, "1m");
}

TEST(TargetSpec, TakesHistogramsAsTheJobOrItsLabelsSay) {
  const auto switches = [](const std::vector<RuleText>& rules) {
    Job job = make_job({"a:1"}, {}, rules);
    job.native_histograms = true;
    const Targets targets = expand_targets(job);
    const TargetSpec& target = targets.active.at(0);
    return std::array{target.native_histograms, target.classic_beside_native, target.convert_classic};
  };
  EXPECT_EQ(switches({}), (std::array{true, false, false}));
  EXPECT_EQ(switches({set("__scrape_native_histograms__", "F"), set("__always_scrape_classic_histograms__", "1"),
                      set("__convert_classic_histograms_to_nhcb__", "True")}),
            (std::array{false, true, true}));
  EXPECT_EQ(switches({set("__scrape_native_histograms__", "")}), (std::array{true, false, false}));
}

TEST(TargetSpec, IsAskedByASocket) {
  const Targets targets = expand_targets(make_job({"a:1"}, {{"__unix_socket__", "/run/exporter.sock"}}));
  EXPECT_EQ(targets.active.at(0).socket, "/run/exporter.sock");
  EXPECT_EQ(targets.active.at(0).url, "http://a:1/metrics");
  EXPECT_EQ(outcome({set("__unix_socket__", "exporter.sock")}),
            "__unix_socket__ \"exporter.sock\" is no absolute path without a colon");
  EXPECT_EQ(outcome({set("__unix_socket__", "/a"), set("__scheme__", "https")}), "__unix_socket__ needs the scheme http");
}

TEST(TargetSpec, KeepsTheJobsParameterWhenItsLabelIsTakenAway) {
  Job job = make_job({"a:1"}, {}, {{.regex = "__param_.*", .action = "labeldrop"}});
  job.params = {{"z", "1"}, {"b", "2"}};
  EXPECT_EQ(expand_targets(job).active.at(0).url, "http://a:1/metrics?b=2&z=1");
}

TEST(TargetSpec, HasNoPathWhenRulesTakeItAway) { EXPECT_EQ(outcome({set("__metrics_path__", "")}), "http://a:1"); }

TEST(TargetSpec, IsRefusedForWhatItsLabelsSay) {
  EXPECT_EQ(outcome({set("__address__", "")}), "no address");
  EXPECT_EQ(outcome({set("__address__", "http://b")}), "\"http://b\" is not a valid hostname");
  EXPECT_EQ(outcome({set("__scrape_interval__", "soon")}), "error parsing scrape interval: not a valid duration string: \"soon\"");
  EXPECT_EQ(outcome({set("__scrape_interval__", "")}), "error parsing scrape interval: empty duration string");
  EXPECT_EQ(outcome({set("__scrape_interval__", "999999999y")}), "error parsing scrape interval: duration out of range");
  EXPECT_EQ(outcome({set("__scrape_interval__", "0s")}), "scrape interval cannot be 0");
  EXPECT_EQ(outcome({set("__scrape_interval__", "1ms")}), "scrape interval cannot be less than 10ms");
  EXPECT_EQ(outcome({set("__scrape_timeout__", "-1s")}), "error parsing scrape timeout: not a valid duration string: \"-1s\"");
  EXPECT_EQ(outcome({set("__scrape_timeout__", "0")}), "scrape timeout cannot be 0");
  EXPECT_EQ(outcome({set("__scrape_timeout__", "1m")}), "scrape timeout cannot be greater than scrape interval (\"1m\" > \"15s\")");
  EXPECT_EQ(outcome({set("__scrape_native_histograms__", "yes")}),
            "error parsing scrape native histograms: invalid syntax: \"yes\"");
  EXPECT_EQ(outcome({{.regex = "job", .replacement = "$1", .action = "labelmap"}}), "invalid label name \"\"");
}

TEST(TargetSpec, IsOneHoweverOftenItIsFound) {
  EXPECT_EQ(expand_targets(make_job({"a:1", "a:1"})).active.size(), 1U);
  const Targets targets = expand_targets(make_job({"a:1", "b:1", "c:1"}, {}, {set("__address__", "d:1"), set("instance", "x")}));
  ASSERT_EQ(targets.active.size(), 1U);
  EXPECT_EQ(targets.active[0].discovered.at("__address__"), "c:1");
}

TEST(TargetSpec, IsRememberedWhenItIsDropped) {
  Job job = make_job({"a:1", "b:1", "c:1"}, {}, {{.source_labels = {"__address__"}, .regex = "b.*", .action = "keep"}});
  Targets targets = expand_targets(job);
  EXPECT_EQ(targets.active.size(), 1U);
  ASSERT_EQ(targets.unscraped.dropped.size(), 2U);
  EXPECT_EQ(targets.unscraped.dropped[1].unpack().at("__address__"), "c:1");
  job.keep_dropped_targets = 1;
  targets = expand_targets(job);
  EXPECT_EQ(targets.unscraped.dropped.size(), 1U);
  EXPECT_EQ(targets.unscraped.dropped_count, 2U);
}

}  // namespace
}  // namespace tarsier::scrape
