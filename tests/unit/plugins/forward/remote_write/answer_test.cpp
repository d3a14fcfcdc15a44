// What is sent again, what is not, and when.
#include "plugins/forward/remote_write/answer.hpp"

#include <gtest/gtest.h>

namespace tarsier::forward {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kNow = 1'800'000'000 * kSecond;  // Fri, 15 Jan 2027 08:00:00 GMT

Answer answer_of(uint32_t code, const std::vector<std::pair<std::string, std::string>>& headers = {}, std::string_view body = "",
                 const EndpointSettings& settings = {}) {
  std::vector<tarsier_pair> pairs;
  for (const auto& [name, value] : headers) pairs.push_back(field(name, value));
  tarsier_http_client_response raw{};
  raw.size = sizeof(raw);
  raw.code = code;
  raw.headers = pairs.data();
  raw.header_count = static_cast<uint32_t>(pairs.size());
  raw.body = bytes(body);
  return judge(http::Response(&raw), settings, kNow);
}

TEST(Answer, DoneAgainOrRefusedByTheCode) {
  for (const uint32_t code : {200U, 204U}) EXPECT_EQ(answer_of(code).verdict, Verdict::done) << code;
  for (const uint32_t code : {301U, 429U, 500U, 502U, 503U, 599U}) EXPECT_EQ(answer_of(code).verdict, Verdict::retry) << code;
  for (const uint32_t code : {400U, 401U, 404U, 413U, 422U}) EXPECT_EQ(answer_of(code).verdict, Verdict::refused) << code;
  EXPECT_EQ(judge(Error(TARSIER_DEADLINE, "no answer within 30 s"), {}, kNow).verdict, Verdict::retry);
}

TEST(Answer, A429IsDroppedWhereThatIsWanted) {
  EndpointSettings settings;
  settings.sending.retry_on_http_429 = false;
  EXPECT_EQ(answer_of(429, {}, "", settings).verdict, Verdict::refused);
}

TEST(Answer, SaysWhatTheReceiverSaid) {
  EXPECT_EQ(answer_of(400, {}, "out of order sample\n").what, "the receiver answered 400: out of order sample");
  EXPECT_EQ(answer_of(500).what, "the receiver answered 500");
}

TEST(Answer, AReceiverThatDoesNotKnow2IsTold) {
  EndpointSettings settings;
  settings.message = Message::request_v2;
  const Answer answer = answer_of(415, {}, "", settings);
  EXPECT_EQ(answer.verdict, Verdict::refused);
  EXPECT_NE(answer.what.find("does not take remote write 2.0"), std::string::npos) << answer.what;
}

TEST(Answer, RetryAfterIsSecondsOrADate) {
  EXPECT_EQ(retry_after_ns("120", kNow), 120 * kSecond);
  EXPECT_EQ(retry_after_ns("Fri, 15 Jan 2027 08:00:30 GMT", kNow), 30 * kSecond);
  EXPECT_EQ(retry_after_ns("Fri, 15 Jan 2027 07:00:00 GMT", kNow), 0);
  EXPECT_EQ(retry_after_ns("99999999999", kNow), 3600 * kSecond);
  for (const char* text : {"", "soon", "-5", "1.5"}) EXPECT_EQ(retry_after_ns(text, kNow), 0) << text;
  EXPECT_EQ(answer_of(503, {{"retry-after", "7"}}).retry_after_ns, 7 * kSecond);
}

TEST(Answer, WhatWasWrittenIsRead) {
  EXPECT_FALSE(answer_of(204).written);
  const Answer answer =
      answer_of(204, {{"x-prometheus-remote-write-samples-written", "12"}, {"x-prometheus-remote-write-histograms-written", "3"}});
  ASSERT_TRUE(answer.written);
  EXPECT_EQ(answer.written->samples, 12U);
  EXPECT_EQ(answer.written->histograms, 3U);
  EXPECT_EQ(answer.written->exemplars, 0U);
}

}  // namespace
}  // namespace tarsier::forward
