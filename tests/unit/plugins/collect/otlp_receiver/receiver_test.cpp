// What a client of OTLP is told, on the fake host. OTLP/HTTP: clients send again after 429, 502, 503 and 504, and after nothing
// else.
#include "plugins/collect/otlp_receiver/receiver.hpp"

#include <gtest/gtest.h>

#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::otlp {
namespace {

constexpr std::string_view kOneGauge = R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[)"
                                       R"({"timeUnixNano":"1700000000000000000","asDouble":1}]}}]}]}]})";

class ReceiverTest : public testing::Test {
 protected:
  fake::Answer send() { return fake_.post("/api/v1/otlp/v1/metrics", {{"content-type", "application/json"}}, kOneGauge); }
  void SetUp() override {
    auto added = routes_.add(
        {.methods = TARSIER_HTTP_POST, .api = "prometheus", .pattern = "/api/v1/otlp/v1/metrics", .permission = "metrics:write"},
        [this](const http::Request& request, const http::Exchange& exchange) { receiver_.take(request, exchange); });
    ASSERT_TRUE(added);
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

}  // namespace
}  // namespace tarsier::otlp
