// Websockets by bytes on a real socket.
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/lib/http/support.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kHandshake =
    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A masked frame of a client; the mask is zeros.
std::string frame(int opcode, std::string_view text) {
  std::string out;
  out += static_cast<char>(0x80 | opcode);
  out += static_cast<char>(0x80 | static_cast<int>(text.size()));
  out.append(4, '\0');
  out += text;
  return out;
}

struct Echo {
  struct Signals {  // outlive the test's own end: a socket may close after it
    std::promise<void> closed;
    std::promise<void> gone;
    std::promise<bool> upgraded;
  };
  explicit Echo(Site& site) {
    site.paths.on("/ws", [signals = signals](const std::shared_ptr<Exchange>& exchange) {
      WebsocketCallbacks callbacks;
      auto socket = std::make_shared<std::shared_ptr<Websocket>>();
      callbacks.on_open = [socket](const std::shared_ptr<Websocket>& opened) {
        *socket = opened;
        opened->send("welcome", true);
      };
      callbacks.on_message = [socket](std::string_view message, bool is_text) { (*socket)->send(message, is_text); };
      callbacks.on_close = [signals, socket] {
        socket->reset();
        signals->closed.set_value();
      };
      callbacks.on_gone = [signals] { signals->gone.set_value(); };
      signals->upgraded.set_value(exchange->upgrade(std::move(callbacks)));
    });
  }
  bool wait_closed() {
    return signals->closed.get_future().wait_for(20s) == std::future_status::ready &&
           signals->gone.get_future().wait_for(20s) == std::future_status::ready;
  }
  std::shared_ptr<Signals> signals = std::make_shared<Signals>();
};

TEST(Websocket, EchoesMessagesAndClosesPolitely) {
  Site site;
  Echo echo(site);
  Raw raw(site.port);
  raw.send(kHandshake);
  const std::string answer = raw.read_answer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(answer, HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_EQ("\x81\x07welcome", raw.read(9));
  raw.send(frame(1, "hello"));
  EXPECT_EQ("\x81\x05hello", raw.read(7));
  raw.send(frame(2, "bytes"));
  EXPECT_EQ(
      "\x82\x05"
      "bytes",
      raw.read(7));
  raw.send(frame(9, "ping"));
  EXPECT_EQ("\x8a\x04ping", raw.read(6));
  raw.send(frame(8, "\x03\xe8"));
  EXPECT_EQ("\x88\x02\x03\xe8", raw.read(4));
  EXPECT_TRUE(echo.wait_closed());
  EXPECT_TRUE(echo.signals->upgraded.get_future().get());
}

TEST(Websocket, TakesFramesThatCameWithTheHandshake) {
  Site site;
  Echo echo(site);
  Raw raw(site.port);
  raw.send(std::string(kHandshake) + frame(1, "early"));
  raw.read_answer();
  EXPECT_EQ(
      "\x81\x07welcome\x81\x05"
      "early",
      raw.read(16));
}

TEST(Websocket, TellsThatTheClientWent) {
  Site site;
  Echo echo(site);
  Raw raw(site.port);
  raw.send(kHandshake);
  raw.read_answer();
  EXPECT_EQ("\x81\x07welcome", raw.read(9));
  raw.reset();
  EXPECT_TRUE(echo.wait_closed());
}

TEST(Websocket, ClosesOnMalformedFrames) {
  Site site;
  Echo echo(site);
  Raw raw(site.port);
  raw.send(kHandshake);
  raw.read_answer();
  raw.send(std::string("\x81\x05hello", 7));  // a client's frame without a mask
  raw.read_to_end();
  EXPECT_TRUE(echo.wait_closed());
}

TEST(Websocket, IsToldThatTheServerStops) {
  Site site;
  Echo echo(site);
  Raw raw(site.port);
  raw.send(kHandshake);
  raw.read_answer();
  EXPECT_EQ("\x81\x07welcome", raw.read(9));
  auto stopped = std::async(std::launch::async, [&] { return site.server.stop(std::chrono::steady_clock::now() + 20s); });
  const std::string goodbye = raw.read(4);
  EXPECT_EQ('\x88', goodbye[0]);
  EXPECT_EQ("\x03\xe9", goodbye.substr(2));  // 1001
  raw.send(frame(8, "\x03\xe9"));
  EXPECT_TRUE(stopped.get());
  EXPECT_TRUE(echo.wait_closed());
}

TEST(Websocket, RefusesWhatIsNoHandshake) {
  Site site;
  Echo echo(site);
  Raw plain(site.port);
  plain.send("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(plain.read_answer(), StartsWith("HTTP/1.1 400"));
  EXPECT_FALSE(echo.signals->upgraded.get_future().get());
}

TEST(Websocket, NamesTheVersionThatItSpeaks) {
  Site site;
  Echo echo(site);
  Raw old(site.port);
  old.send(
      "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: "
      "x\r\n\r\n");
  EXPECT_THAT(old.read_answer(), HasSubstr("Sec-WebSocket-Version: 13\r\n"));
  EXPECT_FALSE(echo.signals->upgraded.get_future().get());
}

}  // namespace
}  // namespace tarsier::net::test
