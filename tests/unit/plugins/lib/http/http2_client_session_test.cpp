// A client's session of HTTP/2 by the bytes of a server that may mean no good.
#include "plugins/lib/http/http2_client_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "tests/unit/plugins/lib/http/http2_peer.hpp"

namespace tarsier::net::test {
namespace {

using ::testing::HasSubstr;

constexpr uint8_t kData = 0, kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4, kPush = 5, kPing = 6, kGoaway = 7,
                  kWindowUpdate = 8, kContinuation = 9;
constexpr uint8_t kEnd = 1, kEndHeaders = 4;

std::string number(uint32_t value) {
  std::string out;
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>((value >> shift) & 255U));
  return out;
}
/// One field, not compressed.
std::string field_bytes(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  for (const std::string_view text : {name, value}) {
    out.push_back(static_cast<char>(text.size()));  // of fewer than 127
    out.append(text);
  }
  return out;
}
std::string setting(uint16_t id, uint32_t value) {
  return std::string{static_cast<char>(id >> 8U), static_cast<char>(id & 255U)} + number(value);
}
const std::string kOk = "\x88";  // :status 200
const std::string kSettingsFrame = frame_bytes(kSettings, 0, 0, "");

/// A client that keeps what it is told.
struct Asker : Http2ClientSession::Owner {
  struct Stream {
    uint32_t code = 0;
    std::optional<uint64_t> length;
    std::string body, to_send;
    bool ended = false, closed = false, refused = false;
    std::string error;
  };
  std::map<int32_t, Stream> streams;
  Http2ClientSession session{{}, *this, {}};
  std::string sent;

  void on_head(int32_t id, MessageHead head) override {
    EXPECT_EQ(0U, streams[id].code) << "a second head";
    streams[id].code = head.code;
    streams[id].length = head.content_length;
  }
  void on_body(int32_t id, std::string_view piece) override {
    EXPECT_NE(0U, streams[id].code);
    streams[id].body += piece;
  }
  void on_end(int32_t id) override { streams[id].ended = true; }
  void on_close(int32_t id, std::optional<Http2ClientSession::Break> broken) override {
    streams[id].closed = true;
    if (!broken) return;
    streams[id].error = broken->error.message();
    streams[id].refused = broken->refused;
  }
  Http2Supply supply(int32_t id, size_t most) override {
    const size_t left = streams[id].to_send.size();
    return {std::min(most, left), left <= most, nullptr};
  }
  void take(int32_t id, size_t size, std::string& to) override {
    to.append(streams[id].to_send, 0, size);
    streams[id].to_send.erase(0, size);
  }

  Stream& get(const std::string& body = "", const std::string& method = "GET") {
    const int32_t id = static_cast<int32_t>(streams.size()) * 2 + 1;
    streams[id].to_send = body;
    const auto begun =
        session.request({{":method", method}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}, !body.empty());
    EXPECT_TRUE(begun.ok());
    EXPECT_EQ(id, *begun);
    fill();
    return streams[id];
  }
  void fill() { session.fill(sent, sent.size() + (size_t{1} << 20U)); }
  bool feed(const std::string& bytes) {
    const bool good = session.feed(bytes, {});
    fill();
    return good && session.failure().empty();
  }
  /// A server that begins with its settings, as it should.
  void settle(const std::string& settings = "") {
    ASSERT_TRUE(feed(frame_bytes(kSettings, 0, 0, settings)));
    ASSERT_TRUE(feed(frame_bytes(kSettings, 1, 0, "")));  // has seen ours
  }
};

struct ClientSession : ::testing::Test, Asker {};

TEST_F(ClientSession, ReadsAnAnswerWithWhatIsAroundIt) {
  settle();
  Stream& stream = get();
  EXPECT_TRUE(feed(frame_bytes(kHeaders, kEndHeaders, 1, field_bytes(":status", "103") + field_bytes("link", "</a>"))));
  EXPECT_EQ(0U, stream.code) << "it only announces another";
  EXPECT_TRUE(feed(frame_bytes(kHeaders, kEndHeaders, 1, kOk + field_bytes("content-length", "5")) +
                   frame_bytes(kData, 0, 1, "he") + frame_bytes(kData, 0, 1, "llo")));
  EXPECT_EQ(200U, stream.code);
  EXPECT_EQ(5U, stream.length);
  EXPECT_FALSE(stream.ended);
  EXPECT_TRUE(feed(frame_bytes(kHeaders, kEndHeaders | kEnd, 1, field_bytes("checksum", "7"))));
  EXPECT_EQ("hello", stream.body);
  EXPECT_TRUE(stream.ended && stream.closed);
  EXPECT_EQ("", stream.error);
}

TEST_F(ClientSession, AnEarlyAnswerIsAnAnswer) {
  settle();
  Stream& stream = get(std::string(200'000, 'x'));
  EXPECT_FALSE(stream.to_send.empty()) << "the window of the connection is 65,535 bytes";
  EXPECT_TRUE(
      feed(frame_bytes(kHeaders, kEndHeaders | kEnd, 1, field_bytes(":status", "413")) + frame_bytes(kReset, 0, 1, number(0))));
  EXPECT_EQ(413U, stream.code);
  EXPECT_TRUE(stream.ended && stream.closed);
  EXPECT_EQ("", stream.error);
}

TEST_F(ClientSession, SaysWhatTheServerDid) {
  settle();
  get();
  EXPECT_TRUE(feed(frame_bytes(kReset, 0, 1, number(2))));
  EXPECT_EQ("the server ended the stream: INTERNAL_ERROR", streams[1].error);
  EXPECT_FALSE(streams[1].refused);
  get();
  EXPECT_TRUE(feed(frame_bytes(kReset, 0, 3, number(7))));
  EXPECT_TRUE(streams[3].refused);
  get();
  EXPECT_TRUE(feed(frame_bytes(kHeaders, kEndHeaders, 5, kOk) + frame_bytes(kReset, 0, 5, number(7))));
  EXPECT_FALSE(streams[5].refused) << "it has begun to answer";
  get();
  get();
  EXPECT_TRUE(feed(frame_bytes(kGoaway, 0, 0, number(7) + number(11) + "too_many\npings")));
  EXPECT_EQ("ENHANCE_YOUR_CALM (too_many?pings)", session.parting_words());
  EXPECT_TRUE(session.leaving());
  EXPECT_EQ(0U, session.room());
  EXPECT_TRUE(streams[9].closed && streams[9].refused);
  EXPECT_FALSE(streams[7].closed) << "it goes on";
  EXPECT_TRUE(feed(frame_bytes(kHeaders, kEndHeaders | kEnd, 7, kOk)));
  EXPECT_TRUE(streams[7].ended);
  EXPECT_TRUE(session.over());
}

TEST_F(ClientSession, RoomIsWhatTheServerAllows) {
  EXPECT_EQ(100U, session.room());
  EXPECT_FALSE(session.settled());
  settle(setting(3, 2));
  EXPECT_EQ(2U, session.room());
  get();
  get();
  EXPECT_EQ(0U, session.room());
  EXPECT_TRUE(feed(frame_bytes(kHeaders, kEndHeaders | kEnd, 1, kOk)));
  EXPECT_EQ(1U, session.room());
  EXPECT_TRUE(feed(frame_bytes(kSettings, 0, 0, setting(3, 0))));
  EXPECT_EQ(0U, session.room());
  EXPECT_EQ(0U, session.most_streams());
  EXPECT_TRUE(feed(frame_bytes(kSettings, 0, 0, setting(3, 0xffffffff))));
  EXPECT_EQ(999U, session.room());
}

TEST_F(ClientSession, WhatIsNotAnAnswerEndsItsStreamAlone) {
  const std::map<std::string, std::string> answers = {
      {"no status", frame_bytes(kHeaders, kEndHeaders | kEnd, 1, field_bytes("a", "b"))},
      {"a second head", frame_bytes(kHeaders, kEndHeaders, 1, kOk) + frame_bytes(kHeaders, kEndHeaders, 1, kOk)},
      {"too short",
       frame_bytes(kHeaders, kEndHeaders, 1, kOk + field_bytes("content-length", "5")) + frame_bytes(kData, kEnd, 1, "x")},
      {"too long",
       frame_bytes(kHeaders, kEndHeaders, 1, kOk + field_bytes("content-length", "1")) + frame_bytes(kData, kEnd, 1, "xy")},
      {"two lengths",
       frame_bytes(kHeaders, kEndHeaders | kEnd, 1, kOk + field_bytes("content-length", "0") + field_bytes("content-length", "0"))},
      {"no number", frame_bytes(kHeaders, kEndHeaders, 1, field_bytes(":status", "050")) + frame_bytes(kData, kEnd, 1, "x")},
      {"switched protocols", frame_bytes(kHeaders, kEndHeaders | kEnd, 1, field_bytes(":status", "101"))},
      {"a head that is no end", frame_bytes(kHeaders, kEndHeaders | kEnd, 1, field_bytes(":status", "100"))},
      {"a field of HTTP/1.1", frame_bytes(kHeaders, kEndHeaders | kEnd, 1, kOk + field_bytes("connection", "close"))},
      {"capital letters", frame_bytes(kHeaders, kEndHeaders | kEnd, 1, kOk + field_bytes("Upper", "x"))},
  };
  for (const auto& [what, bytes] : answers) {
    Asker one;
    one.settle();
    one.get();
    one.get();
    EXPECT_TRUE(one.feed(bytes)) << what;
    EXPECT_TRUE(one.streams[1].closed) << what;
    EXPECT_THAT(one.streams[1].error, HasSubstr("malformed answer")) << what;
    EXPECT_FALSE(one.streams[3].closed) << what;
    EXPECT_TRUE(one.feed(frame_bytes(kHeaders, kEndHeaders | kEnd, 3, kOk))) << what;
    EXPECT_TRUE(one.streams[3].ended) << what;
  }
}

TEST_F(ClientSession, ABodyDoesNotGoBeyondItsWindow) {
  settle();
  Stream& stream = get();
  EXPECT_TRUE(feed(frame_bytes(kHeaders, kEndHeaders, 1, kOk)));
  for (int i = 0; i < 40 && !stream.closed; ++i) ASSERT_TRUE(feed(frame_bytes(kData, 0, 1, std::string(16384, 'x'))));
  EXPECT_EQ("malformed answer: FLOW_CONTROL_ERROR", stream.error);
  EXPECT_LE(stream.body.size(), 512U * 1024 + 16384);
}

TEST_F(ClientSession, APushThatIsOnItsWayIsReset) {
  ASSERT_TRUE(feed(kSettingsFrame));
  get();
  EXPECT_TRUE(feed(frame_bytes(kPush, kEndHeaders, 1, number(2) + kOk)));
  EXPECT_THAT(sent, HasSubstr(frame_bytes(kReset, 0, 2, number(8))));
  EXPECT_TRUE(feed(frame_bytes(kHeaders, kEndHeaders | kEnd, 1, kOk)));
  EXPECT_TRUE(streams[1].ended);
}

TEST_F(ClientSession, WhatBreaksTheRulesOfAllEndsTheConnection) {
  const std::map<std::string, std::string> answers = {
      {"a body without a head", frame_bytes(kData, 0, 1, "x")},
      {"a push", frame_bytes(kPush, kEndHeaders, 1, number(2) + kOk)},
      {"a window that overflows", frame_bytes(kWindowUpdate, 0, 0, number(0x7fffffff))},
      {"a frame that is too large", frame_bytes(kData, 0, 1, std::string(16385, 'x'))},
      {"a window of the wrong size", frame_bytes(kWindowUpdate, 0, 0, "abc")},
      {"settings of the wrong size", frame_bytes(kSettings, 0, 0, "abc")},
      {"a ping of the wrong size", frame_bytes(kPing, 0, 0, "abc")},
      {"a stream that nobody has begun", frame_bytes(kHeaders, kEndHeaders | kEnd, 9, kOk)},
      {"a continuation of nothing", frame_bytes(kContinuation, kEndHeaders, 1, kOk)},
      {"an unfinished header", frame_bytes(kHeaders, 0, 1, kOk) + frame_bytes(kData, 0, 1, "x")},
      {"broken compression", frame_bytes(kHeaders, kEndHeaders, 1, "\xff\xff\xff\xff\xff\xff\xff")},
  };
  for (const auto& [what, bytes] : answers) {
    Asker one;
    one.settle();
    one.get();
    EXPECT_FALSE(one.feed(bytes)) << what;
    EXPECT_NE("", one.session.failure()) << what;
    EXPECT_EQ(0U, one.session.room()) << what;
    EXPECT_FALSE(one.streams[1].ended) << what;
  }
  Asker silly;
  EXPECT_FALSE(silly.feed("HTTP/1.1 400 Bad Request\r\n\r\n"));
}

TEST_F(ClientSession, HeadersHaveABound) {
  settle();
  get();
  std::string many;
  for (int i = 0; i < 700; ++i) many += field_bytes("name", std::string(100, 'v'));
  EXPECT_TRUE(feed(frame_bytes(kHeaders, 0, 1, kOk) + [&] {
    std::string bytes;
    for (; many.size() > 16384; many.erase(0, 16384)) bytes += frame_bytes(kContinuation, 0, 1, many.substr(0, 16384));
    return bytes + frame_bytes(kContinuation, kEndHeaders, 1, many);
  }()));
  EXPECT_EQ("the header of the answer is larger than 65536 bytes", streams[1].error);
  get();
  // A field of 4,000 bytes in the table, and then 16,000 times its number: 64 MB.
  std::string bomb(
      "\x40\x01"
      "a"
      "\x7f\xa1\x1e",
      6);
  bomb.append(4000, 'v').append(10'000, '\xbe');
  EXPECT_TRUE(feed(frame_bytes(kHeaders, kEndHeaders | kEnd, 3, kOk + bomb)));
  EXPECT_EQ("the header of the answer is larger than 65536 bytes", streams[3].error);
  get();
  bool good = feed(frame_bytes(kHeaders, 0, 5, kOk));
  for (int i = 0; good && i < 1000; ++i) good = feed(frame_bytes(kContinuation, 0, 5, std::string(16384, '\xbe')));
  EXPECT_FALSE(good);
  EXPECT_EQ("a header without end", session.failure());
}

TEST_F(ClientSession, WhatLeadsNowhereHasABound) {
  const std::map<std::string, std::string> frames = {
      {"ping", frame_bytes(kPing, 0, 0, "12345678")},
      {"settings", kSettingsFrame},
      {"empty data", frame_bytes(kData, 0, 1, "")},
      {"window", frame_bytes(kWindowUpdate, 0, 0, number(1))},
      {"priority", frame_bytes(kPriority, 0, 1, std::string(5, '\0'))},
      {"announcements", frame_bytes(kHeaders, kEndHeaders, 1, field_bytes(":status", "103"))},
      {"padding", frame_bytes(kData, 8, 1, std::string(1, '\xc0') + std::string(192, '\0'))},
      {"unknown", frame_bytes(200, 0, 0, "x")},
  };
  for (const auto& [what, bytes] : frames) {
    Asker one;
    one.settle();
    one.get();
    if (bytes[3] == kData) {
      EXPECT_TRUE(one.feed(frame_bytes(kHeaders, kEndHeaders, 1, kOk)));
    }
    int taken = 0;
    while (taken < 100'000 && one.feed(bytes)) ++taken;
    EXPECT_LT(taken, 1100) << what;
    EXPECT_GT(taken, 900) << what;
    EXPECT_EQ("too many frames that lead nowhere", one.session.failure()) << what;
  }
}

TEST_F(ClientSession, ABodyMayBePadded) {
  settle();
  get();
  EXPECT_TRUE(feed(frame_bytes(kHeaders, kEndHeaders, 1, kOk)));
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(feed(frame_bytes(kData, 8, 1, std::string(1, '\x10') + std::string(300, 'x') + std::string(16, '\0')))) << i;
    session.consume(1, 317);
  }
  EXPECT_EQ(1'500'000U, streams[1].body.size());
}

TEST_F(ClientSession, ManyAnswersAreNoFlood) {
  settle();
  for (int32_t id = 1; id < 20'000; id += 2) {
    get();
    const std::string ending = frame_bytes(kHeaders, kEndHeaders | kEnd, id, kOk) + frame_bytes(kPing, 0, 0, "12345678");
    ASSERT_TRUE(feed(ending)) << id;
    ASSERT_TRUE(streams[id].ended);
  }
}

TEST_F(ClientSession, AShrunkenWindowHoldsTheBodyBack) {
  settle();
  Stream& stream = get(std::string(100'000, 'x'));
  const size_t left = stream.to_send.size();
  EXPECT_EQ(100'000U - 65'535U, left);
  EXPECT_TRUE(feed(frame_bytes(kSettings, 0, 0, setting(4, 0)) + frame_bytes(kWindowUpdate, 0, 0, number(1'000'000))));
  EXPECT_EQ(left, stream.to_send.size());
  EXPECT_TRUE(feed(frame_bytes(kWindowUpdate, 0, 1, number(1'000'000))));
  EXPECT_EQ(0U, stream.to_send.size());
}

TEST_F(ClientSession, ARequestThatIsTooLargeIsNotSent) {
  settle();
  const auto begun = session.request(
      {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}, {"large", std::string(100'000, 'x')}}, false);
  ASSERT_TRUE(begun.ok());
  fill();
  EXPECT_THAT(streams[1].error, HasSubstr("the header of the request cannot be sent"));
  EXPECT_FALSE(streams[1].refused);
  EXPECT_EQ("", session.failure());
}

}  // namespace
}  // namespace tarsier::net::test
