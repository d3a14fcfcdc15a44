// Unary methods of gRPC over the fake host: framing, compression, status, and what is refused. The network's part of it is tested
// in tests/unit/plugins/lib/http and tests/e2e/otlp_test.py.
#include "tarsier/grpc.hpp"

#include <gtest/gtest.h>

#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::grpc {
namespace {

using Fields = std::map<std::string, std::string>;

TEST(Grpc, ReadsTimeouts) {
  EXPECT_EQ(parse_timeout("5S"), 5'000'000'000);
  EXPECT_EQ(parse_timeout("100m"), 100'000'000);
  EXPECT_EQ(parse_timeout("1u"), 1'000);
  EXPECT_EQ(parse_timeout("7n"), 7);
  EXPECT_EQ(parse_timeout("99999999M"), int64_t{99'999'999} * 60'000'000'000);
  EXPECT_EQ(parse_timeout("99999999H"), INT64_MAX);
  for (const char* text : {"", "S", "5", "5s", "-5S", "5 S", "123456789S", "0x5S"})
    EXPECT_EQ(parse_timeout(text), std::nullopt) << text;
}

TEST(Grpc, EncodesMessagesForAHeader) {
  EXPECT_EQ(percent_encode("plain text!"), "plain text!");
  EXPECT_EQ(percent_encode("100%\n\xc3\xbc"), "100%25%0A%C3%BC");
}

TEST(Grpc, TellsItsContentTypesFromOthers) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"})
    EXPECT_TRUE(is_grpc(type));
  for (const char* type : {"", "application/grpc-web", "application/json"}) EXPECT_FALSE(is_grpc(type)) << type;
}

TEST(Grpc, CodesBase64WithoutPadding) {
  EXPECT_EQ(detail::base64(""), "");
  EXPECT_EQ(detail::base64("a"), "YQ");
  EXPECT_EQ(detail::base64("ab"), "YWI");
  EXPECT_EQ(detail::base64("abc"), "YWJj");
  EXPECT_EQ(detail::base64("\xff\xfe\xfd\xfc"), "//79/A");
}

class GrpcMethod : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(add_method(routes_, {.api = "test", .path = kPath, .permission = "x", .max_message_bytes = 10'000},
                           [this](std::string_view message, const http::Request&, const Call& call) { handler_(message, call); }));
  }
  fake::Answer call(std::string_view body, Fields more = {}) {
    more.emplace("content-type", "application/grpc");
    return fake_.post(kPath, more, body);
  }
  /// "code message" of a call that failed before, or in, the head.
  std::string failure(std::string_view body, Fields more = {}) {
    const auto answer = call(body, std::move(more));
    EXPECT_EQ(answer.code, 200U);
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.content_type, "application/grpc");
    return answer.headers.contains("grpc-status") ? answer.headers.at("grpc-status") + " " + answer.headers.at("grpc-message")
                                                  : "none";
  }

  static constexpr const char* kPath = "/package.Service/Method";
  fake::FakeHost fake_;
  Host raw_host_{fake_.raw()};
  const Host& host_ = fake::attached(raw_host_);
  http::Routes routes_{host_};
  std::function<void(std::string_view, const Call&)> handler_ = [](std::string_view message, const Call& call) {
    call.finish("got " + std::string(message));
  };
};

TEST_F(GrpcMethod, AnswersAMessageWithAMessage) {
  const auto answer = call(frame("question"));
  EXPECT_EQ(answer.code, 200U);
  EXPECT_EQ(answer.body, frame("got question"));
  EXPECT_EQ(answer.trailers, (Fields{{"grpc-status", "0"}}));
  EXPECT_EQ(call(frame("")).body, frame("got "));
}

TEST_F(GrpcMethod, UnpacksAndPacksWhereTheClientDoes) {
  const std::string text(5000, 'x');
  const auto answer =
      call(frame(*detail::gzip(text), true), {{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "identity,gzip"}});
  EXPECT_EQ(answer.headers.at("grpc-encoding"), "gzip");
  ASSERT_EQ(answer.body[0], '\1');
  EXPECT_EQ(*detail::gunzip(answer.body.substr(5), 10'000), "got " + text);
  EXPECT_EQ(call(frame("a"), {{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "gzip"}}).body, frame("got a")) << "not worth it";
}

TEST_F(GrpcMethod, SaysWhatIsWrongWithAMessage) {
  const Fields gzip = {{"grpc-encoding", "gzip"}};
  EXPECT_EQ(failure(""), "13 expected one message, found none");
  EXPECT_EQ(failure(frame("abc") + frame("d")), "13 expected one message of 3 bytes, found 9 bytes");
  EXPECT_EQ(failure(frame("abc").substr(0, 7)), "13 expected one message of 3 bytes, found 2 bytes");
  EXPECT_EQ(failure(frame(std::string(10'001, 'x'))), "8 the message has 10001 bytes, more than 10000");
  EXPECT_EQ(failure(frame(*detail::gzip(std::string(10'001, 'x')), true), gzip),
            "8 the decompressed message is larger than 10000 bytes");
  EXPECT_EQ(failure(frame("no gzip", true), gzip), "13 the message is not one whole stream of gzip");
  const std::string packed = *detail::gzip("abc");
  EXPECT_EQ(failure(frame(packed.substr(0, packed.size() - 1), true), gzip), "13 the message is not one whole stream of gzip");
  EXPECT_EQ(failure(frame(packed + "x", true), gzip), "13 the message is not one whole stream of gzip");
  EXPECT_EQ(failure(frame(packed, true)), "13 a compressed message without grpc-encoding");
  EXPECT_EQ(failure(std::string("\2\0\0\0\0", 5)), "13 malformed message: neither compressed nor not");
  const auto unknown = call(frame("x", true), {{"grpc-encoding", "snappy"}});
  EXPECT_EQ(unknown.headers.at("grpc-status"), "12");
  EXPECT_EQ(unknown.headers.at("grpc-accept-encoding"), "identity,gzip");
}

TEST_F(GrpcMethod, SaysWhyItFailed) {
  handler_ = [](std::string_view, const Call& call) { call.fail({Code::unavailable, "later \xc3\xbc", "abc"}); };
  EXPECT_EQ(failure(frame("")), "14 later %C3%BC");
  EXPECT_EQ(call(frame("")).headers.at("grpc-status-details-bin"), "YWJj");
}

TEST_F(GrpcMethod, KeepsTheDeadlineOfTheClient) {
  std::optional<Call::Clock::time_point> deadline;
  handler_ = [&](std::string_view, const Call& call) {
    deadline = call.deadline();
    call.finish("");
  };
  EXPECT_EQ(call(frame("")).trailers.size(), 1U);
  EXPECT_FALSE(deadline);
  call(frame(""), {{"grpc-timeout", "1H"}});
  EXPECT_GT(*deadline, Call::Clock::now() + std::chrono::minutes(59));
  EXPECT_EQ(failure(frame(""), {{"grpc-timeout", "0n"}}), "4 the deadline of the call has passed");
  EXPECT_EQ(failure(frame(""), {{"grpc-timeout", "soon"}}), "13 malformed grpc-timeout 'soon'");
}

TEST_F(GrpcMethod, RefusesWhatIsNoGrpc) { EXPECT_EQ(fake_.post(kPath, {{"content-type", "application/json"}}, "{}").code, 415U); }

}  // namespace
}  // namespace tarsier::grpc
