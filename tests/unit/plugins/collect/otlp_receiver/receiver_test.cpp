// What a client of OTLP is told, on the fake host. OTLP/HTTP: clients send again after 429, 502, 503 and 504, and after nothing
// else.
#include "plugins/collect/otlp_receiver/receiver.hpp"

#include <gtest/gtest.h>

#include "plugins/collect/otlp_receiver/json_request.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::otlp {
namespace {

constexpr std::string_view kOneGauge = R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[)"
                                       R"({"timeUnixNano":"1700000000000000000","asDouble":1}]}}]}]}]})";

constexpr const char* kExport = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

class ReceiverTest : public testing::Test {
 protected:
  fake::Answer send() { return fake_.post("/api/v1/otlp/v1/metrics", {{"content-type", "application/json"}}, kOneGauge); }
  void SetUp() override {
    auto added = routes_.add(
        {.methods = TARSIER_HTTP_POST, .api = "prometheus", .pattern = "/api/v1/otlp/v1/metrics", .permission = "metrics:write"},
        [this](const http::Request& request, const http::Exchange& exchange) { receiver_.take(request, exchange); });
    ASSERT_TRUE(added);
    added = grpc::add_method(
        routes_, {.api = "otlp", .path = kExport, .permission = "metrics:write"},
        [this](std::string_view message, const http::Request&, const grpc::Call& call) { receiver_.take(message, call); });
    ASSERT_TRUE(added);
  }
  fake::Answer export_message(std::string_view message) {
    return fake_.post(kExport, {{"content-type", "application/grpc"}}, grpc::frame(message));
  }
  static std::string one_gauge() {
    const auto message = *request_from_json(kOneGauge);
    return {message.begin(), message.end()};
  }

  fake::FakeHost fake_;
  Host raw_host_{fake_.raw()};
  const Host& host_ = fake::attached(raw_host_);
  Receiver receiver_{host_, Settings{}};
  http::Routes routes_{host_};
};

TEST_F(ReceiverTest, AnswersWhenTheStoreHasIt) {
  EXPECT_EQ(send().code, 200U);
  EXPECT_EQ(fake_.last_batch(), "g{} 1 @1700000000000\n");
}

TEST_F(ReceiverTest, WhatMayBeTakenLaterIsSentAgain) {
  for (const tarsier_status status : {TARSIER_AGAIN, TARSIER_UNAVAILABLE, TARSIER_CANCELLED, TARSIER_RESOURCE, TARSIER_DEADLINE,
                                      TARSIER_DENIED, TARSIER_CORRUPT, TARSIER_INTERNAL}) {
    fake_.publish_answers.push_back(status);
    EXPECT_EQ(send().code, 503U) << "refused by the bus: " << status;
    fake_.store_failures.emplace_back(status, "not now");
    const auto answer = send();
    EXPECT_EQ(answer.code, 503U) << "refused by the store: " << status;
    EXPECT_EQ(answer.headers.at("Retry-After"), "1");
    EXPECT_EQ(answer.body, "not now\n");
  }
}

TEST_F(ReceiverTest, WhatTheStoreRefusesIsNotSentAgain) {
  fake_.store_failures.push_back(Error::invalid("1 of 1 samples refused: out of order"));
  const auto answer = send();
  EXPECT_EQ(answer.code, 400U);
  EXPECT_EQ(answer.body, "1 of 1 samples refused: out of order\n");
}

TEST_F(ReceiverTest, AnswersGrpcWhenTheStoreHasIt) {
  const auto answer = export_message(one_gauge());
  EXPECT_EQ(answer.body, grpc::frame(""));
  EXPECT_EQ(answer.trailers.at("grpc-status"), "0");
  EXPECT_EQ(fake_.last_batch(), "g{} 1 @1700000000000\n");
  EXPECT_EQ(export_message("").trailers.at("grpc-status"), "0") << "nothing to store";
}

TEST_F(ReceiverTest, TellsGrpcOfWhatIsNotStoredForGood) {
  EXPECT_EQ(export_message("\x0a\xff").headers.at("grpc-status"), "3");
  fake_.store_failures.push_back(Error::invalid("1 of 1 samples refused: out of order"));
  const auto answer = export_message(one_gauge());
  EXPECT_EQ(answer.headers.at("grpc-status"), "3");
  EXPECT_EQ(answer.headers.at("grpc-message"), "1 of 1 samples refused: out of order");
}

TEST_F(ReceiverTest, HasGrpcSendAgainWhatMayBeTakenLater) {
  for (const tarsier_status status : {TARSIER_AGAIN, TARSIER_UNAVAILABLE, TARSIER_RESOURCE, TARSIER_INTERNAL}) {
    fake_.publish_answers.push_back(status);
    EXPECT_EQ(export_message(one_gauge()).headers.at("grpc-status"), "14") << "refused by the bus: " << status;
    fake_.store_failures.emplace_back(status, "not now");
    const auto answer = export_message(one_gauge());
    EXPECT_EQ(answer.headers.at("grpc-status"), "14") << "refused by the store: " << status;
    EXPECT_EQ(answer.headers.at("grpc-message"), "not now");
    EXPECT_TRUE(answer.headers.contains("grpc-status-details-bin"));
  }
  // google.rpc.Status{14, "m", [Any{".../google.rpc.RetryInfo", RetryInfo{Duration{2 s}}}]}
  EXPECT_EQ(retry_details("m", 2), std::string("\x08\x0e\x12\x01m\x1a\x30\x0a\x28", 9) +
                                       "type.googleapis.com/google.rpc.RetryInfo" + "\x12\x04\x0a\x02\x08\x02");
}

}  // namespace
}  // namespace tarsier::otlp
