// Targets and pools on a fake host: requests, outcomes, publishing, what a change of the configuration does.
#include "plugins/collect/scrape/target.hpp"

#include <filesystem>
#include <fstream>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "plugins/collect/scrape/pool_set.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::scrape {
namespace {

using testing::HasSubstr;
constexpr int64_t kSecond = 1'000'000'000;

Job make_job(std::string name, std::vector<std::string> targets) {
  Job job;
  job.name = std::move(name);
  job.interval_ns = 15 * kSecond;
  job.timeout_ns = 10 * kSecond;
  job.metrics_path = "/metrics";
  job.scheme = "http";
  job.static_configs.push_back({std::move(targets), {}});
  return job;
}

class TargetTest : public testing::Test {
 protected:
  void apply(std::vector<Job> jobs) {
    auto applied = pools.apply(jobs);
    ASSERT_TRUE(applied) << applied.error().message();
  }
  const Target& target(size_t pool = 0) { return *pools.snapshot().at(pool).targets.at(0); }

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

TEST_F(TargetTest, AsksAsPrometheusDoes) {
  Job job = make_job("api", {"a:1"});
  job.client.authorization.value = "Bearer t";
  job.accept = "text/plain;version=0.0.4;q=0.6,*/*;q=0.5";
  job.client.headers = {{"X-Extra", "1"}};
  job.body_size_limit = 1234;
  apply({job});
  fake.fire_timers();
  ASSERT_EQ(fake.calls.size(), 1U);
  fake::Call& call = fake.calls[0];
  EXPECT_EQ(call.url, "http://a:1/metrics");
  EXPECT_EQ(call.headers["Accept"], "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
  EXPECT_EQ(call.headers["X-Prometheus-Scrape-Timeout-Seconds"], "10");
  EXPECT_EQ(call.headers["Authorization"], "Bearer t");
  EXPECT_EQ(call.headers["X-Extra"], "1");
  EXPECT_EQ(call.timeout_ns, 10 * kSecond);
  EXPECT_EQ(call.max_body_bytes, 1234U);
  EXPECT_EQ(call.max_redirects, 10U);
  EXPECT_EQ(call.flags, uint32_t{TARSIER_CLIENT_ACCEPT_GZIP | TARSIER_CLIENT_HTTP2});
  fake.answer(0, 200, "text/plain", "");
}

TEST_F(TargetTest, AsksByASocket) {
  Job job = make_job("api", {"a:1"});
  job.static_configs[0].labels["__unix_socket__"] = "/run/x.sock";
  job.params = {{"a", "b"}};
  apply({job});
  fake.fire_timers();
  ASSERT_EQ(fake.calls.size(), 1U);
  EXPECT_EQ(fake.calls[0].url, "unix:///run/x.sock:/metrics?a=b");
  EXPECT_EQ(fake.calls[0].headers["Host"], "a:1");
  fake.answer(0, 200, "text/plain", "");
}

TEST_F(TargetTest, PublishesAPageAndItsReportAsOneBatch) {
  apply({make_job("api", {"a:1"})});
  fake.fire_timers();
  fake.mono_ns += kSecond / 4;
  fake.answer(0, 200, "text/plain; version=0.0.4", "x{y=\"1\"} 2\n");
  ASSERT_EQ(fake.batches.size(), 1U);
  EXPECT_EQ(fake.last_batch(),
            "scrape_duration_seconds{instance=a:1,job=api} 0.25 @1000000\n"
            "scrape_samples_post_metric_relabeling{instance=a:1,job=api} 1 @1000000\n"
            "scrape_samples_scraped{instance=a:1,job=api} 1 @1000000\n"
            "scrape_series_added{instance=a:1,job=api} 1 @1000000\n"
            "up{instance=a:1,job=api} 1 @1000000\n"
            "x{instance=a:1,job=api,y=1} 2 @1000000\n");
  EXPECT_EQ(target().status().health, Target::Health::up);
  EXPECT_EQ(target().status().last_scrape_ns, 1000 * kSecond);
}

TEST_F(TargetTest, ABatchOfWhichNothingIsHeardAnyMoreIsNotCalledLost) {
  apply({make_job("api", {"a:1"})});
  fake.store_failures.emplace_back(TARSIER_CANCELLED, "the instance stops");
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "x 1\n");
  EXPECT_THAT(fake.log, testing::Each(testing::Not(HasSubstr("not stored"))));
  fake.store_failures.emplace_back(TARSIER_RESOURCE, "the disk is full");
  fake.fire_timers();
  fake.answer(1, 200, "text/plain", "x 2\n");
  EXPECT_THAT(fake.log, testing::Contains(HasSubstr("not stored")));
}

TEST_F(TargetTest, WhoSeesUpAtZeroIsToldWhy) {
  apply({make_job("api", {"a:1"})});
  std::string told = "nothing was published";
  const auto reader = subscribe(host, TARSIER_TOPIC_SAMPLES, TARSIER_FULL_DROP_OLDEST, 1U << 20,
                                [&](const Batch&) { told = target().status().last_error; });
  ASSERT_TRUE(reader);
  fake.fire_timers();
  fake.answer(0, 500, "text/plain", "");
  EXPECT_EQ(told, "server returned HTTP status 500 Internal Server Error");
}

TEST_F(TargetTest, TellsMoreOfAScrapeWhenItIsAsked) {
  Job job = make_job("api", {"a:1"});
  job.extra_scrape_metrics = true;
  job.sample_limit = 7;
  apply({job});
  const auto scraped = [&](const std::function<void(size_t)>& answer) {
    fake.fire_timers();
    answer(fake.calls.size() - 1);
    return fake.last_batch();
  };
  const auto good = scraped([&](size_t call) { fake.answer(call, 200, "text/plain", "x 2\n"); });
  EXPECT_THAT(good, HasSubstr("scrape_timeout_seconds{instance=a:1,job=api} 10 "));
  EXPECT_THAT(good, HasSubstr("scrape_sample_limit{instance=a:1,job=api} 7 "));
  EXPECT_THAT(good, HasSubstr("scrape_body_size_bytes{instance=a:1,job=api} 4 "));
  EXPECT_THAT(scraped([&](size_t call) { fake.answer(call, 200, "text/plain", "x 2\ny y y\n"); }),
              HasSubstr("scrape_body_size_bytes{instance=a:1,job=api} 10 "));
  EXPECT_THAT(scraped([&](size_t call) { fake.answer(call, 500, "text/plain", "x 2\n"); }),
              HasSubstr("scrape_body_size_bytes{instance=a:1,job=api} 0 "));
  EXPECT_THAT(scraped([&](size_t call) { fake.fail(call, TARSIER_RESOURCE, "body is larger than 10 bytes"); }),
              HasSubstr("scrape_body_size_bytes{instance=a:1,job=api} -1 "));
  pools.stop(true);
  EXPECT_THAT(fake.last_batch(), HasSubstr("scrape_body_size_bytes{instance=a:1,job=api} stale "));
}

TEST_F(TargetTest, FailedScrapesAreNotedInTheFileOfTheJob) {
  const std::string file = testing::TempDir() + "scrape_failures";
  std::filesystem::remove(file);
  Job job = make_job("api", {"a:1"});
  job.failures.log = std::make_shared<FailureLog>(file);
  apply({job});
  const auto fail = [&](uint32_t code) {
    fake.fire_timers();
    fake.answer(fake.calls.size() - 1, code, "text/plain", "x 2\n");
  };
  const auto lines = [&](const std::string& of) {
    std::ifstream from(of);
    return std::string(std::istreambuf_iterator<char>(from), {});
  };
  const std::string line = R"({"time":"1970-01-01T00:16:40Z","level":"ERROR","msg":"server returned HTTP status 500 )"
                           R"(Internal Server Error","job_name":"api","target":"http://a:1/metrics"})"
                           "\n";
  fail(200);
  EXPECT_FALSE(std::filesystem::exists(file));
  fail(500);
  EXPECT_EQ(lines(file), line);
  fail(500);
  EXPECT_EQ(lines(file), line + line) << "also when it is the same failure";
  std::filesystem::rename(file, file + ".1");
  fail(500);
  EXPECT_EQ(lines(file), line);
  EXPECT_EQ(lines(file + ".1"), line + line);
  std::filesystem::remove(file);
  std::filesystem::remove(file + ".1");
  std::filesystem::create_directory(file);
  const size_t said = fake.log.size();
  fail(500), fail(500);
  EXPECT_EQ(fake.log.size(), said + 1) << "that it cannot be noted is said once";
  std::filesystem::remove(file);
}

TEST_F(TargetTest, AFailedScrapeIsDownAndMarksSeriesStale) {
  apply({make_job("api", {"a:1"})});
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "x 2\n");
  const struct {
    std::function<void(size_t)> answer;
    std::string error;
  } failures[] = {
      {[&](size_t call) { fake.answer(call, 500, "text/plain", "x 2\n"); },
       "server returned HTTP status 500 Internal Server Error"},
      {[&](size_t call) { fake.answer(call, 200, "text/html", "x 2\n"); }, "received unsupported Content-Type"},
      {[&](size_t call) { fake.answer(call, 200, "text/plain", "x 2\nbad line here\n"); }, "line 2"},
      {[&](size_t call) { fake.fail(call, TARSIER_RESOURCE, "body is larger than 10 bytes"); }, "body is larger"},
      {[&](size_t call) { fake.fail(call, TARSIER_DEADLINE, "no answer within 10s"); }, "no answer within"},
  };
  for (const auto& failure : failures) {
    fake.wall_ns += 15 * kSecond;
    fake.fire_timers();
    failure.answer(fake.calls.size() - 1);
    EXPECT_THAT(fake.last_batch(), HasSubstr("up{instance=a:1,job=api} 0 "));
    EXPECT_THAT(fake.last_batch(), HasSubstr("x{instance=a:1,job=api} stale "));
    EXPECT_THAT(target().status().last_error, HasSubstr(failure.error));
    EXPECT_EQ(target().status().health, Target::Health::down);
    fake.fire_timers();
    fake.answer(fake.calls.size() - 1, 200, "text/plain", "x 2\n");
    EXPECT_EQ(target().status().last_error, "");
  }
}

TEST_F(TargetTest, ACallThatCannotBeginIsAFailedScrape) {
  fake.request_answer = TARSIER_UNAVAILABLE;
  apply({make_job("api", {"a:1"})});
  fake.fire_timers();
  EXPECT_THAT(fake.last_batch(), HasSubstr("up{instance=a:1,job=api} 0 "));
}

TEST_F(TargetTest, OneBadTargetDoesNotMakeTheHealthFlap) {
  apply({make_job("bad", {"a:1"}), make_job("good", {"b:1"})});
  const auto round = [&](bool bad_is_stored, tarsier_status published = TARSIER_OK) {
    fake.fire_timers();
    for (size_t call = fake.calls.size() - 2; call < fake.calls.size(); ++call) {
      const bool bad = fake.calls[call].url == "http://a:1/metrics";
      if (bad && !bad_is_stored) fake.store_failures.push_back(Error::invalid("too many labels"));
      if (bad) fake.publish_answers.push_back(published);
      fake.answer(call, 200, "text/plain", "x 1\n");
      if (!bad && !bad_is_stored) {
        EXPECT_THAT(fake.health, testing::StartsWith("samples are not stored"));
      }
    }
    return fake.health;
  };
  EXPECT_EQ(round(true), "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(round(false), "samples are not stored: too many labels");
  EXPECT_EQ(round(true), "ok");
  fake.store_failures.clear();
  for (int i = 0; i < 3; ++i) EXPECT_THAT(round(true, TARSIER_INVALID), HasSubstr("refused by the test"));
  apply({make_job("good", {"b:1"})});
  fake.fire_timers();
  fake.answer(fake.calls.size() - 1, 200, "text/plain", "x 1\n");
  EXPECT_EQ(fake.health, "ok") << "who is gone fails no more";
}

TEST_F(TargetTest, ShowsHowItIsWhileAPageIsRead) {
  apply({make_job("api", {"a:1"})});
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "# TYPE x counter\n");
  bool asked = false;
  target().each_metadata([&](const Metadata&) {  // as long as this runs no page is read
    const auto status = std::async(std::launch::async, [&] { return std::pair(target().status(), target().discovered()); });
    asked = status.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  });
  EXPECT_TRUE(asked);
}

TEST_F(TargetTest, SkipsATickWhileAnAnswerIsOwed) {
  apply({make_job("api", {"a:1"})});
  fake.fire_timers();
  fake.fire_timers();
  EXPECT_EQ(fake.calls.size(), 1U);
  fake.answer(0, 200, "text/plain", "");
  fake.fire_timers();
  EXPECT_EQ(fake.calls.size(), 2U);
  fake.answer(1, 200, "text/plain", "");
}

TEST_F(TargetTest, AlignsTimestampsThatAreNearTheSchedule) {
  apply({make_job("api", {"a:1"})});
  const int64_t offset = fake.timers[0].offset_ns;
  const int64_t scheduled = (70 * 15 * kSecond + offset) / 1'000'000 * 1'000'000;
  for (const auto& [late_ms, aligned] : {std::pair<int64_t, bool>{1, true}, {50, true}, {60, false}}) {
    fake.wall_ns = scheduled + late_ms * 1'000'000;
    fake.fire_timers();
    fake.answer(fake.calls.size() - 1, 200, "text/plain", "");
    EXPECT_EQ(target().status().last_scrape_ns, aligned ? scheduled : fake.wall_ns) << late_ms;
  }
}

TEST_F(TargetTest, SpreadsTargetsOverTheIntervalInSlotsOfAQuarterOfASecond) {
  std::vector<std::string> addresses;
  for (int i = 0; i < 100; ++i) addresses.push_back("host:" + std::to_string(9000 + i));
  apply({make_job("api", addresses)});
  std::set<int64_t> fifths;
  for (const fake::Timer& timer : fake.timers) {
    EXPECT_GE(timer.offset_ns, 0);
    EXPECT_LT(timer.offset_ns, 15 * kSecond);
    EXPECT_EQ(timer.offset_ns % (kSecond / 4), 0);
    fifths.insert(timer.offset_ns / (3 * kSecond));
  }
  EXPECT_EQ(fifths.size(), 5U);
}

TEST_F(TargetTest, ATargetLimitFailsEveryTarget) {
  Job job = make_job("api", {"a:1", "b:1"});
  job.target_limit = 1;
  apply({job});
  fake.fire_timers();
  EXPECT_TRUE(fake.calls.empty());
  EXPECT_EQ(fake.batches.size(), 2U);
  EXPECT_EQ(target().status().last_error, "target_limit exceeded (number of targets: 2, limit: 1)");
}

TEST_F(TargetTest, OnlyChangedJobsRestart) {
  apply({make_job("a", {"a:1"}), make_job("b", {"b:1"})});
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "x 1\n");
  fake.answer(1, 200, "text/plain", "x 1\n");
  const Target* kept = &target(0);
  const size_t before = fake.batches.size();
  apply({make_job("a", {"a:1"}), make_job("b", {"c:1"})});
  EXPECT_EQ(&target(0), kept);
  ASSERT_EQ(fake.batches.size(), before + 1);
  EXPECT_THAT(fake.last_batch(), HasSubstr("up{instance=b:1,job=b} stale"));
  EXPECT_THAT(fake.last_batch(), HasSubstr("x{instance=b:1,job=b} stale"));
  size_t running = 0;
  for (const fake::Timer& timer : fake.timers) running += timer.cancelled ? 0U : 1U;
  EXPECT_EQ(running, 2U);
}

TEST_F(TargetTest, ATargetThatGoesOnUnderTheSameLabelsGetsNoMarkers) {
  apply({make_job("a", {"a:1"})});
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "x 1\n");
  Job faster = make_job("a", {"a:1"});
  faster.interval_ns = faster.timeout_ns = 5 * kSecond;
  apply({faster});
  EXPECT_EQ(fake.batches.size(), 1U);
}

relabel::Rule rule(relabel::RuleText text) { return *relabel::Rule::compile(std::move(text)); }

TEST_F(TargetTest, SeriesThatChangedRulesLeaveOutGetMarkersWithTheNextPage) {
  apply({make_job("a", {"a:1"})});
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "x 1\ny 1\n");
  Job changed = make_job("a", {"a:1"});
  changed.metric_relabel_configs = {rule({.source_labels = {"__name__"}, .regex = "y", .action = "drop"})};
  apply({changed});
  EXPECT_EQ(fake.batches.size(), 1U);
  fake.wall_ns += 15 * kSecond;
  fake.fire_timers();
  fake.answer(1, 200, "text/plain", "x 2\ny 2\n");
  EXPECT_THAT(fake.last_batch(), HasSubstr("x{instance=a:1,job=a} 2 "));
  EXPECT_THAT(fake.last_batch(), HasSubstr("y{instance=a:1,job=a} stale "));
  EXPECT_THAT(fake.last_batch(), HasSubstr("scrape_samples_post_metric_relabeling{instance=a:1,job=a} 1 "));
  EXPECT_THAT(fake.last_batch(), HasSubstr("scrape_samples_scraped{instance=a:1,job=a} 2 "));
}

TEST_F(TargetTest, ATargetThatGoesOnShowsHowItsLastScrapeWent) {
  apply({make_job("a", {"a:1"})});
  fake.fire_timers();
  fake.answer(0, 500, "text/plain", "");
  Job changed = make_job("a", {"a:1"});
  changed.honor_labels = true;
  apply({changed});
  EXPECT_EQ(target().status().health, Target::Health::down);
  EXPECT_THAT(target().status().last_error, HasSubstr("500"));
  changed.metrics_path = "/other";
  apply({changed});
  EXPECT_EQ(target().status().health, Target::Health::unknown);
}

TEST_F(TargetTest, ATargetThatEndsBeforeItsFirstScrapeMarksWhatItInherited) {
  apply({make_job("a", {"a:1"})});
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "x 1\n");
  Job changed = make_job("a", {"a:1"});
  changed.honor_labels = true;
  apply({changed});
  apply({});
  EXPECT_THAT(fake.last_batch(), HasSubstr("x{instance=a:1,job=a} stale "));
  EXPECT_THAT(fake.last_batch(), HasSubstr("up{instance=a:1,job=a} stale "));
}

TEST_F(TargetTest, ATargetWhoseLabelsRulesChangeIsAnother) {
  apply({make_job("a", {"a:1"})});
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "x 1\n");
  Job changed = make_job("a", {"a:1"});
  changed.relabel_configs = {rule({.target_label = "instance", .replacement = "other"})};
  apply({changed});
  EXPECT_THAT(fake.last_batch(), HasSubstr("x{instance=a:1,job=a} stale "));
  fake.fire_timers();
  fake.answer(1, 200, "text/plain", "x 1\n");
  EXPECT_THAT(fake.last_batch(), HasSubstr("x{instance=other,job=a} 1 "));
}

TEST_F(TargetTest, IsScrapedAsOftenAndAsLongAsItsLabelsSay) {
  Job job = make_job("a", {"a:1"});
  job.relabel_configs = {rule({.target_label = "__scrape_interval__", .replacement = "5s"}),
                         rule({.target_label = "__scrape_timeout__", .replacement = "1s500ms"})};
  apply({job});
  EXPECT_EQ(fake.timers.front().interval_ns, 5 * kSecond);
  EXPECT_LT(fake.timers.front().offset_ns, 5 * kSecond);
  fake.fire_timers();
  EXPECT_EQ(fake.calls.at(0).timeout_ns, 3 * kSecond / 2);
  EXPECT_EQ(fake.calls[0].headers["X-Prometheus-Scrape-Timeout-Seconds"], "1.5");
  fake.answer(0, 200, "text/plain", "");
}

TEST_F(TargetTest, RepeatedSeriesAreCountedAndToldOnce) {
  shared.repeated = Counter(host, "repeated", "");
  apply({make_job("a", {"a:1"})});
  for (size_t call = 0; call < 3; ++call) {
    fake.fire_timers();
    fake.answer(call, 200, "text/plain", "x 1\nx 2\nx 3\n");
  }
  EXPECT_EQ(fake.metrics["repeated"], 6);
  EXPECT_EQ(std::count_if(fake.log.begin(), fake.log.end(),
                          [](const std::string& line) { return line.find("more than once") != std::string::npos; }),
            1);
  EXPECT_THAT(fake.log.back(), HasSubstr("job=a target=http://a:1/metrics left_out=2"));
}

TEST_F(TargetTest, TargetsThatCannotBeScrapedAreTold) {
  Job job = make_job("a", {"a:1", "b:1"});
  job.relabel_configs = {
      rule({.source_labels = {"__address__"}, .regex = "b.*", .target_label = "__address__", .replacement = ""})};
  apply({job});
  EXPECT_EQ(pools.snapshot().at(0).targets.size(), 1U);
  EXPECT_THAT(fake.log.back(), HasSubstr("targets cannot be scraped job=a targets=1 first=b:1 error=no address"));
}

TEST_F(TargetTest, TargetsThatAreFoundAgainGoOnUndisturbed) {
  found["a"] = {{{"__address__", "b:1"}, {"__meta_rack", "1"}}, {{"__address__", "c:1"}}};
  apply({make_job("a", {"a:1"})});
  const auto before = pools.snapshot().at(0).targets;
  ASSERT_EQ(before.size(), 3U);
  fake.fire_timers();
  for (size_t call = 0; call < 3; ++call) fake.answer(call, 200, "text/plain", "x 1\n");
  const size_t batches = fake.batches.size();
  found["a"] = {{{"__address__", "d:1"}}, {{"__address__", "b:1"}, {"__meta_rack", "2"}}};
  ASSERT_TRUE(pools.refresh("a"));
  const auto now = pools.snapshot().at(0).targets;
  ASSERT_EQ(now.size(), 3U);
  EXPECT_EQ(now[0], before[0]);
  EXPECT_EQ(now[1]->spec().url, "http://d:1/metrics");
  EXPECT_EQ(now[2], before[1]);
  EXPECT_EQ(now[2]->discovered().at("__meta_rack"), "2");
  ASSERT_EQ(fake.batches.size(), batches + 1);
  EXPECT_THAT(fake.last_batch(), HasSubstr("x{instance=c:1,job=a} stale "));
  EXPECT_EQ(pools.refresh("b").error().code(), TARSIER_NOT_FOUND);
}

TEST_F(TargetTest, ATargetLimitHoldsForWhatIsFoundAndNoLonger) {
  Job job = make_job("a", {"a:1"});
  job.target_limit = 1;
  found["a"] = {{{"__address__", "b:1"}}};
  apply({job});
  fake.fire_timers();
  EXPECT_TRUE(fake.calls.empty());
  found["a"].clear();
  ASSERT_TRUE(pools.refresh("a"));
  fake.fire_timers();
  ASSERT_EQ(fake.calls.size(), 1U);
  fake.answer(0, 200, "text/plain", "");
}

TEST_F(TargetTest, ReadsOpenMetrics) {
  apply({make_job("a", {"a:1"})});
  fake.fire_timers();
  fake.answer(0, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", "x_total 1 # {trace_id=\"7\"} 0.5\n# EOF\n");
  EXPECT_THAT(fake.last_batch(), HasSubstr("x_total{instance=a:1,job=a} 1 "));
  fake.fire_timers();
  fake.answer(1, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", "x_total 1\n");
  EXPECT_EQ(target().status().last_error, "line 2: data does not end with # EOF");
}

TEST_F(TargetTest, AnAnswerAfterTheStopIsThrownAway) {
  apply({make_job("a", {"a:1"})});
  fake.fire_timers();
  pools.stop(true);
  fake.answer(0, 200, "text/plain", "x 1\n");
  EXPECT_TRUE(fake.batches.empty());
}

TEST_F(TargetTest, BatchesWaitInOrderWhileTheStoreIsBusy) {
  apply({make_job("a", {"a:1"})});
  fake.publish_answers = {TARSIER_AGAIN};
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "x 1\n");
  EXPECT_TRUE(fake.batches.empty());
  fake.fire_timers();  // the next scrape, and the retry
  EXPECT_EQ(fake.batches.size(), 1U);
  fake.answer(1, 200, "text/plain", "x 2\n");
  ASSERT_EQ(fake.batches.size(), 2U);
  EXPECT_THAT(fake.batch_text(0), HasSubstr("x{instance=a:1,job=a} 1 "));
  EXPECT_THAT(fake.batch_text(1), HasSubstr("x{instance=a:1,job=a} 2 "));
  EXPECT_EQ(fake.metrics["tarsier_publisher_retries_total"], 1);
}

TEST_F(TargetTest, WhatTheBusRefusesForGoodIsDroppedAndSaid) {
  apply({make_job("a", {"a:1"})});
  fake.publish_answers = {TARSIER_INVALID};
  fake.fire_timers();
  fake.answer(0, 200, "text/plain", "x 1\n");
  EXPECT_EQ(fake.metrics["tarsier_publisher_dropped_total"], 1);
  EXPECT_THAT(fake.log.back(), HasSubstr("samples were refused"));
}

}  // namespace
}  // namespace tarsier::scrape
