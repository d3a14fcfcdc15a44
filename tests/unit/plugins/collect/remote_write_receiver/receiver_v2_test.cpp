// Remote write 2.0, from the body to the batch and the answer.
#include "tarsier/flat_set.hpp"
#include "tests/unit/plugins/collect/remote_write_receiver/sender.hpp"

namespace tarsier::remote_write {
namespace {

/// A request with a table of symbols, as a sender makes it.
class Request {
 public:
  Request() { (void)ref(""); }
  uint64_t ref(std::string_view symbol) {
    const auto found = std::ranges::find(symbols_, symbol);
    const auto index = static_cast<uint64_t>(found - symbols_.begin());
    if (found == symbols_.end()) symbols_.emplace_back(symbol);
    return index;
  }
  WireWriter refs(uint32_t number, std::initializer_list<std::string_view> symbols) {
    std::vector<uint8_t> list;
    for (const std::string_view symbol : symbols) append_varint(list, ref(symbol));
    WireWriter message;
    message.text(number, {reinterpret_cast<const char*>(list.data()), list.size()});
    return message;
  }
  void add(const WireWriter& series) { series_.push_back(series); }
  WireWriter message() const {
    WireWriter message;
    for (const std::string& symbol : symbols_) message.text(4, symbol);
    for (const WireWriter& series : series_) message.message(5, series);
    return message;
  }

 private:
  std::vector<std::string> symbols_;
  std::vector<WireWriter> series_;
};

class RequestV2Test : public ReceiverTest {
 protected:
  static std::string written(const fake::Answer& answer) {
    const auto of = [&](const char* sort) {
      const auto found = answer.headers.find(std::string("X-Prometheus-Remote-Write-") + sort + "-Written");
      return found == answer.headers.end() ? std::string("none") : found->second;
    };
    return of("Samples") + " " + of("Histograms") + " " + of("Exemplars");
  }
  static WireWriter sample_since(double value, int64_t time_ms, int64_t start_ms) {
    return sample(value, time_ms).varint(3, static_cast<uint64_t>(start_ms));
  }
};

TEST_F(RequestV2Test, SaysWhatIsWritten) {
  Request request;
  WireWriter up = request.refs(1, {"__name__", "up", "job", "node"});
  up.message(2, sample(1, 1000)).message(2, sample(0, 2000));
  WireWriter exemplar = request.refs(1, {"trace_id", "abc"});
  exemplar.float64(2, 0.5).varint(3, 900);
  up.message(4, exemplar);
  request.add(up);
  WireWriter histogram, latency = request.refs(1, {"__name__", "latency"});
  histogram.varint(1, 0).sint(4, 0).varint(15, 1000).varint(17, 500);
  latency.message(3, histogram);
  request.add(latency);
  const auto answer = send_v2(request.message());
  EXPECT_EQ(answer.code, 204U) << answer.body;
  EXPECT_EQ(written(answer), "2 1 1");
  EXPECT_EQ(fake_.last_batch(), "latency{} 0 @1000 since 500\nup{job=node} 0 @2000\nup{job=node} 1 @1000\n");
  const batch::ExemplarsView exemplars(fake_.batch(0));
  ASSERT_EQ(exemplars.size(), 1U);
  std::vector<batch::Label> labels;
  ASSERT_TRUE(decode_flat_set(exemplars.labels(0), labels));
  EXPECT_EQ(labels, (std::vector<batch::Label>{{"trace_id", "abc"}}));
}

TEST_F(RequestV2Test, PrefersASamplesStartToThatOfTheSeries) {
  Request request;
  WireWriter series = request.refs(1, {"__name__", "hits"});
  series.message(2, sample(1, 1000)).message(2, sample_since(2, 2000, 1500)).varint(6, 700);
  request.add(series);
  EXPECT_EQ(send_v2(request.message()).code, 204U);
  EXPECT_EQ(fake_.last_batch(), "hits{} 1 @1000 since 700\nhits{} 2 @2000 since 1500\n");
}

TEST_F(RequestV2Test, CarriesMetadataOfASeries) {
  Request request;
  WireWriter metadata, series = request.refs(1, {"__name__", "hits"});
  metadata.varint(1, 4).varint(3, request.ref("How many.")).varint(4, request.ref("bytes"));
  series.message(2, sample(1, 1000)).message(5, metadata);
  request.add(series);
  EXPECT_EQ(send_v2(request.message()).code, 204U);
  const batch::SamplesView samples(fake_.batch(0));
  ASSERT_TRUE(samples.has_metadata());
  EXPECT_EQ(samples.type(0), uint32_t{TARSIER_SERIES_GAUGE_HISTOGRAM});
  EXPECT_EQ(samples.help(0), "How many.");
  EXPECT_EQ(samples.unit(0), "bytes");
}

TEST_F(RequestV2Test, SortsLabelsAndDropsEmptyValues) {
  Request request;
  WireWriter series = request.refs(1, {"job", "node", "gone", "", "__name__", "up"});
  series.message(2, sample(1, 1000));
  request.add(series);
  EXPECT_EQ(send_v2(request.message()).code, 204U);
  EXPECT_EQ(fake_.last_batch(), "up{job=node} 1 @1000\n");
}

TEST_F(RequestV2Test, FindsSymbolsThatStandBehindTheSeries) {
  Request request;
  WireWriter series = request.refs(1, {"__name__", "up"});
  series.message(2, sample(1, 1000));
  WireWriter message;
  message.message(5, series).text(4, "").text(4, "__name__").text(4, "up");
  EXPECT_EQ(send_v2(message).code, 204U);
  EXPECT_EQ(fake_.last_batch(), "up{} 1 @1000\n");
}

TEST_F(RequestV2Test, RefusesSeriesWithBadLabelsAndKeepsTheRest) {
  const struct {
    const char* message;
    std::initializer_list<std::string_view> labels;
  } cases[] = {
      {"without a metric name", {"job", "node"}},      {"without a metric name", {}},
      {"an empty name", {"__name__", "bad", "", "x"}}, {"a is there twice", {"__name__", "bad", "a", "1", "a", "2"}},
      {"not UTF-8", {"__name__", "bad", "a", "\xff"}}, {"a label without a value", {"__name__", "bad", "a"}},
  };
  for (const auto& test : cases) {
    Request request;
    WireWriter good = request.refs(1, {"__name__", "good"});
    request.add(good.message(2, sample(1, 1000)));
    WireWriter bad = request.refs(1, test.labels);
    request.add(bad.message(2, sample(1, 1000)).message(2, sample(2, 2000)));
    const auto answer = send_v2(request.message());
    EXPECT_EQ(answer.code, 400U) << test.message;
    EXPECT_NE(answer.body.find(test.message), std::string::npos) << answer.body;
    EXPECT_EQ(answer.body.substr(0, 2), "2 ") << answer.body;
    EXPECT_EQ(written(answer), "1 0 0");
    EXPECT_EQ(fake_.last_batch(), "good{} 1 @1000\n");
  }
}

TEST_F(RequestV2Test, CountsWhatTheStoreRefused) {
  Request request;
  WireWriter series = request.refs(1, {"__name__", "up"});
  request.add(series.message(2, sample(1, 1000)).message(2, sample(0, 2000)));
  fake_.store_failures.push_back(Error::invalid("1 of 2 samples refused: out of order"));
  const auto answer = send_v2(request.message());
  EXPECT_EQ(answer.code, 400U);
  EXPECT_EQ(written(answer), "1 0 0");
}

TEST_F(RequestV2Test, ThatIsDamagedIsRefusedWhole) {
  Request request;
  WireWriter series = request.refs(1, {"__name__", "up"});
  series.varint(1, 99);  // a symbol that is not there
  request.add(series.message(2, sample(1, 1000)));
  EXPECT_EQ(send_v2(request.message()).code, 400U);
  EXPECT_TRUE(fake_.batches.empty());
}

}  // namespace
}  // namespace tarsier::remote_write
