// Answers that are taken while they come, from servers that send as the test wants them to.
#include <arpa/inet.h>
#include <condition_variable>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plugins/lib/http/compression.hpp"
#include "tests/unit/plugins/lib/http/support.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// A server that sends to its one client what it is told.
class Peer {
 public:
  Peer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(0, ::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)));
    EXPECT_EQ(0, ::listen(listener_, 8));
  }
  ~Peer() {
    hang_up();
    ::close(listener_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  std::string url() const {
    sockaddr_in at{};
    socklen_t size = sizeof(at);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    return "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/";
  }
  /// The client's request.
  std::string accept() {
    client_ = ::accept(listener_, nullptr, nullptr);
    char piece[4096];
    const ssize_t got = ::recv(client_, piece, sizeof(piece), 0);
    return {piece, got > 0 ? static_cast<size_t>(got) : 0};
  }
  bool send(std::string_view bytes) const {
    return ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  /// Until the client takes no more; how much it has taken.
  size_t send_until_full() const {
    const std::string piece(64 * 1024, 'x');
    size_t sent = 0;
    const timeval limit{0, 200'000};
    ::setsockopt(client_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    for (ssize_t taken = 1; taken > 0 && sent < 256 * 1024 * 1024; sent += taken > 0 ? static_cast<size_t>(taken) : 0)
      taken = ::send(client_, piece.data(), piece.size(), MSG_NOSIGNAL);
    return sent;
  }
  /// Waits for the client to close.
  bool sees_the_end() const {
    char byte;
    return ::recv(client_, &byte, 1, 0) <= 0;
  }
  void hang_up() {
    if (client_ >= 0) ::close(client_);
    client_ = -1;
  }

 private:
  const int listener_;
  int client_ = -1;
};

std::string chunk(std::string_view text) {
  char size[20];
  std::snprintf(size, sizeof(size), "%zx\r\n", text.size());
  return std::string(size).append(text).append("\r\n");
}

struct Streams : ::testing::Test {
  Workers workers;
  IoThreads threads{1};
  Client client{threads, workers, {}};
  std::mutex mutex;
  std::condition_variable changed;
  std::string text;  // of all pieces
  size_t pieces = 0;
  uint32_t code = 0;
  std::optional<Result<ClientResponse>> outcome;
  Client::OnPiece before_taking;  // or none
  ClientRequest request;

  ~Streams() override { client.stop(); }
  std::shared_ptr<ClientCall> begin(const std::string& url) {
    request.url = url;
    auto begun = client.stream(
        request,
        [this](const ClientResponse& head, std::string_view piece) -> Result<void> {
          if (before_taking) {
            if (auto may = before_taking(head, piece); !may) return may;
          }
          const std::lock_guard lock(mutex);
          EXPECT_FALSE(outcome.has_value());
          EXPECT_LE(piece.size(), Client::kMaxPiece);
          EXPECT_EQ(pieces == 0, piece.empty());
          text += piece;
          ++pieces;
          code = head.code;
          changed.notify_all();
          return {};
        },
        [this](Result<ClientResponse> result) {
          const std::lock_guard lock(mutex);
          outcome = std::move(result);
          changed.notify_all();
        });
    EXPECT_TRUE(begun.ok());
    return *begun;
  }
  template <class Condition>
  bool eventually(Condition condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 20s, condition);
  }
  bool has(const std::string& wanted) {
    return eventually([&] { return text == wanted; });
  }
  /// The status, OK included.
  tarsier_status end() {
    EXPECT_TRUE(eventually([&] { return outcome.has_value(); }));
    return outcome->ok() ? TARSIER_OK : outcome->error().code();
  }
};

TEST_F(Streams, HandOverEachPieceAsItComes) {
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  ASSERT_TRUE(eventually([&] { return pieces == 1; })) << "the head is told before there is a body";
  EXPECT_EQ(200U, code);
  ASSERT_TRUE(peer.send(chunk("one\n")));
  ASSERT_TRUE(has("one\n"));
  ASSERT_TRUE(peer.send(chunk("two\n")));
  ASSERT_TRUE(has("one\ntwo\n"));
  ASSERT_TRUE(peer.send("0\r\n\r\n"));
  EXPECT_EQ(TARSIER_OK, end());
  EXPECT_EQ(200U, (*outcome)->code);
  EXPECT_EQ("", (*outcome)->body);
}

TEST_F(Streams, LastUntilTheServerHangsUpWhenNothingElseSaysHowLong) {
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.0 410 Gone\r\n\r\nabc"));
  ASSERT_TRUE(has("abc"));
  EXPECT_EQ(410U, code);
  ASSERT_TRUE(peer.send("def"));
  ASSERT_TRUE(has("abcdef"));
  peer.hang_up();
  EXPECT_EQ(TARSIER_OK, end());
}

TEST_F(Streams, FailAfterTheLastPieceWhenTheAnswerBreaksOff) {
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
  ASSERT_TRUE(has("half"));
  peer.hang_up();
  EXPECT_EQ(TARSIER_UNAVAILABLE, end());
  EXPECT_THAT(outcome->error().message(), HasSubstr("in the middle of its answer"));
}

TEST_F(Streams, EndWhenNothingComesForTooLong) {
  request.quiet_timeout = 80ms;
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("one")));
  ASSERT_TRUE(has("one"));
  EXPECT_EQ(TARSIER_DEADLINE, end());
  EXPECT_THAT(outcome->error().message(), HasSubstr("nothing came for 80 ms"));
  EXPECT_TRUE(peer.sees_the_end());
}

TEST_F(Streams, EndAtTheTimeLimitOverAllHoweverMuchComes) {
  request.timeout = 150ms;
  request.quiet_timeout = 10s;
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  while (peer.send(chunk("more"))) {  // until the client has closed
    const std::lock_guard lock(mutex);
    if (outcome) break;
  }
  EXPECT_EQ(TARSIER_DEADLINE, end());
  EXPECT_THAT(outcome->error().message(), HasSubstr("no answer within 150 ms"));
}

TEST_F(Streams, CanBeCancelledInTheMiddle) {
  Peer peer;
  const auto call = begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("one")));
  ASSERT_TRUE(has("one"));
  call->cancel();
  EXPECT_EQ(TARSIER_CANCELLED, end());
  EXPECT_TRUE(peer.sees_the_end());
}

TEST_F(Streams, AreCancelledByStop) {
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("one")));
  ASSERT_TRUE(has("one"));
  client.stop();
  EXPECT_EQ(TARSIER_CANCELLED, end());
}

TEST_F(Streams, EndWithWhatOnPieceSays) {
  before_taking = [](const ClientResponse&, std::string_view piece) -> Result<void> {
    if (piece == "two") return Error(TARSIER_RESOURCE, "a line is too long");
    return {};
  };
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("one")));
  ASSERT_TRUE(has("one"));
  ASSERT_TRUE(peer.send(chunk("two") + "0\r\n\r\n"));
  EXPECT_EQ(TARSIER_RESOURCE, end());
  EXPECT_EQ("a line is too long", outcome->error().message());
  EXPECT_EQ("one", text);
}

TEST_F(Streams, ReadNothingMoreWhileAPieceIsWorkedOn) {
  std::promise<void> go_on;
  const std::shared_future<void> may_go_on = go_on.get_future().share();
  request.quiet_timeout = 100ms;  // does not count while it is not the server who is quiet
  before_taking = [may_go_on](const ClientResponse&, std::string_view piece) -> Result<void> {
    if (!piece.empty()) may_go_on.wait();
    return {};
  };
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\n\r\n"));
  const size_t sent = peer.send_until_full();
  EXPECT_LT(sent, size_t{64} * 1024 * 1024);
  peer.hang_up();
  go_on.set_value();
  EXPECT_EQ(TARSIER_OK, end());
  EXPECT_EQ(sent, text.size());
}

TEST_F(Streams, ACancelledOneEndsWhenThePieceThatIsWorkedOnIsTaken) {
  std::promise<void> go_on, begun;
  before_taking = [&](const ClientResponse&, std::string_view piece) -> Result<void> {
    if (piece.empty()) return {};
    begun.set_value();
    go_on.get_future().wait();
    return {};
  };
  Peer peer;
  const auto call = begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("one")));
  begun.get_future().wait();
  call->cancel();
  {
    const std::lock_guard lock(mutex);
    EXPECT_FALSE(outcome.has_value());
  }
  go_on.set_value();
  EXPECT_EQ(TARSIER_CANCELLED, end());
}

TEST_F(Streams, UnpackPieceByPiece) {
  request.accept_compressed = true;
  const auto encoder = make_encoder(Encoding::gzip);
  const auto packed = [&](std::string_view piece) {
    std::string out;
    EXPECT_TRUE(encoder->write(piece, true, out).ok());
    return chunk(out);
  };
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + packed("one\n")));
  ASSERT_TRUE(has("one\n"));
  ASSERT_TRUE(peer.send(packed("two\n")));
  ASSERT_TRUE(has("one\ntwo\n"));
  std::string last;
  ASSERT_TRUE(encoder->finish(last).ok());
  ASSERT_TRUE(peer.send(chunk(last) + "0\r\n\r\n"));
  EXPECT_EQ(TARSIER_OK, end());
  EXPECT_FALSE(has_header((*outcome)->headers, "content-encoding"));
}

TEST_F(Streams, ASmallBombComesInPiecesAndStopsAtTheLimit) {
  request.accept_compressed = true;
  request.max_body_bytes = 8 * 1024 * 1024;
  const std::string packed = *compress(Encoding::zstd, std::string(32 * 1024 * 1024, '0'));
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: " + std::to_string(packed.size()) +
                        "\r\n\r\n" + packed));
  EXPECT_EQ(TARSIER_RESOURCE, end());
  EXPECT_THAT(outcome->error().message(), HasSubstr("the body is larger than 8388608 bytes"));
  EXPECT_LE(text.size(), request.max_body_bytes);
}

TEST_F(Streams, LeaveOutWhatComesBeforeTheAnswer) {
  request.max_redirects = 1;
  Site site;
  site.paths.on("/from", [](const auto& exchange) { exchange->respond({302, {{"Location", "/to"}}, "go elsewhere"}); });
  site.paths.on_text("/to", "text/plain", "here it is");
  begin(site.url("/from"));
  EXPECT_EQ(TARSIER_OK, end());
  EXPECT_EQ("here it is", text);
  EXPECT_EQ(1U, client.stats().reused.load());
  text.clear();
  outcome.reset();
  pieces = 0;
  Peer peer;
  begin(peer.url());
  peer.accept();
  ASSERT_TRUE(peer.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"));
  EXPECT_EQ(TARSIER_OK, end());
  EXPECT_EQ(204U, code);
  EXPECT_EQ(1U, pieces);
}

TEST_F(Streams, LeaveTheirConnectionToTheNextCall) {
  Site site;
  site.paths.on("/a", [](const auto& exchange) {
    exchange->begin(200, {});
    exchange->write("a");
    exchange->write("b");
    exchange->end(false);
  });
  for (int i = 0; i < 3; ++i) {
    {
      const std::lock_guard lock(mutex);
      pieces = 0;
      text.clear();
      outcome.reset();
    }
    begin(site.url("/a"));
    ASSERT_EQ(TARSIER_OK, end());
    EXPECT_EQ("ab", text);
  }
  EXPECT_EQ(2U, client.stats().reused.load());
}

}  // namespace
}  // namespace tarsier::net::test
