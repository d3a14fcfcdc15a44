// The client by HTTP/2 against the server: the same as by HTTP/1.1, on one connection.
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/lib/http/compression.hpp"
#include "tests/unit/plugins/lib/http/support.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct Http2Calls : ::testing::Test {
  TempDir folder;
  Workers workers;
  IoThreads threads{1};
  Client client{threads, workers, {}};
  std::unique_ptr<Site> site;

  void SetUp() override {
    const TlsServerOptions options{folder.file("cert.pem"), folder.file("key.pem"), "", "1.2"};
    write_certificate(options.cert_file, options.key_file, "first");
    auto loaded = TlsServer::load(options);
    ASSERT_TRUE(loaded.ok());
    site = std::make_unique<Site>(ServerLimits{}, *loaded);
    site->paths.on("/echo", [](const auto& exchange) {
      const Request& request = exchange->request();
      exchange->respond({200,
                         {{"X-Version", request.http_2 ? "2" : "1.1"},
                          {"X-Method", request.method_name},
                          {"X-Host", std::string(find_header(request.headers, "host"))},
                          {"X-Agent", std::string(find_header(request.headers, "user-agent"))},
                          {"X-Te", std::string(find_header(request.headers, "te"))}},
                         request.body});
    });
  }
  void TearDown() override { client.stop(); }
  ClientRequest request(const std::string& path) const {
    ClientRequest out;
    out.url = site->url(path);
    out.tls.ca_file = folder.file("cert.pem");
    out.timeout = 20s;
    out.http2 = true;
    return out;
  }
  Result<ClientResponse> get(const std::string& path) { return call(client, request(path)); }
  size_t accepted() const { return site->server.stats("test")->accepted.load(); }
};

TEST_F(Http2Calls, GoByTheVersionThatBothSpeak) {
  const auto answer = get("/echo");
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ("2", find_header(answer->headers, "x-version"));
  EXPECT_EQ(site->address, find_header(answer->headers, "x-host"));
  EXPECT_EQ("Tarsier", find_header(answer->headers, "x-agent"));
  ClientRequest older = request("/echo");
  older.http2 = false;
  EXPECT_EQ("1.1", find_header(call(client, older)->headers, "x-version"));
  EXPECT_EQ(2U, accepted()) << "a connection that was not offered HTTP/2 is another";
}

TEST_F(Http2Calls, ShareOneConnection) {
  std::vector<std::future<Result<ClientResponse>>> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(std::async(std::launch::async, [this] { return get("/echo"); }));
  for (auto& each : answers) {
    const auto answer = each.get();
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(200U, answer->code);
  }
  EXPECT_EQ(1U, accepted());
  EXPECT_EQ(1U, client.stats().opened.load());
  EXPECT_EQ(99U, client.stats().reused.load());
  EXPECT_EQ(1, client.stats().idle.load());
}

TEST_F(Http2Calls, OpenAnotherConnectionWhenAllAreFull) {
  std::mutex mutex;
  std::vector<std::shared_ptr<Exchange>> held;
  site->paths.on("/hold", [&](const auto& exchange) {
    const std::lock_guard lock(mutex);
    held.push_back(exchange);
  });
  std::vector<std::promise<bool>> ended(150);
  for (auto& each : ended) {
    auto begun = client.request(request("/hold"), [&](Result<ClientResponse> result) { each.set_value(result.ok()); });
    ASSERT_TRUE(begun.ok());
  }
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return held.size();
  };
  for (int i = 0; i < 2000 && count() < ended.size(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(ended.size(), count());
  EXPECT_EQ(2U, client.stats().opened.load());
  for (const auto& each : held) each->respond({200, {}, "ok"});
  for (auto& each : ended) EXPECT_TRUE(each.get_future().get());
}

TEST_F(Http2Calls, SendBodiesAndHeaders) {
  ClientRequest post = request("/echo");
  post.method = "POST";
  post.body = std::string(3'000'000, 'b');
  post.headers = {
      {"Host", "other.example"},        {"Connection", "close"},      {"Keep-Alive", "5"}, {"Upgrade", "x"}, {"TE", "gzip"},
      {"Transfer-Encoding", "chunked"}, {"Proxy-Connection", "close"}};
  const auto answer = call(client, post);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(post.body, answer->body);
  EXPECT_EQ("POST", find_header(answer->headers, "x-method"));
  EXPECT_EQ("other.example", find_header(answer->headers, "x-host"));
  EXPECT_EQ("", find_header(answer->headers, "x-te"));
  post.headers = {{"te", "trailers"}};
  post.body.clear();
  EXPECT_EQ("trailers", find_header(call(client, post)->headers, "x-te"));
}

TEST_F(Http2Calls, UnpackCutAndBoundBodies) {
  const std::string large(500'000, 'x');
  site->paths.on_text("/large", "text/plain", large);
  ClientRequest packed = request("/large");
  packed.accept_compressed = true;
  const auto answer = call(client, packed);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(large, answer->body);
  EXPECT_FALSE(has_header(answer->headers, "content-encoding"));
  ClientRequest bounded = request("/large");
  bounded.max_body_bytes = 100'000;
  EXPECT_EQ(TARSIER_RESOURCE, call(client, bounded).error().code());
  bounded.cut_body = true;
  const auto cut = call(client, bounded);
  ASSERT_TRUE(cut.ok()) << cut.error().message();
  EXPECT_EQ(200U, cut->code);
  EXPECT_LE(cut->body.size(), 100'000U);
  packed.max_body_bytes = 100'000;
  EXPECT_EQ(TARSIER_RESOURCE, call(client, packed).error().code());
  ClientRequest head = request("/large");
  head.method = "HEAD";
  EXPECT_EQ("", call(client, head)->body);
  EXPECT_EQ(1U, accepted()) << "none of these costs the connection";
}

TEST_F(Http2Calls, FollowRedirects) {
  site->paths.on("/away", [](const auto& exchange) { exchange->respond({302, {{"Location", "/echo"}}, "moved"}); });
  ClientRequest away = request("/away");
  EXPECT_EQ(302U, call(client, away)->code);
  away.max_redirects = 5;
  away.method = "POST";
  away.body = "body";
  const auto answer = call(client, away);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ("GET", find_header(answer->headers, "x-method"));
  EXPECT_EQ("", answer->body);
}

TEST_F(Http2Calls, EndAtTheirTimeLimitAndAlone) {
  std::promise<std::shared_ptr<Exchange>> handed;
  site->paths.on("/wait", [&](const auto& exchange) { handed.set_value(exchange); });
  ClientRequest wait = request("/wait");
  wait.timeout = 100ms;
  const auto late = call(client, wait);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(TARSIER_DEADLINE, late.error().code());
  EXPECT_THAT(late.error().message(), HasSubstr("no answer within 100 ms"));
  const auto exchange = handed.get_future().get();
  for (int i = 0; i < 2000 && !exchange->cancelled(); ++i) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(exchange->cancelled()) << "the server is told";
  exchange->respond(text_answer(200, "late"));
  EXPECT_TRUE(get("/echo").ok());
  EXPECT_EQ(1U, accepted());
}

TEST_F(Http2Calls, CanBeCancelled) {
  std::promise<std::shared_ptr<Exchange>> handed;
  site->paths.on("/wait", [&](const auto& exchange) { handed.set_value(exchange); });
  std::promise<tarsier_status> ended;
  const auto begun =
      client.request(request("/wait"), [&](Result<ClientResponse> result) { ended.set_value(result.error().code()); });
  const auto exchange = handed.get_future().get();
  (*begun)->cancel();
  EXPECT_EQ(TARSIER_CANCELLED, ended.get_future().get());
  exchange->respond(text_answer(200, "late"));
}

TEST_F(Http2Calls, ASlowTakerHoldsNobodyElseUp) {
  site->paths.on_text("/large", "application/octet-stream", std::string(10'000'000, 'x'));
  std::promise<void> go_on, reached;
  std::shared_future<void> may(go_on.get_future());
  std::atomic<size_t> taken{0};
  std::promise<bool> ended;
  const auto begun = client.stream(
      request("/large"),
      [&, first = true](const ClientResponse&, std::string_view piece) mutable -> Result<void> {
        if (!piece.empty() && std::exchange(first, false)) {
          reached.set_value();
          may.wait();
        }
        taken += piece.size();
        return {};
      },
      [&](Result<ClientResponse> result) { ended.set_value(result.ok()); });
  ASSERT_TRUE(begun.ok());
  reached.get_future().wait();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(get("/echo").ok());
  EXPECT_EQ(0U, taken.load());
  go_on.set_value();
  EXPECT_TRUE(ended.get_future().get());
  EXPECT_EQ(10'000'000U, taken.load());
  EXPECT_EQ(1U, accepted());
}

TEST_F(Http2Calls, RestingConnectionsAreBoundedAndEnd) {
  Client impatient(threads, workers, {.max_idle_connections = 8, .idle_timeout = 50ms});
  ASSERT_TRUE(call(impatient, request("/echo")).ok());
  for (int i = 0; i < 2000 && site->server.stats("test")->connections.load() > 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(0, site->server.stats("test")->connections.load());
  EXPECT_EQ(0, impatient.stats().idle.load());
  Client without(threads, workers, {.max_idle_connections = 0});
  ASSERT_TRUE(call(without, request("/echo")).ok());
  ASSERT_TRUE(call(without, request("/echo")).ok());
  for (int i = 0; i < 2000 && site->server.stats("test")->connections.load() > 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(0, site->server.stats("test")->connections.load());
  impatient.stop();
  without.stop();
}

}  // namespace
}  // namespace tarsier::net::test
