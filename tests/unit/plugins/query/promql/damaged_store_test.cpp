// A store that lacks something, as when a segment is damaged, says so to each question, and whoever asked is told.
#include <gmock/gmock.h>

#include "plugins/query/promql/remote_read/messages.hpp"
#include "tests/unit/plugins/query/promql/api_fixture.hpp"

namespace tarsier::promql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kMissing = "samples are missing: segment head.7 is damaged";

/// One series `m{job="a"}` with one sample and one exemplar.
class DamagedStore {
 public:
  explicit DamagedStore(int64_t time_ns) : time_ns_(time_ns) {
    table_.size = sizeof(table_);
    table_.self = this;
    table_.select = [](void* self, const tarsier_select* select, void* user, int32_t (*on_series)(void*, const tarsier_series*),
                       tarsier_error*) -> tarsier_status {
      auto& store = *static_cast<DamagedStore*>(self);
      tarsier_series series = store.series();
      series.sample_count = 1;
      series.times_ns = &store.time_ns_;
      series.values = &store.value_;
      on_series(user, &series);
      return store.warn(*select);
    };
    table_.exemplars = [](void* self, const tarsier_select* select, void* user,
                          int32_t (*on_series)(void*, const tarsier_series*, const tarsier_exemplar*, uint64_t),
                          tarsier_error*) -> tarsier_status {
      auto& store = *static_cast<DamagedStore*>(self);
      const tarsier_series series = store.series();
      const tarsier_exemplar exemplar{sizeof(exemplar), 0, nullptr, store.time_ns_, 0.5};
      on_series(user, &series, &exemplar, 1);
      return store.warn(*select);
    };
  }
  const tarsier_samples_store& table() const noexcept { return table_; }

  std::vector<std::string> warnings;

 private:
  tarsier_series series() const {
    tarsier_series series{};
    series.size = sizeof(series);
    series.label_count = 2;
    series.labels = labels_;
    return series;
  }
  tarsier_status warn(const tarsier_select& select) const {
    if (select.warnings.warn == nullptr) return TARSIER_OK;
    for (const std::string& text : warnings) select.warnings.warn(select.warnings.user, str(text));
    return TARSIER_OK;
  }

  const int64_t time_ns_;
  const double value_ = 1;
  const tarsier_pair labels_[2] = {{str("__name__"), str("m")}, {str("job"), str("a")}};
  tarsier_samples_store table_{};
};

class DamagedStoreTest : public test::ApiFixture {
 protected:
  void SetUp() override { serve(damaged_.table()); }

  /// Asks for m by remote read; for chunks, or for samples.
  fake::Answer remote_read(bool chunks) {
    protobuf::WireWriter matcher, query, request;
    matcher.text(2, "__name__").text(3, "m");
    query.varint(1, 0).varint(2, static_cast<uint64_t>(fake_.wall_ns / 1'000'000)).message(3, matcher);
    request.message(1, query);
    if (chunks) request.varint(2, 1);  // STREAMED_XOR_CHUNKS
    return fake_.post("/api/v1/read", {}, snappy_block(request.text()));
  }
  fake::Answer federate(const std::string& accept = "", std::string_view query = "match[]=m") {
    return fake_.ask("/federate", query, {{"accept", accept}});
  }

  DamagedStore damaged_{fake_.wall_ns};
};

TEST_F(DamagedStoreTest, IsToldOfInTheAnswerAboutExemplars) {
  EXPECT_THAT(fake_.ask("/api/v1/query_exemplars", "query=m").body, Not(HasSubstr("warnings")));
  damaged_.warnings = {"exemplars may be missing: log exemplars.3 is damaged"};
  const auto answer = fake_.ask("/api/v1/query_exemplars", "query=m");
  EXPECT_EQ(answer.code, 200U);
  EXPECT_THAT(answer.body, HasSubstr(R"("exemplars":[{"labels":{},"value":"0.5")"));
  EXPECT_THAT(answer.body, HasSubstr(R"(,"warnings":["exemplars may be missing: log exemplars.3 is damaged"])"));
  EXPECT_THAT(fake_.log, IsEmpty());
}

TEST_F(DamagedStoreTest, IsToldOfOnceThoughTwoSelectorsMeetTheSameDamage) {
  damaged_.warnings = {"b is damaged", "a is damaged"};
  const auto answer = fake_.ask("/api/v1/query_exemplars", "query=m%2Bn");
  EXPECT_THAT(answer.body, HasSubstr(R"(,"warnings":["a is damaged","b is damaged"])"));
}

TEST_F(DamagedStoreTest, IsToldOfInTheLogWhenItIsFederated) {
  const std::string protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
  EXPECT_EQ(federate().code, 200U);
  EXPECT_EQ(federate(protobuf).code, 200U);
  EXPECT_THAT(fake_.log, IsEmpty()) << "nothing is missing";
  damaged_.warnings = {std::string(kMissing)};
  const auto text = federate();
  EXPECT_EQ(text.code, 200U);
  EXPECT_THAT(text.body, HasSubstr("m{job=\"a\",instance=\"\"} 1 ")) << "what is there is given all the same";
  EXPECT_THAT(fake_.log, ElementsAre("/federate: " + std::string(kMissing)));
  damaged_.warnings = {"another is damaged"};
  const auto binary = federate(protobuf);
  EXPECT_THAT(binary.content_type, HasSubstr("application/vnd.google.protobuf"));
  EXPECT_THAT(fake_.log, ElementsAre("/federate: " + std::string(kMissing), "/federate: another is damaged"));
}

TEST_F(DamagedStoreTest, IsToldOfInTheLogWhenItIsReadFromAfar) {
  for (const bool chunks : {false, true}) {
    const auto answer = remote_read(chunks);
    EXPECT_EQ(answer.code, 200U) << answer.body;
  }
  EXPECT_THAT(fake_.log, IsEmpty()) << "nothing is missing";
  damaged_.warnings = {std::string(kMissing)};
  const auto samples = remote_read(false);
  EXPECT_EQ(samples.code, 200U);
  EXPECT_EQ(samples.content_type, "application/x-protobuf");
  EXPECT_THAT(fake_.log, ElementsAre("remote read: " + std::string(kMissing)));
  damaged_.warnings = {"another is damaged"};
  const auto streamed = remote_read(true);
  EXPECT_EQ(streamed.code, 200U);
  EXPECT_THAT(streamed.content_type, HasSubstr("ChunkedReadResponse"));
  EXPECT_THAT(fake_.log, ElementsAre("remote read: " + std::string(kMissing), "remote read: another is damaged"));
}

TEST_F(DamagedStoreTest, IsLoggedOnceForClientsThatComeAgain) {
  damaged_.warnings = {std::string(kMissing)};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(federate().code, 200U);
    EXPECT_EQ(federate("", "match[]=m&match[]=%7Bjob=%22a%22%7D").code, 200U);
    EXPECT_EQ(remote_read(false).code, 200U);
    EXPECT_EQ(remote_read(true).code, 200U);
  }
  EXPECT_THAT(fake_.log, ElementsAre("/federate: " + std::string(kMissing), "remote read: " + std::string(kMissing)));
}

}  // namespace
}  // namespace tarsier::promql
