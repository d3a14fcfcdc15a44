// The bodies that clients read, byte for byte.
#include <gtest/gtest.h>
#include <limits>

#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/query_json.hpp"
#include "tests/conformance/memory_store.hpp"
#include "tests/unit/plugins/query/promql/histogram/written.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kMs = 1'000'000;

/// Keeps what was answered; takes pieces of a streamed answer only every other time.
class Recorder {
 public:
  Recorder() {
    table_.size = sizeof(table_);
    table_.respond = [](tarsier_exchange* exchange, uint32_t status, const tarsier_pair*, uint32_t, tarsier_bytes whole) {
      auto& self = of(exchange);
      self.code = status;
      self.body = view(whole);
      self.ended = true;
    };
    table_.begin = [](tarsier_exchange* exchange, uint32_t status, const tarsier_pair*, uint32_t) { of(exchange).code = status; };
    table_.write = [](tarsier_exchange* exchange, tarsier_bytes piece) -> tarsier_status {
      auto& self = of(exchange);
      self.busy_ = !self.busy_;
      if (self.busy_) return TARSIER_AGAIN;
      self.body += view(piece);
      ++self.pieces;
      return TARSIER_OK;
    };
    table_.end = [](tarsier_exchange* exchange, int32_t aborted) { of(exchange).ended = aborted == 0; };
    table_.on_writable = [](tarsier_exchange*, void* user, void (*fn)(void*)) { fn(user); };
  }
  http::Exchange exchange() { return {&table_, reinterpret_cast<tarsier_exchange*>(this)}; }

  uint32_t code = 0;
  std::string body;
  size_t pieces = 0;
  bool ended = false;

 private:
  static Recorder& of(tarsier_exchange* exchange) { return *reinterpret_cast<Recorder*>(exchange); }
  tarsier_http table_{};
  bool busy_ = false;
};

std::string text_of(const QueryAnswer& answer, Stats stats) {
  json::Writer json;
  AnswerWriter writer(answer, stats);
  while (writer.write_some(json)) {
  }
  return json.take();
}

std::string answer_to(QueryRequest request, std::string_view stats = {}) {
  request.count_samples = !stats.empty();
  test::MemoryStore store;
  store.add({{"__name__", "up"}, {"job", "a\"b"}}, 1000 * kMs, 1);
  store.add({{"__name__", "up"}, {"job", "a\"b"}}, 2500 * kMs, 1e21);
  Engine engine({}, [] { return int64_t{0}; });
  std::string out;
  const auto outcome =
      engine.query(*store.table(), request, [&](const QueryAnswer& answer) { out = text_of(answer, stats_of(stats)); });
  return outcome ? out : outcome.error().message();
}

QueryRequest instant(std::string_view expression, int64_t time_ms) {
  QueryRequest request;
  request.expression = expression;
  request.start_ns = time_ms * kMs;
  return request;
}

TEST(QueryJson, WritesEachResultTypeAsPrometheusDoes) {
  EXPECT_EQ(answer_to(instant("up", 2500)),
            R"({"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a\"b"},"value":[2.500,"1e+21"]}]})");
  EXPECT_EQ(answer_to(instant("up[1m]", 3000)),
            R"({"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a\"b"},"values":[[1,"1"],[2.500,"1e+21"]]}]})");
  EXPECT_EQ(answer_to(instant("-Inf", -1500)), R"({"resultType":"scalar","result":[-1.500,"-Inf"]})");
  EXPECT_EQ(answer_to(instant("\"text\"", 0)), R"({"resultType":"string","result":[0,"text"]})");
  QueryRequest range = instant("vector(time())", 0);
  range.end_ns = 1000 * kMs;
  range.step_ns = 500 * kMs;
  EXPECT_EQ(answer_to(range), R"({"resultType":"matrix","result":[{"metric":{},"values":[[0,"0"],[0.500,"0.5"],[1,"1"]]}]})");
}

TEST(QueryJson, WritesTimesOfStepsAcrossAllThatCanBeStored) {
  QueryRequest range = instant("1", -9'000'000'000'000);
  range.end_ns = 9'000'000'000'000 * kMs;
  range.step_ns = 9'000'000'000'000 * kMs;
  EXPECT_EQ(answer_to(range),
            R"({"resultType":"matrix","result":[{"metric":{},"values":[[-9000000000,"1"],[0,"1"],[9000000000,"1"]]}]})");
}

TEST(QueryJson, WritesHistogramsAsPrometheusDoes) {
  test::MemoryStore store;
  store.add({{"__name__", "size"}}, 0, 7);
  store.add({{"__name__", "size"}}, 1000 * kMs,
            test::written("count:6 sum:1.5 z_bucket:1 z_bucket_w:0.001 buckets:[2 0 1] n_buckets:[2]"));
  const auto answer = [&](const QueryRequest& request) {
    std::string out;
    Engine engine({}, [] { return int64_t{0}; });
    const auto outcome =
        engine.query(*store.table(), request, [&](const QueryAnswer& found) { out = text_of(found, Stats::kNone); });
    return outcome ? out : outcome.error().message();
  };
  const std::string histogram =
      R"({"count":"6","sum":"1.5","buckets":[[1,"-1","-0.5","2"],[3,"-0.001","0.001","1"],[0,"0.5","1","2"],[0,"2","4","1"]]})";
  EXPECT_EQ(answer(instant("size", 1000)),
            R"({"resultType":"vector","result":[{"metric":{"__name__":"size"},"histogram":[1,)" + histogram + "]}]}");
  EXPECT_EQ(answer(instant("size[1m]", 1000)),
            R"({"resultType":"matrix","result":[{"metric":{"__name__":"size"},"values":[[0,"7"]],"histograms":[[1,)" + histogram +
                "]]}]}");
  QueryRequest range = instant("size offset -1s", 0);
  range.end_ns = 1;
  range.step_ns = 1000 * kMs;
  EXPECT_EQ(answer(range),
            R"({"resultType":"matrix","result":[{"metric":{"__name__":"size"},"histograms":[[0,)" + histogram + "]]}]}");
}

TEST(QueryJson, AddsStatisticsOnlyWhenAsked) {
  EXPECT_EQ(answer_to(instant("1", 0)).find("stats"), std::string::npos);
  EXPECT_NE(answer_to(instant("up", 2500), "true").find(R"("samples":{"totalQueryableSamples":1,"peakSamples":1})"),
            std::string::npos);
  QueryRequest range = instant("up", 1000);
  range.end_ns = 2500 * kMs;
  range.step_ns = 1500 * kMs;
  EXPECT_NE(
      answer_to(range, "all").find(R"("samples":{"totalQueryableSamplesPerStep":[[1,1],[2.500,1]],"totalQueryableSamples":2,)"),
      std::string::npos);
}

TEST(Envelope, PutsWarningsBehindTheData) {
  Recorder recorder;
  answer(recorder.exchange(), [](json::Writer& json) { json.begin_array().end_array(); }, {"careful"}, {});
  EXPECT_EQ(recorder.body, R"({"status":"success","data":[],"warnings":["careful"]})");
  EXPECT_EQ(recorder.code, 200U);
}

TEST(Envelope, ShowsAtMostTenAnnotationsOfAKind) {
  Recorder recorder;
  answer(recorder.exchange(), [](json::Writer& json) { json.null(); }, std::vector<std::string>(12, "w"));
  EXPECT_NE(recorder.body.find(R"("2 more warning annotations omitted"])"), std::string::npos);
}

TEST(Envelope, TellsErrorsByTypeAndStatus) {
  const auto told = [](const Error& error) {
    Recorder recorder;
    refuse(recorder.exchange(), error);
    return std::to_string(recorder.code) + " " + recorder.body;
  };
  EXPECT_EQ(told(Error::invalid("1:3: parse error: x")),
            R"(400 {"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:3: parse error: x"})");
  EXPECT_EQ(told(Error(TARSIER_DEADLINE, "late")), R"(503 {"status":"error","errorType":"timeout","error":"late"})");
  EXPECT_EQ(told(Error(TARSIER_CANCELLED, "gone")), R"(499 {"status":"error","errorType":"canceled","error":"gone"})");
  EXPECT_EQ(told(Error(TARSIER_RESOURCE, "much")), R"(422 {"status":"error","errorType":"execution","error":"much"})");
}

TEST(Body, WaitsForSlowClients) {
  Recorder recorder;
  answer(recorder.exchange(), [](json::Writer& json) {
    json.begin_array();
    for (int i = 0; i < 50000; ++i) json.begin_array().integer(i).end_array();
    json.end_array();
  });
  EXPECT_TRUE(recorder.ended);
  EXPECT_GT(recorder.pieces, 3U);
  EXPECT_EQ(recorder.body.substr(recorder.body.size() - 9), "[49999]]}");
}

}  // namespace
}  // namespace tarsier::promql
