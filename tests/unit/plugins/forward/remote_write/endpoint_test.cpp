// What an endpoint sends, and what it does with answers.
#include "sender_fixture.hpp"
#include "tarsier/flat_set.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::forward {
namespace {

using test::kMs;
using test::kSecond;
using test::samples_of;

class EndpointTest : public test::SenderTest {
 protected:
  /// Appends samples of so many series, and lets the deadline pass.
  void send(uint32_t series, int64_t time_ms, double value) {
    ASSERT_TRUE(append(samples_of(series, time_ms, value)));
    run();
    pass(kSecond);
  }
};

TEST_F(EndpointTest, SendsWhatItTakesWithTheHeadersOfTheSpecification) {
  open();
  send(2, 5000, 1.5);
  ASSERT_EQ(fake_.calls.size(), 1U);
  EXPECT_EQ(fake_.calls[0].url, "http://there/write");
  const auto& headers = fake_.calls[0].headers;
  EXPECT_EQ(headers.at("Content-Type"), "application/x-protobuf");
  EXPECT_EQ(headers.at("Content-Encoding"), "snappy");
  EXPECT_EQ(headers.at("X-Prometheus-Remote-Write-Version"), "0.1.0");
  EXPECT_EQ(headers.at("User-Agent").substr(0, 8), "Tarsier/");
  EXPECT_FALSE(headers.contains("Retry-Attempt"));
  EXPECT_EQ(text(0), "m{i=0} 1.5 @5000\nm{i=1} 1.5 @5000\n");
  answer(0, 204);
  pass(10 * kSecond);
  EXPECT_EQ(fake_.calls.size(), 1U);
  EXPECT_EQ(metric("sent_samples_total"), 2);
  EXPECT_EQ(metric("pending_samples"), 0);
}

TEST_F(EndpointTest, ARequestThatIsFullLeavesAtOnce) {
  endpoint_.sending.max_samples_per_send = 4;
  open();
  ASSERT_TRUE(append(samples_of(10, 1000, 1)));
  run();
  ASSERT_EQ(fake_.calls.size(), 1U);
  EXPECT_EQ(std::ranges::count(text(0), '\n'), 4);
  answer(0, 204);
  ASSERT_EQ(fake_.calls.size(), 2U);
  answer(1, 204);
  EXPECT_EQ(fake_.calls.size(), 2U) << "the rest waits for its deadline";
  pass(kSecond);
  ASSERT_EQ(fake_.calls.size(), 3U);
  EXPECT_EQ(std::ranges::count(text(2), '\n'), 2);
}

TEST_F(EndpointTest, WhatFailsIsSentAgainTheSameWithGrowingPauses) {
  open();
  send(1, 1000, 1);
  const auto body = fake_.calls[0].body;
  int64_t longest = 30 * kMs;
  fail(0);
  for (size_t i = 1; i < 20; ++i) {
    int64_t waited = 0;
    while (under_way().empty() && waited < 10 * kSecond) pass(kMs), waited += kMs;
    ASSERT_EQ(fake_.calls.size(), i + 1);
    EXPECT_LE(waited, longest + 2 * kMs) << i;
    EXPECT_GE(waited, longest / 2 - 2 * kMs) << i;
    longest = std::min(2 * longest, 5 * kSecond);
    EXPECT_EQ(fake_.calls[i].body, body);
    EXPECT_EQ(fake_.calls[i].headers.at("Retry-Attempt"), std::to_string(i));
    if (i % 2 == 0) {
      answer(i, 503);
    } else {
      fail(i, TARSIER_DEADLINE);
    }
  }
  EXPECT_NE(fake_.health, "ok");
  pass(6 * kSecond);
  ASSERT_EQ(fake_.calls.size(), 21U);
  answer(20, 204);
  EXPECT_EQ(fake_.health, "ok");
  EXPECT_EQ(metric("sent_samples_total"), 1);
  EXPECT_EQ(metric("retried_samples_total"), 20);
}

TEST_F(EndpointTest, ComesBackWhenTheReceiverAsksItTo) {
  open();
  send(1, 1000, 1);
  answer(0, 429, {{"retry-after", "30"}});
  pass(29 * kSecond);
  EXPECT_EQ(fake_.calls.size(), 1U);
  pass(2 * kSecond);
  EXPECT_EQ(fake_.calls.size(), 2U);
}

TEST_F(EndpointTest, WhatIsRefusedForGoodIsDroppedAndSaid) {
  open();
  send(1, 1000, 1);
  answer(0, 400, {}, "out of order sample");
  EXPECT_NE(fake_.health.find("out of order sample"), std::string::npos) << fake_.health;
  EXPECT_EQ(metric("failed_samples_total"), 1);
  send(1, 2000, 2);
  ASSERT_EQ(fake_.calls.size(), 2U);
  EXPECT_EQ(text(1), "m{i=0} 2 @2000\n");
}

TEST_F(EndpointTest, SeveralShardsKeepEachSeriesInOrder) {
  endpoint_.sending.min_shards = endpoint_.sending.max_shards = 4;
  endpoint_.sending.max_samples_per_send = 7;
  open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(append(samples_of(30, i * 1000, i)));
  std::map<std::string, std::vector<int64_t>> times;
  size_t most = 0, answered = 0;
  while (true) {
    pass(kSecond);
    const auto calls = under_way();
    if (calls.empty()) break;
    most = std::max(most, calls.size());
    // The first fails from time to time; the others are answered in another order.
    for (size_t k = calls.size(); k > 0; --k) {
      if (++answered % 5 == 0) {
        fail(calls[k - 1]);
        continue;
      }
      std::istringstream lines(text(calls[k - 1]));
      for (std::string series, value, at; lines >> series >> value >> at;) times[series].push_back(std::stoll(at.substr(1)));
      answer(calls[k - 1], 204);
    }
  }
  EXPECT_EQ(most, 4U);
  ASSERT_EQ(times.size(), 30U);
  for (const auto& [series, found] : times) {
    ASSERT_EQ(found.size(), 20U) << series;
    for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], static_cast<int64_t>(i) * 1000) << series;
  }
}

TEST_F(EndpointTest, TakesNoMoreIntoMemoryThanItMay) {
  endpoint_.sending.capacity = 100;
  endpoint_.sending.max_samples_per_send = 20;
  open();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(append(samples_of(10, i * 1000, i)));
  run();
  // One request is under way; 100 samples wait at most, whatever is in the queue.
  EXPECT_EQ(fake_.calls.size(), 1U);
  EXPECT_EQ(take_all().size(), 50U);
  EXPECT_EQ(metric("sent_samples_total"), 1000);
}

TEST_F(EndpointTest, Version2HasItsHeadersAndReadsWhatWasWritten) {
  endpoint_.message = Message::request_v2;
  open();
  send(1, 1000, 1);
  EXPECT_EQ(fake_.calls[0].headers.at("Content-Type"), "application/x-protobuf;proto=io.prometheus.write.v2.Request");
  EXPECT_EQ(fake_.calls[0].headers.at("X-Prometheus-Remote-Write-Version"), "2.0.0");
  EXPECT_EQ(text(0), "m{i=0} 1 @1000\n");
  answer(0, 204, written_all_);
  EXPECT_EQ(metric("sent_samples_total"), 1);
  send(1, 2000, 1);
  answer(1, 204);
  EXPECT_EQ(metric("sent_samples_total"), 1);
  EXPECT_EQ(metric("failed_samples_total"), 1);
  EXPECT_NE(fake_.health.find("did not say that it has written"), std::string::npos) << fake_.health;
}

TEST_F(EndpointTest, WhatAReceiverOf2HasTakenOfARefusedRequestIsCounted) {
  endpoint_.message = Message::request_v2;
  open();
  send(5, 1000, 1);
  answer(0, 400, {{"x-prometheus-remote-write-samples-written", "3"}}, "out of order sample");
  EXPECT_EQ(metric("sent_samples_total"), 3);
  EXPECT_EQ(metric("failed_samples_total"), 2);
}

TEST_F(EndpointTest, ExternalLabelsAndStalenessMarkers) {
  endpoint_.external_labels = {{"i", "no"}, {"site", "north"}};
  open();
  send(1, 1000, std::bit_cast<double>(TARSIER_STALE_NAN_BITS));
  EXPECT_EQ(text(0), "m{i=0,site=north} stale @1000\n");
}

TEST_F(EndpointTest, WhatRulesDropIsCountedAndHoldsNothingUp) {
  const auto rule = relabel::Rule::compile({.source_labels = {"i"}, .regex = "[02-9]|1.+", .action = "drop"});
  ASSERT_TRUE(rule);
  endpoint_.write_relabel_configs = {*rule};
  open();
  send(20, 1000, 1);
  ASSERT_EQ(fake_.calls.size(), 1U);
  EXPECT_EQ(text(0), "m{i=1} 1 @1000\n");
  EXPECT_EQ(metric("dropped_samples_total"), 19);
  answer(0, 204);
  EXPECT_EQ(metric("pending_samples"), 0);
  send(1, 2000, 1);
  EXPECT_EQ(fake_.calls.size(), 1U) << "nothing is left to send";
  EXPECT_EQ(metric("pending_samples"), 0) << "the place in the queue goes on";
  kill_and_restart();
  pass(kSecond);
  EXPECT_EQ(fake_.calls.size(), 1U);
}

TEST_F(EndpointTest, HistogramsAndExemplarsAreSentWhereTheyAreWanted) {
  NativeHistogram custom;
  custom.schema = NativeHistogram::kCustomBuckets;
  custom.count = 1;
  custom.sum = 2;
  custom.positive_spans = {{0, 1}};
  custom.positive_buckets = {1};
  custom.custom_bounds = {5};
  std::vector<uint8_t> encoded, exemplar;
  encode_histogram(custom, encoded);
  append_flat_label(exemplar, "trace_id", "x");
  batch::SamplesBuilder builder;
  const batch::Label labels[] = {{"__name__", "h"}};
  builder.series(labels);
  builder.histogram(kSecond, 2, 0, encoded);
  builder.exemplar(kSecond, 1, exemplar);
  const auto batch = test::finish(builder);

  endpoint_.name = "plain";
  EndpointSettings all = endpoint_, all_v1 = endpoint_;
  all.send_exemplars = all.send_native_histograms = all_v1.send_native_histograms = true;
  all.name = "all", all_v1.name = "all in 1.0";
  all.message = Message::request_v2;
  others_ = {all, all_v1};
  open();
  ASSERT_TRUE(append(batch));
  run();
  pass(kSecond);
  ASSERT_EQ(fake_.calls.size(), 1U) << "1.0 has no custom buckets";
  EXPECT_EQ(text(0), "h{} 2 @1000\n");
  EXPECT_EQ(batch::ExemplarsView(fake_.batch(fake_.batches.size() - 1)).size(), 1U);
  answer(0, 204, written_all_);
  EXPECT_EQ(metric("sent_histograms_total"), 1);
  EXPECT_EQ(metric("sent_exemplars_total"), 1);
  EXPECT_EQ(metric("dropped_samples_total"), 2);
}

TEST_F(EndpointTest, OldSamplesAreLeftOut) {
  endpoint_.sending.sample_age_limit_ns = 60 * kSecond;
  open();
  const int64_t now_ms = fake_.wall_ns / kMs;
  ASSERT_TRUE(append(samples_of(1, now_ms - 61'000, 1)));
  ASSERT_TRUE(append(samples_of(1, now_ms - 1'000, 2)));
  run();
  pass(kSecond);
  EXPECT_EQ(text(0), "m{i=0} 2 @" + std::to_string(now_ms - 1'000) + "\n");
  fail(0);
  pass(70 * kSecond);
  EXPECT_TRUE(under_way().empty()) << "meanwhile the other is too old, too";
  EXPECT_EQ(metric("dropped_samples_total"), 2);
}

TEST_F(EndpointTest, MetadataGoesInRequestsOfItsOwn) {
  endpoint_.metadata.send = true;
  open();
  batch::SamplesBuilder builder;
  const batch::Label labels[] = {{"__name__", "c_total"}};
  builder.series(labels);
  builder.metadata(TARSIER_SERIES_COUNTER, "Counts.", "", 6);
  builder.sample(kSecond, 1);
  ASSERT_TRUE(append(test::finish(builder)));
  run();
  pass(2 * kSecond);
  ASSERT_EQ(fake_.calls.size(), 2U);
  const size_t metadata = text(0).empty() ? 0 : 1;
  EXPECT_EQ(text(metadata), "");
  const batch::SamplesView taken(fake_.batch(fake_.batches.size() - 1));
  EXPECT_EQ(taken.help(0), "Counts.");
  EXPECT_EQ(taken.labels().value(0, 0), "c") << "the family's name, which this metric has with a tail";
  answer(0, 204);
  answer(1, 204);
  pass(61 * kSecond);
  EXPECT_EQ(fake_.calls.size(), 3U);
}

TEST_F(EndpointTest, SaysWhatWaitedTooLong) {
  endpoint_.max_age_ns = 60 * kSecond;
  open();
  ASSERT_TRUE(append(samples_of(1, 1000, 1)));
  run();
  pass(kSecond);  // one is under way, and hangs
  const auto said = [&] {
    return std::ranges::count_if(fake_.log,
                                 [](const std::string& line) { return line.find("longer than max_queue_age") != line.npos; });
  };
  endpoint_.sending.capacity = 1;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(samples_of(10, 2000 + i, 1)));
  sender_.reset();
  drop_calls();
  fake_.wall_ns += 120 * kSecond;
  open();
  EXPECT_EQ(metric("dropped_samples_total"), 31);
  EXPECT_EQ(said(), 1) << "in one line";
  ASSERT_TRUE(append(samples_of(5, 3000, 1)));
  run();
  EXPECT_EQ(said(), 1);
}

TEST_F(EndpointTest, SaysOnceWhenThereIsMoreMetadataThanItKeeps) {
  endpoint_.metadata.send = true;
  open();
  const std::string help(4096, 'h');
  for (int batch = 0; batch < 5; ++batch) {
    batch::SamplesBuilder builder;
    for (int i = 0; i < 1000; ++i) {
      const std::string name = "m" + std::to_string(batch * 1000 + i);
      const batch::Label labels[] = {{"__name__", name}};
      builder.series(labels);
      builder.metadata(TARSIER_SERIES_GAUGE, help, "");
      builder.sample(kSecond, 1);
    }
    ASSERT_TRUE(append(test::finish(builder)));
    run();
  }
  take_all();
  EXPECT_GT(metric("left_out_metadata_total"), 500);
  EXPECT_EQ(
      std::ranges::count_if(fake_.log, [](const std::string& line) { return line.find("more metric families") != line.npos; }), 1);
}

TEST_F(EndpointTest, ResharesWhenALotWaitsAndKeepsTheOrder) {
  endpoint_.sending.max_samples_per_send = 50;
  endpoint_.sending.capacity = 5'000;
  fake_.answer_duration_ns = 900 * kMs;
  open();
  std::map<std::string, std::vector<int64_t>> times;
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(append(samples_of(20, i * 1000, i)));
  size_t most = 0, taken = 0, taken_by_one = 0;
  for (int idle = 0; idle < 3;) {
    const auto calls = under_way();
    idle = calls.empty() ? idle + 1 : 0;
    most = std::max(most, calls.size());
    taken += calls.size();
    if (most < 2) taken_by_one = taken;
    for (const size_t call : calls) {
      std::istringstream lines(text(call));
      for (std::string series, value, at; lines >> series >> value >> at;) times[series].push_back(std::stoll(at.substr(1)));
      answer(call, 204);
    }
    pass(kSecond);
  }
  EXPECT_GT(most, 1U);
  EXPECT_LT(taken_by_one, 14U) << "what waits in memory does not hold it up";
  ASSERT_EQ(times.size(), 20U);
  for (const auto& [series, found] : times) {
    ASSERT_EQ(found.size(), 400U) << series;
    EXPECT_TRUE(std::ranges::is_sorted(found)) << series;
  }
}

}  // namespace
}  // namespace tarsier::forward
