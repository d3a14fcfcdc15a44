// The client against the server, and against servers that misbehave.
#include <arpa/inet.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "plugins/lib/http/compression.hpp"
#include "tests/unit/plugins/lib/http/support.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// A server that answers its one connection with fixed bytes, whatever is asked, and closes.
class Scripted {
 public:
  Scripted(int family, const sockaddr* at, socklen_t size, std::string answer) : fd_(::socket(family, SOCK_STREAM, 0)) {
    EXPECT_EQ(0, ::bind(fd_, at, size));
    EXPECT_EQ(0, ::listen(fd_, 8));
    thread_ = std::thread([this, answer = std::move(answer)] {
      const int peer = ::accept(fd_, nullptr, nullptr);
      char piece[4096];
      const ssize_t got = ::recv(peer, piece, sizeof(piece), 0);
      request_ = std::string(piece, got > 0 ? static_cast<size_t>(got) : 0);
      EXPECT_EQ(static_cast<ssize_t>(answer.size()), ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
      ::close(peer);
    });
  }
  ~Scripted() {
    if (thread_.joinable()) thread_.join();
    ::close(fd_);
  }
  Scripted(const Scripted&) = delete;
  Scripted& operator=(const Scripted&) = delete;
  static sockaddr_in any_port() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
  }
  std::string url() const {
    sockaddr_in at{};
    socklen_t size = sizeof(at);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    return "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/";
  }
  std::string request() {
    thread_.join();
    return request_;
  }

 private:
  int fd_;
  std::thread thread_;
  std::string request_;
};

struct Tcp : Scripted {
  explicit Tcp(std::string answer, sockaddr_in at = any_port())
      : Scripted(AF_INET, reinterpret_cast<const sockaddr*>(&at), sizeof(at), std::move(answer)) {}
};

struct Calls : ::testing::Test {
  Workers workers;
  IoThreads threads{1};
  Client client{threads, workers, {}};
  Result<ClientResponse> get(const std::string& url, std::chrono::nanoseconds timeout = 20s) {
    ClientRequest request;
    request.url = url;
    request.timeout = timeout;
    return call(client, request);
  }
};

TEST_F(Calls, ReuseConnections) {
  Site site;
  site.paths.on_text("/a", "text/plain", "x");
  for (int i = 0; i < 5; ++i) {
    const auto answer = get(site.url("/a"));
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ("x", answer->body);
  }
  EXPECT_EQ(1U, site.server.stats("test")->accepted.load());
  EXPECT_EQ(4U, client.stats().reused.load());
  EXPECT_EQ(1U, client.stats().opened.load());
}

TEST_F(Calls, SendBodiesAndHeaders) {
  Site site;
  site.paths.on("/echo", [](const auto& exchange) {
    exchange->respond({200,
                       {{"X-Method", exchange->request().method_name},
                        {"X-Agent", std::string(find_header(exchange->request().headers, "user-agent"))}},
                       exchange->request().body});
  });
  ClientRequest request;
  request.method = "POST";
  request.url = site.url("/echo");
  request.body = std::string(300000, 'b');
  const auto answer = call(client, request);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(request.body, answer->body);
  EXPECT_EQ("POST", find_header(answer->headers, "x-method"));
  EXPECT_EQ("Tarsier", find_header(answer->headers, "x-agent"));
}

TEST_F(Calls, SayPlainlyWhatWentWrong) {
  std::string unused;
  {
    Site gone;
    unused = gone.address;
  }
  const auto refused = get("http://" + unused + "/");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(TARSIER_UNAVAILABLE, refused.error().code());
  EXPECT_EQ("connect " + unused + ": connection refused", refused.error().message());

  Tcp silent("");
  EXPECT_THAT(get(silent.url()).error().message(), HasSubstr("the server closed the connection without an answer"));
  Tcp cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
  EXPECT_THAT(get(cut.url()).error().message(), HasSubstr("in the middle of its answer"));
  Tcp garbage("SSH-2.0-OpenSSH_9.2p1\r\n");
  EXPECT_EQ(TARSIER_INVALID, get(garbage.url()).error().code());
  EXPECT_EQ(TARSIER_INVALID, get("gopher://x").error().code());
}

TEST_F(Calls, EndAtTheirTimeLimit) {
  Site site;
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/wait", [&](const auto& exchange) { handed.set_value(exchange); });
  const auto answer = get(site.url("/wait"), 50ms);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(TARSIER_DEADLINE, answer.error().code());
  EXPECT_THAT(answer.error().message(), HasSubstr("no answer within 50 ms"));
  handed.get_future().get()->respond(text_answer(200, "late"));
}

TEST_F(Calls, CanBeCancelled) {
  Site site;
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/wait", [&](const auto& exchange) { handed.set_value(exchange); });
  std::promise<tarsier_status> ended;
  ClientRequest request;
  request.url = site.url("/wait");
  const auto started =
      client.request(request, [&](Result<ClientResponse> result) { ended.set_value(result ? TARSIER_OK : result.error().code()); });
  ASSERT_TRUE(started.ok());
  const auto exchange = handed.get_future().get();
  (*started)->cancel();
  EXPECT_EQ(TARSIER_CANCELLED, ended.get_future().get());
  exchange->respond(text_answer(200, "late"));
}

TEST_F(Calls, AreCancelledByStop) {
  Site site;
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/wait", [&](const auto& exchange) { handed.set_value(exchange); });
  std::promise<tarsier_status> ended;
  ClientRequest request;
  request.url = site.url("/wait");
  ASSERT_TRUE(client.request(request, [&](Result<ClientResponse> result) { ended.set_value(result.error().code()); }).ok());
  const auto exchange = handed.get_future().get();
  client.stop();
  EXPECT_EQ(TARSIER_CANCELLED, ended.get_future().get());
  EXPECT_EQ(TARSIER_CANCELLED, get(site.url("/wait")).error().code());
  exchange->respond(text_answer(200, "late"));
}

TEST_F(Calls, FollowRedirectsUpToALimit) {
  Site site;
  site.paths.on("/start", [](const auto& exchange) { exchange->respond({302, {{"Location", "end?x"}}, ""}); });
  site.paths.on("/end", [](const auto& exchange) {
    exchange->respond({200, {}, exchange->request().method_name + exchange->request().query});
  });
  site.paths.on("/loop", [](const auto& exchange) { exchange->respond({307, {{"Location", "/loop"}}, ""}); });
  ClientRequest request;
  request.url = site.url("/start");
  EXPECT_EQ(302U, call(client, request)->code);
  request.max_redirects = 3;
  request.method = "POST";
  request.body = "data";
  EXPECT_EQ("GETx", call(client, request)->body);
  request.url = site.url("/loop");
  const auto loop = call(client, request);
  ASSERT_FALSE(loop.ok());
  EXPECT_THAT(loop.error().message(), HasSubstr("stopped after 3 redirects"));
}

TEST_F(Calls, KeepCredentialsFromOtherHosts) {
  Site other;
  other.paths.on("/end", [](const auto& exchange) {
    exchange->respond({200,
                       {},
                       std::string(find_header(exchange->request().headers, "authorization")) + "|" +
                           std::string(find_header(exchange->request().headers, "x-mine"))});
  });
  Site site;
  site.paths.on("/start", [&](const auto& exchange) { exchange->respond({302, {{"Location", other.url("/end")}}, ""}); });
  ClientRequest request;
  request.url = site.url("/start");
  request.max_redirects = 3;
  request.headers = {{"Authorization", "Bearer secret"}, {"X-Mine", "kept"}};
  EXPECT_EQ("|kept", call(client, request)->body);
  site.paths.on("/socket",
                [&](const auto& exchange) { exchange->respond({302, {{"Location", "unix:///run/docker.sock:/info"}}, ""}); });
  request.url = site.url("/socket");
  EXPECT_THAT(call(client, request).error().message(), HasSubstr("unix socket is not followed"));
}

TEST_F(Calls, StopABodyAtTheLimit) {
  Site site;
  site.paths.on_text("/zeros", "text/plain", std::string(5000000, '0'));
  ClientRequest request;
  request.url = site.url("/zeros");
  request.max_body_bytes = 100000;
  request.accept_compressed = true;
  const auto bomb = call(client, request);
  ASSERT_FALSE(bomb.ok());
  EXPECT_EQ(TARSIER_RESOURCE, bomb.error().code());
  request.accept_compressed = false;
  EXPECT_EQ(TARSIER_RESOURCE, call(client, request).error().code());
}

TEST_F(Calls, CutABodyAtTheLimitWhenTheStatusIsAllThatMatters) {
  Site site;
  site.paths.on("/refusal", [](const auto& exchange) { exchange->respond({400, {}, std::string(5000000, '0')}); });
  ClientRequest request;
  request.url = site.url("/refusal");
  request.max_body_bytes = 100000;
  request.cut_body = true;
  for (int i = 0; i < 2; ++i) {  // what is left of the first must not be taken for the second
    const auto refused = call(client, request);
    ASSERT_TRUE(refused.ok()) << refused.error().message();
    EXPECT_EQ(400U, refused->code);
    EXPECT_LE(refused->body.size(), 100000U);
  }
}

TEST_F(Calls, DecompressOnlyWhenAsked) {
  const std::string packed = *compress(Encoding::gzip, "plain text");
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(packed.size()) + "\r\n\r\n" + packed;
  Tcp first(answer);
  EXPECT_EQ(packed, get(first.url())->body);
  Tcp second(answer);
  ClientRequest request;
  request.url = second.url();
  request.accept_compressed = true;
  const auto unpacked = call(client, request);
  EXPECT_EQ("plain text", unpacked->body);
  EXPECT_FALSE(has_header(unpacked->headers, "content-encoding"));
  EXPECT_THAT(second.request(), HasSubstr("Accept-Encoding: gzip, zstd\r\n"));
}

TEST_F(Calls, SkipInterimAnswersAndReadToTheEnd) {
  Tcp server("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.0 200 OK\r\n\r\nuntil the end");
  const auto answer = get(server.url());
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(200U, answer->code);
  EXPECT_EQ("until the end", answer->body);
}

TEST_F(Calls, TryOnceMoreWhenAPooledConnectionWasClosed) {
  ServerLimits limits;
  limits.idle_timeout = 20ms;
  Site site(limits);
  site.paths.on_text("/a", "text/plain", "x");
  for (int i = 0; i < 3; ++i) {
    const auto answer = get(site.url("/a"));
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    std::this_thread::sleep_for(20ms);  // lets some of them close in between; the outcome must not depend on which
  }
}

TEST_F(Calls, ReachUnixSockets) {
  TempDir folder;
  const std::string path = folder.file("socket");
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof(at.sun_path) - 1);
  Scripted server(AF_UNIX, reinterpret_cast<const sockaddr*>(&at), sizeof(at), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ("ok", get("unix://" + path + ":/info")->body);
  EXPECT_THAT(server.request(), HasSubstr("GET /info HTTP/1.1\r\nHost: localhost\r\n"));
  EXPECT_THAT(get("unix://" + folder.file("none") + ":/").error().message(), HasSubstr("none: no such file or directory"));
}

TEST_F(Calls, ResolveNames) {
  Site site;
  site.paths.on_text("/a", "text/plain", "x");
  const auto answer = get("http://localhost:" + std::to_string(site.port) + "/a");
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  const auto unknown = get("http://no-such-host.invalid/");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(TARSIER_UNAVAILABLE, unknown.error().code());
  EXPECT_THAT(unknown.error().message(), HasSubstr("resolve no-such-host.invalid: "));
}

TEST_F(Calls, RunManyAtOnce) {
  Site site;
  site.paths.on_text("/a", "text/plain", "x");
  std::atomic<int> good{0};
  std::atomic<int> left{200};
  std::promise<void> all;
  for (int i = 0; i < 200; ++i) {
    ClientRequest request;
    request.url = site.url("/a");
    ASSERT_TRUE(client
                    .request(request,
                             [&](Result<ClientResponse> result) {
                               if (result && result->body == "x") ++good;
                               if (--left == 0) all.set_value();
                             })
                    .ok());
  }
  all.get_future().wait();
  EXPECT_EQ(200, good.load());
}

}  // namespace
}  // namespace tarsier::net::test
