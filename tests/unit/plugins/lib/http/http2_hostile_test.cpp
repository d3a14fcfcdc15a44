// Clients of HTTP/2 that mean no good: what they are told, and that the others do not notice.
#include <atomic>
#include <functional>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/unit/plugins/lib/http/http2_peer.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;

constexpr uint8_t kData = 0, kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4, kPing = 6, kWindowUpdate = 8,
                  kContinuation = 9;
constexpr uint32_t kProtocolError = 1, kRefusedStream = 7, kCancel = 8, kEnhanceYourCalm = 11;

struct Frame {
  uint8_t type, flags;
  int32_t stream;
  std::string payload;
  uint32_t number(size_t at) const {
    uint32_t value = 0;
    for (size_t i = at; i < at + 4 && i < payload.size(); ++i) value = (value << 8U) | static_cast<unsigned char>(payload[i]);
    return value;
  }
};
constexpr uint8_t kGoaway = 7, kNothing = 255;
/// kNothing at the end.
Frame read_frame(Raw& raw) {
  const std::string head = raw.read(9);
  if (head.size() < 9) return {kNothing, 0, 0, ""};
  const auto byte = [&](size_t at) { return static_cast<uint32_t>(static_cast<unsigned char>(head[at])); };
  const size_t size = (byte(0) << 16U) | (byte(1) << 8U) | byte(2);
  const uint32_t stream = (byte(5) << 24U) | (byte(6) << 16U) | (byte(7) << 8U) | byte(8);
  return {static_cast<uint8_t>(byte(3)), static_cast<uint8_t>(byte(4)), static_cast<int32_t>(stream), raw.read(size)};
}

/// GET of "/" on localhost, compressed by the static table alone.
std::string get_block() { return std::string("\x82\x86\x84\x41\x09localhost", 14); }
std::string get_frame(int32_t stream) { return frame_bytes(kHeaders, 5, stream, get_block()); }

struct Hostile : ::testing::Test {
  std::unique_ptr<Site> site;
  std::atomic<int> served{0};
  void open(ServerLimits limits = {}) {
    site = std::make_unique<Site>(limits);
    site->paths.on("/", [this](const auto& exchange) {
      ++served;
      exchange->respond({200, {}, "fine"});
    });
  }
  void SetUp() override { open(); }
  /// Sends until the server says stop; the error that it says.
  std::optional<uint32_t> flood(const std::function<std::string(int)>& frames, int most = 200'000) {
    Raw raw(site->port);  // a library would be confused by answers to what it has not sent
    raw.send(http2_hello() + get_frame(1));
    std::optional<uint32_t> goaway;
    const auto read = [&] {
      const Frame frame = read_frame(raw);
      if (frame.type == kGoaway) goaway = frame.number(4);
      return frame.type != kNothing && !goaway;
    };
    for (int i = 0; i < most && !goaway && raw.send(frames(i)); ++i) {
      if (i % 16 == 0 && raw.readable() && !read()) break;
    }
    while (!goaway && read()) {
    }
    return goaway;
  }
  void expect_well() {
    Http2Peer peer(site->port);
    EXPECT_EQ("fine", peer.wait(peer.get("/")).body);
  }
};

TEST_F(Hostile, RapidResetsEndTheConnection) {
  const auto frames = [](int i) {
    const int32_t stream = 3 + 2 * i;
    return get_frame(stream) + frame_bytes(kReset, 0, stream, std::string("\0\0\0\x08", 4));
  };
  EXPECT_EQ(kEnhanceYourCalm, flood(frames));
  EXPECT_LT(served.load(), 300);
  EXPECT_EQ(1U, site->server.stats("test")->http2_floods.load());
  expect_well();
}

TEST_F(Hostile, AHandlerOfAStreamThatWasResetCountsAsLongAsItWorks) {
  site = std::make_unique<Site>(ServerLimits{});
  std::mutex lock;
  std::vector<std::function<void()>> answers;
  site->paths.on("/", [&](const auto& exchange) {
    const std::lock_guard guard(lock);
    answers.push_back([exchange] { exchange->respond({200, {}, "fine"}); });
    ++served;
  });
  Raw raw(site->port);
  raw.send(http2_hello());
  for (int32_t i = 0; i < 60; ++i) raw.send(get_frame(1 + 2 * i));
  while (served.load() < 60) std::this_thread::yield();
  for (int32_t i = 0; i < 60; ++i) raw.send(frame_bytes(kReset, 0, 1 + 2 * i, std::string("\0\0\0\x08", 4)));
  for (int32_t i = 60; i < 120; ++i) raw.send(get_frame(1 + 2 * i));
  for (int refused = 0; refused < 20;) {
    const Frame frame = read_frame(raw);
    ASSERT_NE(kNothing, frame.type);
    if (frame.type == kReset && frame.number(0) == 7) ++refused;
  }
  while (served.load() < 100) std::this_thread::yield();
  const std::lock_guard guard(lock);
  EXPECT_EQ(100U, answers.size());
  for (const auto& answer : answers) answer();
}

TEST_F(Hostile, ResetsThatTheServerIsMadeToSendEndItAsWell) {
  Raw raw(site->port);
  raw.send(http2_hello());
  std::optional<uint32_t> goaway;
  for (int32_t stream = 1; stream < 20'000 && !goaway; stream += 2) {
    raw.send(get_frame(stream) + frame_bytes(kWindowUpdate, 0, stream, "\x7f\xff\xff\xff"));  // a window that is too large
    for (bool answered = false; !answered && !goaway;) {
      const Frame frame = read_frame(raw);
      answered = frame.stream == stream && (frame.type == kReset || (frame.flags & 1) != 0);
      if (frame.type == kGoaway) goaway = frame.number(4);
      if (frame.type == kNothing) break;
    }
  }
  EXPECT_EQ(kEnhanceYourCalm, goaway);
  EXPECT_LT(served.load(), 1000);
  expect_well();
}

TEST_F(Hostile, FloodsEndTheConnection) {
  EXPECT_EQ(kEnhanceYourCalm, flood([](int) { return frame_bytes(kPing, 0, 0, "12345678"); }));
  EXPECT_EQ(kEnhanceYourCalm, flood([](int) { return frame_bytes(kSettings, 0, 0, ""); }));
  EXPECT_EQ(kEnhanceYourCalm, flood([](int) { return frame_bytes(kPriority, 0, 3, std::string("\0\0\0\0\x10", 5)); }));
  EXPECT_EQ(kEnhanceYourCalm, flood([](int) { return frame_bytes(kWindowUpdate, 0, 0, std::string("\0\0\0\1", 4)); }));
  EXPECT_EQ(kEnhanceYourCalm, flood([](int) { return frame_bytes(200, 0, 0, "unknown"); }));
  const std::string post = frame_bytes(kHeaders, 4, 3, std::string("\x83", 1) + get_block().substr(1));
  EXPECT_EQ(kEnhanceYourCalm, flood([&](int i) { return (i == 0 ? post : "") + frame_bytes(kData, 0, 3, ""); }));
  expect_well();
}

TEST_F(Hostile, AHeaderWithoutEndEndsTheConnection) {
  for (const size_t size : {size_t{0}, size_t{100}, size_t{16'000}}) {
    Raw raw(site->port);
    raw.send(http2_hello() + frame_bytes(kHeaders, 0, 1, get_block()));
    std::optional<uint32_t> goaway;
    const auto read = [&] {
      const Frame frame = read_frame(raw);
      if (frame.type == kGoaway) goaway = frame.number(4);
      return frame.type != kNothing && !goaway;
    };
    for (int i = 0; i < 2000 && !goaway; ++i) {
      std::string field("\x00\x01x\x7f", 4);  // never as long as it says
      if (i > 0) field.clear();
      if (!raw.send(frame_bytes(kContinuation, 0, 1, field + std::string(size, 'x')))) break;
      if (raw.readable() && !read()) break;
    }
    while (!goaway && read()) {
    }
    EXPECT_TRUE(goaway.has_value()) << size;
    EXPECT_EQ(0, served.load());
  }
  expect_well();
}

TEST_F(Hostile, AHeaderThatIsLargeOnlyWhenUnpackedIsRefused) {
  // One field of 4000 bytes into the table, and then itself again and again, a byte each.
  std::string block = get_block() + std::string("\x40\x01x\x7f\xa1\x1e", 6) + std::string(4000, 'a');
  block += std::string(100, static_cast<char>(0xbe));
  Http2Peer peer(site->port);
  peer.send_raw(frame_bytes(kHeaders, 5, 1, block));
  peer.until([&] { return peer.goaway.has_value() || peer.answer(1).code != 0; });
  EXPECT_EQ(0, served.load());
  expect_well();
}

TEST_F(Hostile, MalformedFramesEndTheConnection) {
  for (const std::string& bytes :
       {frame_bytes(kHeaders, 5, 0, get_block()), frame_bytes(kHeaders, 5, 2, get_block()),
        frame_bytes(kHeaders, 5, 1, "\xff\xff\xff\xff\xff\xff"), frame_bytes(kData, 0, 1, "early"),
        frame_bytes(kContinuation, 4, 1, ""), frame_bytes(kSettings, 0, 1, ""), std::string("\x7f\xff\xff\0\0\0\0\0\1", 9)}) {
    Http2Peer peer(site->port);
    peer.send_raw(bytes);
    EXPECT_TRUE(peer.until([&] { return peer.goaway.has_value(); }));
    EXPECT_FALSE(peer.until([] { return false; }));
  }
  Raw raw(site->port);
  raw.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  raw.read_to_end();
  expect_well();
}

TEST_F(Hostile, MalformedRequestsAreRefusedByThemselves) {
  Http2Peer peer(site->port);
  for (const Headers& fields : std::vector<Headers>{{{"connection", "close"}},
                                                    {{"transfer-encoding", "chunked"}},
                                                    {{"te", "gzip"}},
                                                    {{"keep-alive", "1"}},
                                                    {{"content-length", "5"}}}) {
    const int32_t stream = peer.request("GET", "/", fields);
    if (stream > 0) EXPECT_EQ(kProtocolError, peer.wait(stream).error) << fields[0].name;
  }
  EXPECT_EQ("fine", peer.wait(peer.get("/")).body);
}

TEST_F(Hostile, StreamsBeyondTheLimitEndTheConnection) {
  std::mutex mutex;
  std::vector<std::shared_ptr<Exchange>> kept;
  site->paths.on("/wait", [&](const auto& exchange) {
    const std::lock_guard lock(mutex);
    kept.push_back(exchange);
  });
  Http2Peer peer(site->port);
  EXPECT_EQ("fine", peer.wait(peer.get("/")).body);  // and the server's settings have come
  std::string frames;
  const std::string block = std::string("\x82\x86\x04\x05/wait\x41\x09localhost", 20);
  for (int i = 0; i < 101; ++i) frames += frame_bytes(kHeaders, 5, 3 + 2 * i, block);
  peer.send_raw(frames);
  EXPECT_TRUE(peer.until([&] { return peer.goaway.has_value(); }));
  site->workers.stop();
  EXPECT_LE(kept.size(), 100U);
  for (const auto& exchange : kept) exchange->respond({200, {}, ""});
}

TEST_F(Hostile, HandlersWhoseClientHasGoneCountAsStreams) {
  std::mutex mutex;
  std::vector<std::shared_ptr<Exchange>> kept;
  site->paths.on("/wait", [&](const auto& exchange) {
    const std::lock_guard lock(mutex);
    kept.push_back(exchange);
  });
  Http2Peer peer(site->port);
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return kept.size();
  };
  for (size_t i = 0; i < 100; ++i) {
    const int32_t stream = peer.get("/wait");
    while (count() < i + 1) std::this_thread::yield();
    peer.reset(stream);
  }
  EXPECT_EQ(kRefusedStream, peer.wait(peer.get("/")).error);
  for (const auto& exchange : kept) exchange->respond({200, {}, ""});
  kept.clear();
  EXPECT_EQ("fine", peer.wait(peer.get("/")).body);
}

TEST_F(Hostile, AWindowThatStaysClosedIsGivenUpOn) {
  ServerLimits limits;
  limits.body_timeout = 100ms;
  limits.min_rate = 1024 * 1024 * 1024;
  open(limits);
  site->paths.on("/large", [](const auto& exchange) { exchange->respond({200, {}, std::string(1'000'000, 'x')}); });
  Http2Peer peer(site->port, false, 0);
  EXPECT_EQ(kCancel, peer.wait(peer.get("/large")).error);
  EXPECT_EQ(200U, site->paths.wait_finished().code);
}

TEST_F(Hostile, ABodyThatComesTooSlowlyIsRefused) {
  ServerLimits limits;
  limits.body_timeout = 100ms;
  open(limits);
  Http2Peer peer(site->port);
  const int32_t stream = peer.begin("POST", "/");
  EXPECT_EQ(408U, peer.wait(stream).code);
  EXPECT_EQ("fine", peer.wait(peer.get("/")).body);
}

TEST_F(Hostile, AHeaderThatComesTooSlowlyEndsTheConnection) {
  ServerLimits limits;
  limits.header_timeout = 100ms;
  open(limits);
  Raw silent(site->port);
  silent.send(http2_hello().substr(0, 24));
  silent.read_to_end();
  Http2Peer peer(site->port);
  EXPECT_EQ("fine", peer.wait(peer.get("/")).body);
  peer.send_raw(get_frame(3).substr(0, 12));
  EXPECT_FALSE(peer.until([] { return false; }));
}

TEST_F(Hostile, PingsDoNotKeepAConnectionThatAsksNothing) {
  ServerLimits limits;
  limits.idle_timeout = 200ms;
  open(limits);
  Http2Peer peer(site->port);
  while (!peer.goaway) {
    peer.send_raw(frame_bytes(kPing, 0, 0, "12345678"));
    if (!peer.step()) break;
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(0U, peer.goaway.value_or(99));
}

TEST_F(Hostile, AClientThatDoesNotReadIsCutOff) {
  ServerLimits limits;
  limits.body_timeout = 200ms;
  limits.min_rate = 1024 * 1024 * 1024;
  open(limits);
  site->paths.on("/large", [](const auto& exchange) { exchange->respond({200, {}, std::string(8'000'000, 'x')}); });
  Http2Peer peer(site->port, false, 0x7fffffff);
  for (int i = 0; i < 5; ++i) peer.get("/large");
  peer.send_raw(frame_bytes(kWindowUpdate, 0, 0, std::string("\x7f\xff\0\0", 4)));
  for (int i = 0; i < 500 && site->server.stats("test")->connections.load() > 0; ++i) std::this_thread::sleep_for(20ms);
  EXPECT_EQ(0, site->server.stats("test")->connections.load());
  expect_well();
}

}  // namespace
}  // namespace tarsier::net::test
