// The client by HTTP/2 against servers that go away, refuse, are silent or mean no good.
#include <arpa/inet.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "tests/unit/plugins/lib/http/http2_server.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Frame = Http2Frame;
using Connection = Http2Server::Connection;

const std::string kSettings = frame_bytes(Frame::kSettings, 0, 0, "");
std::string goaway(int32_t last, uint32_t error = 0, std::string_view text = "") {
  return frame_bytes(Frame::kGoaway, 0, 0, number_bytes(static_cast<uint32_t>(last)) + number_bytes(error) + std::string(text));
}
std::string reset(int32_t stream, uint32_t error) { return frame_bytes(Frame::kReset, 0, stream, number_bytes(error)); }
std::string most_streams(uint32_t count) {
  return frame_bytes(Frame::kSettings, 0, 0, std::string("\x00\x03", 2) + number_bytes(count));
}

struct Http2Servers : ::testing::Test {
  Workers workers;
  IoThreads threads{1};
  std::unique_ptr<Client> client;
  std::unique_ptr<Http2Server> server;

  void open(std::function<void(Connection&, int)> serve, ClientLimits limits = {}, std::string protocol = "h2") {
    client = std::make_unique<Client>(threads, workers, limits);
    server = std::make_unique<Http2Server>(std::move(serve), std::move(protocol));
  }
  void TearDown() override {
    client->stop();
    server.reset();
  }
  ClientRequest request(std::chrono::nanoseconds timeout = 20s) const {
    ClientRequest out;
    out.url = server->url();
    out.tls.insecure_skip_verify = true;
    out.timeout = timeout;
    out.http2 = true;
    return out;
  }
  std::future<Result<ClientResponse>> begin(ClientRequest asked) {
    auto promise = std::make_shared<std::promise<Result<ClientResponse>>>();
    EXPECT_TRUE(
        client->request(std::move(asked), [promise](Result<ClientResponse> result) { promise->set_value(std::move(result)); }));
    return promise->get_future();
  }
  std::future<Result<ClientResponse>> get(std::chrono::nanoseconds timeout = 20s) { return begin(request(timeout)); }
  std::future<Result<ClientResponse>> post() {
    ClientRequest asked = request();
    asked.method = "POST";
    asked.body = "body";
    return begin(std::move(asked));
  }
  void expect_fine(std::future<Result<ClientResponse>> answer) {
    const auto got = answer.get();
    ASSERT_TRUE(got.ok()) << got.error().message();
    EXPECT_EQ("fine", got->body);
  }
  void expect_error(std::future<Result<ClientResponse>> answer, tarsier_status code, const std::string& words) {
    const auto got = answer.get();
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(code, got.error().code());
    EXPECT_THAT(got.error().message(), HasSubstr(words));
  }
};

TEST_F(Http2Servers, OneConnectionThatHangsHoldsNobodyUpForLong) {
  open([](Connection& connection, int) {
    connection.send(kSettings);
    connection.serve();
  });
  server->ignore(true);
  const auto hangs = get();
  while (server->connections() == 0) std::this_thread::yield();
  server->ignore(false);
  expect_fine(get());
  EXPECT_EQ(2, server->connections());
}

TEST_F(Http2Servers, WhoWaitedInVainSaysSo) {
  open([](Connection& connection, int) { connection.serve(); });
  server->ignore(true);
  const auto hangs = get();
  while (server->connections() == 0) std::this_thread::yield();
  const auto late = get(100ms).get();
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(TARSIER_DEADLINE, late.error().code());
  EXPECT_THAT(late.error().message(), HasSubstr("no answer within"));
}

TEST_F(Http2Servers, OfOlderKindAreRememberedAndNobodyWaits) {
  std::atomic<int> asked{0};
  open(
      [&](Connection& connection, int) {
        EXPECT_EQ("http/1.1", connection.protocol());
        ++asked;
        while (asked < 20) std::this_thread::sleep_for(1ms);  // all are there at the same time
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
      },
      {}, "http/1.1");
  std::vector<std::future<Result<ClientResponse>>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(get());
  for (auto& each : answers) expect_fine(std::move(each));
  EXPECT_EQ(20, server->connections());
}

TEST_F(Http2Servers, WithoutAlpnSpeakTheOlderVersion) {
  open(
      [](Connection& connection, int) {
        EXPECT_EQ("", connection.protocol());
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
      },
      {}, "spdy");
  expect_fine(get());
}

TEST_F(Http2Servers, AreAskedAgainWhenTheyHaveNotLooked) {
  std::atomic<int> posts{0};
  open([&](Connection& connection, int nth) {
    connection.send(kSettings);
    const Frame asked = connection.read_to(Frame::kHeaders);
    if (nth == 0) {
      connection.send(reset(asked.stream, 7));
      connection.read_to(Frame::kNothing);
    } else if (nth == 1) {
      connection.send(goaway(0));
      connection.read_to(Frame::kNothing);
    } else {
      ++posts;
      connection.send(ok_answer(asked.stream));
      connection.serve();
    }
  });
  expect_fine(post());
  EXPECT_EQ(3, server->connections());
  EXPECT_EQ(1, posts.load());
}

TEST_F(Http2Servers, ThatRefuseForEverAreGivenUp) {
  open([](Connection& connection, int) {
    connection.send(kSettings);
    connection.send(reset(connection.read_to(Frame::kHeaders).stream, 7));
    connection.read_to(Frame::kNothing);
  });
  expect_error(get(), TARSIER_UNAVAILABLE, "the server ended the stream: REFUSED_STREAM");
  EXPECT_EQ(5, server->connections());
}

TEST_F(Http2Servers, ThatGoAwayEndWhatTheyHaveBegun) {
  open([](Connection& connection, int nth) {
    connection.send(kSettings);
    if (nth > 0) return connection.serve();
    const Frame first = connection.read_to(Frame::kHeaders);
    const Frame second = connection.read_to(Frame::kHeaders);
    connection.send(goaway(first.stream));
    EXPECT_EQ(3, second.stream);
    std::this_thread::sleep_for(50ms);
    connection.send(ok_answer(first.stream));
    EXPECT_EQ(Frame::kNothing, connection.read_to(Frame::kNothing).type);
  });
  auto first = post(), second = post();
  expect_fine(std::move(second));
  expect_fine(std::move(first));
  EXPECT_EQ(2, server->connections());
}

TEST_F(Http2Servers, ThatCloseAreAskedOnceMoreForWhatMayBeRepeated) {
  open([](Connection& connection, int nth) {
    connection.send(kSettings);
    connection.serve(1);
    if (nth < 2)
      connection.read_to(Frame::kHeaders);  // and nothing more
    else
      connection.serve();
  });
  expect_fine(get());
  expect_error(post(), TARSIER_UNAVAILABLE, "the server closed the connection without an answer");
  expect_fine(get());
  expect_fine(get());  // the second connection closes on it
  EXPECT_EQ(3, server->connections());
}

TEST_F(Http2Servers, SayWhyTheyEndAConnection) {
  open([](Connection& connection, int) {
    connection.send(kSettings);
    const Frame asked = connection.read_to(Frame::kHeaders);
    connection.send(goaway(asked.stream, 11, "too_many_pings"));
  });
  expect_error(get(), TARSIER_UNAVAILABLE, "the server ended the connection: ENHANCE_YOUR_CALM (too_many_pings)");
}

TEST_F(Http2Servers, ThatBreakTheRulesAreLeft) {
  open([](Connection& connection, int nth) {
    connection.send(kSettings);
    if (nth > 0) return connection.serve();
    connection.send(frame_bytes(Frame::kData, 0, connection.read_to(Frame::kHeaders).stream, "x"));
    const Frame end = connection.read_to(Frame::kGoaway);
    EXPECT_EQ(Frame::kGoaway, end.type);
  });
  expect_error(get(), TARSIER_INVALID, "the server broke the rules of HTTP/2: ");
  expect_fine(get());
}

TEST_F(Http2Servers, ThatAreSilentAreAskedAndThenLeft) {
  std::promise<void> pinged;
  open(
      [&](Connection& connection, int nth) {
        connection.send(kSettings);
        if (nth > 0) return connection.serve();
        EXPECT_EQ(Frame::kPing, connection.read_to(Frame::kPing).type);
        pinged.set_value();
        connection.read_to(Frame::kNothing);
      },
      {.http2_ping_after = 50ms, .http2_ping_timeout = 100ms});
  expect_error(get(), TARSIER_UNAVAILABLE, "the server is silent: it did not answer a PING within 100 ms");
  pinged.get_future().get();
  expect_fine(get());
}

TEST_F(Http2Servers, ThatAnswerPingsMayTakeTheirTime) {
  open(
      [](Connection& connection, int) {
        connection.send(kSettings);
        const Frame asked = connection.read_to(Frame::kHeaders);
        for (int i = 0; i < 5; ++i) connection.send(frame_bytes(Frame::kPing, 1, 0, connection.read_to(Frame::kPing).payload));
        connection.send(ok_answer(asked.stream));
        connection.serve();
      },
      {.http2_ping_after = 20ms, .http2_ping_timeout = 10s});
  expect_fine(get());
  EXPECT_EQ(1, server->connections());
}

TEST_F(Http2Servers, AreDoubtedAfterACallInVain) {
  std::promise<void> waited, answer;
  open([&](Connection& connection, int nth) {
    connection.send(kSettings);
    connection.serve(1);
    if (nth > 0) return connection.serve();
    connection.read_to(Frame::kHeaders);
    const Frame ping = connection.read_to(Frame::kPing);
    answer.get_future().wait();
    connection.send(frame_bytes(Frame::kPing, 1, 0, ping.payload));
    waited.set_value();
    connection.serve();
  });
  expect_fine(get());
  expect_error(get(50ms), TARSIER_DEADLINE, "no answer within 50 ms");
  expect_fine(get());
  EXPECT_EQ(2, server->connections()) << "nothing goes where nothing was heard";
  answer.set_value();
  waited.get_future().wait();
  for (int i = 0; i < 50; ++i) expect_fine(get());
  EXPECT_EQ(2, server->connections());
}

TEST_F(Http2Servers, ThatAllowNoStreamsLetCallsWait) {
  std::promise<void> allow;
  std::promise<void> settled;
  open([&](Connection& connection, int) {
    connection.send(kSettings);
    connection.serve(1);
    connection.send(most_streams(0));
    connection.send(frame_bytes(Frame::kPing, 0, 0, "12345678"));
    connection.read_to(Frame::kPing);  // it has seen both
    settled.set_value();
    allow.get_future().wait();
    connection.send(most_streams(1));
    connection.serve();
  });
  expect_fine(get());
  settled.get_future().wait();
  expect_error(get(50ms), TARSIER_DEADLINE, "no answer within 50 ms");
  std::vector<std::future<Result<ClientResponse>>> answers;
  for (int i = 0; i < 5; ++i) answers.push_back(get());
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(1, server->connections());
  allow.set_value();
  for (auto& each : answers) expect_fine(std::move(each));
}

/// Takes connections, and says nothing.
struct Silent {
  Silent() : listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(0, ::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof(at)));
    EXPECT_EQ(0, ::listen(listener, 64));
    socklen_t size = sizeof(at);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
    url = "https://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/";
  }
  ~Silent() {
    for (const int each : taken) ::close(each);
    ::close(listener);
  }
  Silent(const Silent&) = delete;
  Silent& operator=(const Silent&) = delete;
  void accept() { taken.push_back(::accept(listener, nullptr, nullptr)); }
  bool is_asked() const {
    pollfd look{listener, POLLIN, 0};
    return ::poll(&look, 1, 0) > 0;
  }
  const int listener;
  std::string url;
  std::vector<int> taken;
};

TEST_F(Http2Servers, ADialThatFailsFailsThoseThatWait) {
  open([](Connection&, int) {});
  Silent silent;
  std::vector<std::future<Result<ClientResponse>>> answers;
  for (int i = 0; i < 10; ++i) {
    ClientRequest asked = request();
    asked.url = silent.url;
    answers.push_back(begin(std::move(asked)));
  }
  std::promise<void> all_wait;
  boost::asio::post(threads.at(0), [&] { all_wait.set_value(); });
  all_wait.get_future().wait();
  silent.accept();
  ::close(std::exchange(silent.taken[0], -1));
  for (auto& each : answers) expect_error(std::move(each), TARSIER_UNAVAILABLE, "TLS with ");
  EXPECT_FALSE(silent.is_asked());
}

TEST_F(Http2Servers, ADialThatWasGivenUpLetsTheNextOneTry) {
  open([](Connection&, int) {});
  Silent silent;
  const auto asked = [&](std::chrono::nanoseconds timeout) {
    ClientRequest out = request(timeout);
    out.url = silent.url;
    return begin(std::move(out));
  };
  auto first = asked(100ms), second = asked(300ms), third = asked(10s);
  silent.accept();
  expect_error(std::move(first), TARSIER_DEADLINE, "TLS with");
  silent.accept();
  expect_error(std::move(second), TARSIER_DEADLINE, "TLS with");
  silent.accept();
  ::close(std::exchange(silent.taken[2], -1));
  EXPECT_EQ(TARSIER_UNAVAILABLE, third.get().error().code());
}

TEST_F(Http2Servers, EarlyAnswersAreTaken) {
  open([](Connection& connection, int) {
    connection.send(kSettings);
    const Frame asked = connection.read_to(Frame::kHeaders);
    connection.send(ok_answer(asked.stream) + reset(asked.stream, 0));
    connection.serve();
  });
  ClientRequest large = request();
  large.method = "POST";
  large.body = std::string(10'000'000, 'x');
  expect_fine(begin(std::move(large)));
  expect_fine(get());
  EXPECT_EQ(1, server->connections());
}

TEST_F(Http2Servers, ManyCallsOnAConnectionThatDiesShareTheNextOne) {
  open([](Connection& connection, int nth) {
    connection.send(kSettings);
    connection.serve(1);
    if (nth > 0) return connection.serve();
    for (int i = 0; i < 50; ++i) connection.read_to(Frame::kHeaders);
  });
  expect_fine(get());
  std::vector<std::future<Result<ClientResponse>>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(get());
  for (auto& each : answers) expect_fine(std::move(each));
  EXPECT_EQ(2, server->connections());
}

TEST_F(Http2Servers, AStopEndsCallsAndConnections) {
  std::promise<void> asked, over;
  open([&](Connection& connection, int) {
    connection.send(kSettings);
    connection.read_to(Frame::kHeaders);
    asked.set_value();
    connection.read_to(Frame::kNothing);
    over.set_value();
  });
  auto waiting = get();
  asked.get_future().wait();
  client->stop();
  EXPECT_EQ(TARSIER_CANCELLED, waiting.get().error().code());
  over.get_future().wait();
}

}  // namespace
}  // namespace tarsier::net::test
