// Tokens: asked for once, kept as long as they are good, and a token server that the test plays.
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "plugins/lib/client_config/request.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::client_config {
namespace {

using testing::HasSubstr;
using testing::Not;
constexpr int64_t kSecond = 1'000'000'000;

class OAuth2Test : public testing::Test {
 protected:
  OAuth2Test() {
    settings_.client_id = "me&co";
    settings_.client_secret = "se cret";
    settings_.token_url = "https://tokens/get?key=hidden";
    settings_.scopes = {"read", "write all"};
    settings_.endpoint_params = {{"audience", "metrics"}};
    fake_.mono_ns = 1'000 * kSecond;
  }
  /// Of the target; what comes of it stands in outcomes_.
  void get(std::string_view url = "http://target/") {
    if (config_.oauth2 == nullptr) config_.oauth2 = std::make_shared<TokenSource>(settings_);
    const std::string accept = "text/plain";
    const tarsier_pair header = field("Accept", accept);
    tarsier_http_client_request raw{};
    raw.size = sizeof(raw);
    raw.url = str(url);
    raw.method = str("GET");
    raw.body = bytes("");
    raw.headers = &header;
    raw.header_count = 1;
    raw.timeout_ns = 10 * kSecond;
    auto begun = request(host_, http_, config_, raw, [this](const Result<http::Response>& response) {
      outcomes_.push_back(response ? std::to_string(response->code()) : response.error().message());
    });
    if (!begun) outcomes_.push_back(begun.error().message());
  }
  void answer(size_t call, uint32_t code, std::string_view type, std::string_view body) {
    answered_.insert(call);
    fake_.answer(call, code, type, body);
  }
  void fail(size_t call, tarsier_status status, std::string_view message) {
    answered_.insert(call);
    fake_.fail(call, status, message);
  }
  /// Every call is owed an answer.
  void TearDown() override {
    for (size_t call = 0; call < fake_.calls.size(); ++call)
      if (!answered_.contains(call)) fail(call, TARSIER_CANCELLED, "the test is over");
  }
  void give(size_t call, const std::string& token, int seconds) {
    answer(call, 200, "application/json",
           R"({"access_token":")" + token + R"(","token_type":"bearer","expires_in":)" + std::to_string(seconds) + "}");
  }
  const fake::Call& last() { return fake_.calls.back(); }

  fake::FakeHost fake_;
  Host raw_host_{fake_.raw()};
  const Host& host_ = fake::attached(raw_host_);
  ServiceRef<tarsier_http> http_{host_, TARSIER_HTTP_SERVICE};
  OAuth2Settings settings_;
  ClientConfig config_;
  std::vector<std::string> outcomes_;
  std::set<size_t> answered_;
};

TEST_F(OAuth2Test, ATokenIsAskedForAndThenTheTarget) {
  get();
  ASSERT_EQ(fake_.calls.size(), 1U);
  EXPECT_EQ(last().url, "https://tokens/get?key=hidden");
  EXPECT_EQ(last().body, "grant_type=client_credentials&scope=read+write+all&audience=metrics");
  EXPECT_EQ(last().headers.at("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(last().headers.at("Authorization"), "Basic bWUlMjZjbzpzZStjcmV0") << "me%26co:se+cret";
  fake_.mono_ns += 2 * kSecond;
  give(0, "t1", 3600);
  ASSERT_EQ(fake_.calls.size(), 2U);
  EXPECT_EQ(last().url, "http://target/");
  EXPECT_EQ(last().headers.at("Authorization"), "Bearer t1");
  EXPECT_EQ(last().headers.at("Accept"), "text/plain");
  EXPECT_EQ(last().timeout_ns, 8 * kSecond) << "the token took of the request's time";
  answer(1, 401, "text/plain", "");
  EXPECT_EQ(outcomes_, std::vector<std::string>{"401"});
  get();
  ASSERT_EQ(fake_.calls.size(), 3U) << "a 401 does not end the token";
  EXPECT_EQ(last().headers.at("Authorization"), "Bearer t1");
  answer(2, 200, "text/plain", "");
}

TEST_F(OAuth2Test, HeadersInFilesAreReadAtEachRequest) {
  const std::string file = testing::TempDir() + "header_secret";
  std::ofstream(file) << "first\n";
  config_.header_files = {{"X-Key", file}};
  get();
  give(0, "t1", 3600);
  EXPECT_EQ(last().headers.at("X-Key"), "first");
  std::ofstream(file) << "second\n";
  get();
  EXPECT_EQ(last().headers.at("X-Key"), "second");
  std::filesystem::remove(file);
  get();
  EXPECT_THAT(outcomes_, testing::ElementsAre(HasSubstr("cannot read the secret in " + file)));
}

TEST_F(OAuth2Test, TheTokenServerHasAProxyOfItsOwn) {
  settings_.proxy.url = "http://inner:3128";
  get();
  EXPECT_EQ(last().proxy, "http://inner:3128");
  give(0, "t1", 3600);
  EXPECT_EQ(last().proxy, "");
  config_.proxy.url = "http://outer:3128";
  get();
  EXPECT_EQ(last().proxy, "http://outer:3128");
}

TEST_F(OAuth2Test, TheTokenServerIsAskedByTheOlderHttp) {
  get();
  EXPECT_EQ(last().flags & TARSIER_CLIENT_HTTP2, 0U);
  give(0, "t1", 3600);
  EXPECT_NE(last().flags & TARSIER_CLIENT_HTTP2, 0U);
  config_.http2 = false;
  get();
  EXPECT_EQ(last().flags & TARSIER_CLIENT_HTTP2, 0U);
}

TEST_F(OAuth2Test, OneRequestAtATimeForAllWhoWait) {
  get("http://target/a");
  get("http://target/b");
  const ClientConfig copy = config_;
  EXPECT_EQ(fake_.calls.size(), 1U);
  give(0, "t1", 3600);
  ASSERT_EQ(fake_.calls.size(), 3U);
  EXPECT_EQ(fake_.calls[1].url, "http://target/a");
  EXPECT_EQ(fake_.calls[2].url, "http://target/b");
  EXPECT_EQ(copy.oauth2, config_.oauth2);
}

TEST_F(OAuth2Test, ATokenIsReplacedShortlyBeforeItEnds) {
  get();
  give(0, "t1", 60);
  fake_.mono_ns += 49 * kSecond;
  get();
  EXPECT_EQ(last().headers.at("Authorization"), "Bearer t1");
  fake_.mono_ns += 2 * kSecond;
  get();
  EXPECT_EQ(last().url, settings_.token_url);
  give(3, "t2", 0);
  EXPECT_EQ(last().headers.at("Authorization"), "Bearer t2");
  fake_.mono_ns += 1'000'000 * kSecond;
  get();
  EXPECT_EQ(last().headers.at("Authorization"), "Bearer t2") << "one that says no end has none";
}

TEST_F(OAuth2Test, AServerThatWantsParametersIsAskedWithThem) {
  get();
  answer(0, 401, "application/json", R"({"error":"invalid_client"})");
  ASSERT_EQ(fake_.calls.size(), 2U);
  EXPECT_FALSE(last().headers.contains("Authorization"));
  EXPECT_EQ(last().body,
            "grant_type=client_credentials&scope=read+write+all&client_id=me%26co&client_secret=se+cret&audience=metrics");
  answer(1, 200, "application/x-www-form-urlencoded; charset=utf-8", "access_token=t%201&expires_in=60&token_type=Custom");
  EXPECT_EQ(last().headers.at("Authorization"), "Custom t 1");
  fake_.mono_ns += 60 * kSecond;
  get();
  EXPECT_FALSE(last().headers.contains("Authorization")) << "that is remembered";
}

TEST_F(OAuth2Test, FailuresNameTheServerAndNoSecret) {
  const auto fails_with = [&](const std::function<void(size_t)>& answer) {
    outcomes_.clear();
    get();
    answer(fake_.calls.size() - 1);
    if (outcomes_.empty()) answer(fake_.calls.size() - 1);  // with parameters
    EXPECT_EQ(outcomes_.size(), 1U);
    const std::string said = outcomes_.empty() ? "nothing" : outcomes_.front();
    EXPECT_THAT(said, HasSubstr("OAuth 2 token from https://tokens/get: "));
    for (const char* secret : {"hidden", "se cret", "se+cret", "bWUl"}) EXPECT_THAT(said, Not(HasSubstr(secret)));
    return said;
  };
  EXPECT_THAT(fails_with([&](size_t call) { answer(call, 400, "application/json", R"({"error":"invalid_scope"})"); }),
              HasSubstr("HTTP status 400 Bad Request: invalid_scope"));
  EXPECT_THAT(fails_with([&](size_t call) { answer(call, 500, "text/html", "se cret"); }),
              HasSubstr("HTTP status 500 Internal Server Error"));
  EXPECT_THAT(fails_with([&](size_t call) { answer(call, 400, "application/json", R"({"error":"se cret"})"); }),
              HasSubstr("HTTP status 400 Bad Request"));
  EXPECT_THAT(fails_with([&](size_t call) { answer(call, 200, "application/json", "[]"); }), HasSubstr("no JSON object"));
  EXPECT_THAT(fails_with([&](size_t call) { answer(call, 200, "application/json", "{}"); }), HasSubstr("no access_token"));
  EXPECT_THAT(fails_with([&](size_t call) { answer(call, 200, "text/plain", "access_token=a%0Ab"); }), HasSubstr("control bytes"));
  EXPECT_THAT(fails_with([&](size_t call) { fail(call, TARSIER_UNAVAILABLE, "connection refused"); }),
              HasSubstr("connection refused"));
  fake_.request_answer = TARSIER_UNAVAILABLE;
  outcomes_.clear();
  get();
  EXPECT_THAT(outcomes_, testing::ElementsAre(HasSubstr("OAuth 2 token from https://tokens/get: ")));
  fake_.request_answer = TARSIER_OK;
  get();
  EXPECT_EQ(last().url, settings_.token_url) << "and it is tried again";
}

TEST_F(OAuth2Test, AnInstanceThatStopsIsNotAskedAgain) {
  get();
  fail(0, TARSIER_CANCELLED, "the plugin that asks is stopping");
  EXPECT_EQ(fake_.calls.size(), 1U);
  EXPECT_EQ(outcomes_.size(), 1U);
}

TEST_F(OAuth2Test, ATokenThatComesTooLateIsAFailure) {
  get();
  fake_.mono_ns += 11 * kSecond;
  give(0, "t1", 3600);
  EXPECT_EQ(fake_.calls.size(), 1U);
  EXPECT_EQ(outcomes_, std::vector<std::string>{"the token came too late"});
}

TEST_F(OAuth2Test, ASecretThatWasReplacedInItsFileGetsATokenOfItsOwn) {
  const std::string file = testing::TempDir() + "oauth2_secret";
  std::ofstream(file) << "first\n";
  settings_.client_secret.clear();
  settings_.client_secret_file = file;
  get();
  EXPECT_EQ(last().headers.at("Authorization"), "Basic bWUlMjZjbzpmaXJzdA==");
  give(0, "t1", 3600);
  std::ofstream(file) << "second\n";
  get();
  EXPECT_EQ(last().headers.at("Authorization"), "Basic bWUlMjZjbzpzZWNvbmQ=");
  give(2, "t2", 3600);
  EXPECT_EQ(last().headers.at("Authorization"), "Bearer t2");
  std::filesystem::remove(file);
  outcomes_.clear();
  get();
  EXPECT_THAT(outcomes_, testing::ElementsAre(HasSubstr("cannot read the secret in " + file)));
}

}  // namespace
}  // namespace tarsier::client_config
