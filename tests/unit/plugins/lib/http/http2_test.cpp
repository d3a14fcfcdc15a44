// HTTP/2 against real sockets: requests side by side, bodies, streamed answers, trailers, and the end.
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "plugins/lib/http/compression.hpp"
#include "tests/unit/plugins/lib/http/http2_peer.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr uint32_t kNoError = 0;
constexpr uint32_t kInternalError = 2;

void echo(const std::shared_ptr<Exchange>& exchange) { exchange->respond({200, {}, exchange->request().body}); }

TEST(Http2, AnswersWithFieldsOfItsOwn) {
  Site site;
  site.paths.on("/hello", [](const auto& exchange) {
    exchange->respond({200, {{"X-Mixed", "Case"}, {"Connection", "close"}, {"Upgrade", "h3"}}, "hello"});
  });
  Http2Peer peer(site.port);
  const auto& answer = peer.wait(peer.get("/hello"));
  EXPECT_EQ(200U, answer.code);
  EXPECT_EQ("hello", answer.body);
  EXPECT_EQ("5", answer.headers.at("content-length"));
  EXPECT_EQ("Case", answer.headers.at("x-mixed"));
  EXPECT_EQ(1U, answer.headers.count("date"));
  EXPECT_EQ(0U, answer.headers.count("connection") + answer.headers.count("upgrade"));
  EXPECT_EQ(1U, site.server.stats("test")->http2_connections.load());
}

TEST(Http2, HandsOnWhatTheRequestSays) {
  Site site;
  std::promise<Request> seen;
  site.paths.on("/a/b", [&](const auto& exchange) {
    seen.set_value(exchange->request());
    exchange->respond({200, {}, ""});
  });
  Http2Peer peer(site.port);
  peer.wait(peer.request("GET", "/a/b?x=1", {{"cookie", "a=1"}, {"cookie", "b=2"}, {"x-y", "z"}}));
  const Request request = seen.get_future().get();
  EXPECT_EQ("localhost", request.host);
  EXPECT_EQ("localhost", find_header(request.headers, "host"));
  EXPECT_EQ("a=1; b=2", find_header(request.headers, "cookie"));
  EXPECT_EQ("z", find_header(request.headers, "x-y"));
  EXPECT_EQ("/a/b", request.path);
  EXPECT_EQ("x=1", request.query);
  EXPECT_TRUE(request.http_2);
}

TEST(Http2, RefusesAHostThatIsNotTheAuthority) {
  Site site;
  site.paths.on("/a", echo);
  Http2Peer peer(site.port);
  EXPECT_EQ(400U, peer.wait(peer.request("GET", "/a", {{"host", "elsewhere"}})).code);
  EXPECT_EQ(200U, peer.wait(peer.request("GET", "/a", {{"host", "LOCALHOST"}})).code);
}

TEST(Http2, AnswersSideBySideInAnyOrder) {
  Site site;
  std::promise<std::shared_ptr<Exchange>> slow;
  site.paths.on("/slow", [&](const auto& exchange) { slow.set_value(exchange); });
  site.paths.on_text("/quick", "text/plain", "quick");
  Http2Peer peer(site.port);
  const int32_t first = peer.get("/slow");
  for (int i = 0; i < 50; ++i) EXPECT_EQ("quick", peer.wait(peer.get("/quick")).body);
  EXPECT_FALSE(peer.answer(first).closed);
  slow.get_future().get()->respond({200, {}, "slow"});
  EXPECT_EQ("slow", peer.wait(first).body);
}

TEST(Http2, AnswersHeadWithoutABody) {
  Site site;
  site.paths.on_text("/a", "text/plain", "12345");
  Http2Peer peer(site.port);
  const auto& answer = peer.wait(peer.request("HEAD", "/a"));
  EXPECT_EQ("5", answer.headers.at("content-length"));
  EXPECT_EQ("", answer.body);
  EXPECT_TRUE(answer.head_is_end);
}

TEST(Http2, CarriesLargeBodiesBothWays) {
  Site site;
  site.paths.on("/echo", echo);
  Http2Peer peer(site.port);
  std::string body(3'000'000, 'x');
  for (size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i / 1000 % 26);
  const auto& answer = peer.wait(peer.request("POST", "/echo", {}, body));
  EXPECT_TRUE(answer.body == body);
  const RequestRecord record = site.paths.wait_finished();
  EXPECT_EQ(200U, record.code);
  EXPECT_GE(record.received_bytes, body.size());
  EXPECT_GE(record.sent_bytes, body.size());
}

TEST(Http2, UnpacksBodiesAndPacksAnswers) {
  Site site;
  site.paths.on("/echo",
                [](const auto& exchange) { exchange->respond({200, {{"Content-Type", "text/plain"}}, exchange->request().body}); });
  Http2Peer peer(site.port);
  const std::string body(100000, 'x');
  const std::string packed = *compress(Encoding::gzip, body);
  const auto& answer =
      peer.wait(peer.request("POST", "/echo", {{"content-encoding", "gzip"}, {"accept-encoding", "gzip"}}, packed));
  EXPECT_EQ("gzip", answer.headers.at("content-encoding"));
  std::string unpacked;
  ASSERT_TRUE(make_decoder("gzip")->write(answer.body, body.size(), unpacked).ok());
  EXPECT_TRUE(unpacked == body);
  EXPECT_EQ(400U, peer.wait(peer.request("POST", "/echo", {{"content-encoding", "gzip"}}, "no gzip")).code);
  EXPECT_EQ(400U, peer.wait(peer.request("POST", "/echo", {{"content-encoding", "gzip"}}, packed.substr(0, 50))).code);
  EXPECT_EQ(415U, peer.wait(peer.request("POST", "/echo", {{"content-encoding", "br"}}, "x")).code);
}

TEST(Http2, RefusesWhatIsTooLargeAndGoesOn) {
  ServerLimits limits;
  limits.max_body_bytes = 1000;
  limits.max_header_bytes = 2000;
  Site site(limits);
  site.paths.on("/echo", echo);
  Http2Peer peer(site.port);
  const int32_t large = peer.request("POST", "/echo", {}, std::string(300'000, 'x'));
  EXPECT_EQ(413U, peer.wait(large).code);
  EXPECT_EQ(kNoError, peer.answer(large).error);
  EXPECT_EQ(413U, peer.wait(peer.request("POST", "/echo", {{"content-length", "1001"}}, std::string(1001, 'x'))).code);
  const std::string bomb = *compress(Encoding::gzip, std::string(1'000'000, '\0'));
  EXPECT_EQ(413U, peer.wait(peer.request("POST", "/echo", {{"content-encoding", "gzip"}}, bomb)).code);
  EXPECT_EQ(431U, peer.wait(peer.request("GET", "/echo", {{"x", std::string(3000, 'a')}})).code);
  EXPECT_EQ(404U, peer.wait(peer.get("/none")).code);
  EXPECT_EQ("ok", peer.wait(peer.request("POST", "/echo", {}, "ok")).body);
  EXPECT_EQ(1U, site.server.stats("test")->accepted.load());
}

TEST(Http2, SaysContinueBeforeAnExpectedBody) {
  Site site;
  site.paths.on("/echo", echo);
  Http2Peer peer(site.port);
  const int32_t stream = peer.begin("POST", "/echo", {{"expect", "100-continue"}});
  EXPECT_TRUE(peer.until([&] { return peer.answer(stream).interim == 100; }));
  peer.send_raw(frame_bytes(0, 1, stream, "ok"));
  EXPECT_EQ("ok", peer.wait(stream).body);
}

TEST(Http2, StreamsAnswersAtThePaceOfTheClient) {
  Site site;
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/stream", [&](const auto& exchange) { handed.set_value(exchange); });
  Http2Peer peer(site.port, false);
  const int32_t stream = peer.get("/stream");
  const auto exchange = handed.get_future().get();
  exchange->begin(200, {{"Content-Type", "application/octet-stream"}});
  const std::string piece(100'000, 'p');
  size_t pieces = 0;
  while (exchange->write(piece) == Exchange::Write::taken) ++pieces;
  EXPECT_LT(pieces, 13U) << "a megabyte may wait, and what the window lets through";
  std::promise<void> writable;
  exchange->on_writable([&] { writable.set_value(); });
  auto room = writable.get_future();
  ASSERT_TRUE(peer.until([&] { return peer.answer(stream).body.size() == 65535; }));
  EXPECT_EQ(std::future_status::timeout, room.wait_for(50ms)) << "the window is closed";
  size_t opened = 0;
  while (room.wait_for(0ms) != std::future_status::ready) {
    const size_t there = peer.answer(stream).body.size();
    peer.open_window(stream, there - opened);
    opened = there;
    ASSERT_TRUE(peer.step());
  }
  exchange->end(false);
  while (!peer.answer(stream).closed) {
    const size_t there = peer.answer(stream).body.size();
    peer.open_window(stream, there - opened);
    opened = there;
    ASSERT_TRUE(peer.step());
  }
  EXPECT_EQ(pieces * piece.size(), peer.answer(stream).body.size());
}

TEST(Http2, SendsTrailersBehindTheBody) {
  Site site;
  site.paths.on("/trailers", [](const auto& exchange) {
    exchange->begin(200, {{"Content-Type", "application/grpc"}});
    exchange->write("body");
    exchange->end(false, {{"Grpc-Status", "0"}, {"Connection", "close"}, {"bad\n", "x"}});
  });
  site.paths.on("/only", [](const auto& exchange) {
    exchange->begin(200, {});
    exchange->end(false, {{"a", "b"}});
  });
  Http2Peer peer(site.port);
  const auto& answer = peer.wait(peer.get("/trailers"));
  EXPECT_EQ("body", answer.body);
  EXPECT_EQ((std::map<std::string, std::string>{{"grpc-status", "0"}}), answer.trailers);
  EXPECT_EQ((std::map<std::string, std::string>{{"a", "b"}}), peer.wait(peer.get("/only")).trailers);
}

TEST(Http2, EndsAnEmptyAnswerWithItsHead) {
  Site site;
  site.paths.on("/empty", [](const auto& exchange) { exchange->respond({204, {}, ""}); });
  site.paths.on("/grpc", [](const auto& exchange) { exchange->respond({200, {{"grpc-status", "12"}}, ""}); });
  Http2Peer peer(site.port);
  EXPECT_TRUE(peer.wait(peer.get("/empty")).head_is_end);
  const auto& answer = peer.wait(peer.get("/grpc"));
  EXPECT_TRUE(answer.head_is_end);
  EXPECT_EQ(0U, answer.headers.count("content-length"));
}

TEST(Http2, TellsClientsOfGrpcInTheirWords) {
  ServerLimits limits;
  limits.max_body_bytes = 1000;
  limits.timeout = 50ms;
  Site site(limits);
  site.paths.on("/echo", echo);
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/never", [&](const auto& exchange) { handed.set_value(exchange); });
  Http2Peer peer(site.port);
  const auto status = [&](const std::string& path, const std::string& body) {
    const auto& answer =
        peer.wait(peer.request("POST", path, {{"content-type", "application/grpc+proto"}, {"te", "trailers"}}, body));
    EXPECT_EQ(200U, answer.code);
    EXPECT_TRUE(answer.head_is_end);
    EXPECT_EQ("application/grpc", answer.headers.at("content-type"));
    return answer.headers.at("grpc-status") + " " + answer.headers.at("grpc-message");
  };
  EXPECT_EQ("12 404 page not found", status("/package.Service/None", ""));
  EXPECT_EQ("8 the body is larger than 1000 bytes", status("/echo", std::string(5000, 'x')));
  EXPECT_THAT(status("/never", ""), StartsWith("14 the request took longer"));
  handed.get_future().get()->respond({200, {}, ""});
}

TEST(Http2, CancelsWhatTheClientResets) {
  Site site;
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/wait", [&](const auto& exchange) { handed.set_value(exchange); });
  site.paths.on("/echo", echo);
  Http2Peer peer(site.port);
  const int32_t stream = peer.get("/wait");
  const auto exchange = handed.get_future().get();
  std::promise<void> told;
  exchange->on_writable([&] { told.set_value(); });
  peer.reset(stream);
  told.get_future().get();
  EXPECT_TRUE(exchange->cancelled());
  EXPECT_EQ(499U, site.paths.wait_finished().code);
  EXPECT_EQ("ok", peer.wait(peer.request("POST", "/echo", {}, "ok")).body) << "the others go on";
  exchange->respond({200, {}, "too late"});
}

TEST(Http2, BreaksOffWhatTheHandlerAborts) {
  Site site;
  site.paths.on("/half", [](const auto& exchange) {
    exchange->begin(200, {});
    exchange->write("half");
    exchange->end(true);
  });
  site.paths.on("/echo", echo);
  Http2Peer peer(site.port);
  EXPECT_EQ(kInternalError, peer.wait(peer.get("/half")).error);
  EXPECT_EQ("ok", peer.wait(peer.request("POST", "/echo", {}, "ok")).body);
}

TEST(Http2, AnswersForAHandlerThatTakesTooLong) {
  ServerLimits limits;
  limits.timeout = 50ms;
  Site site(limits);
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/never", [&](const auto& exchange) { handed.set_value(exchange); });
  Http2Peer peer(site.port);
  EXPECT_EQ(503U, peer.wait(peer.get("/never")).code);
  const auto exchange = handed.get_future().get();
  EXPECT_TRUE(exchange->cancelled());
  exchange->respond({200, {}, "too late"});
}

TEST(Http2, EndsAnIdleConnectionWithAWord) {
  ServerLimits limits;
  limits.idle_timeout = 50ms;
  Site site(limits);
  site.paths.on("/echo", echo);
  Http2Peer peer(site.port);
  EXPECT_EQ(200U, peer.wait(peer.get("/echo")).code);
  EXPECT_TRUE(peer.until([&] { return peer.goaway.has_value(); }));
  EXPECT_EQ(kNoError, *peer.goaway);
  EXPECT_EQ(1, peer.last_stream);
  EXPECT_FALSE(peer.until([] { return false; })) << "and closes";
}

TEST(Http2, FinishesWhatIsUnderWayWhenTheServerEnds) {
  Site site;
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/wait", [&](const auto& exchange) { handed.set_value(exchange); });
  site.paths.on("/echo", echo);
  Http2Peer busy(site.port), idle(site.port);
  const int32_t stream = busy.get("/wait");
  EXPECT_EQ(200U, idle.wait(idle.get("/echo")).code);
  const auto exchange = handed.get_future().get();
  site.server.retire();
  const int32_t late = busy.request("POST", "/echo", {}, "ok");  // before the client knows
  ASSERT_TRUE(busy.until([&] { return busy.goaway.has_value(); }));
  EXPECT_EQ("ok", busy.wait(late).body) << "nothing on its way is lost";
  ASSERT_TRUE(busy.until([&] { return busy.last_stream != INT32_MAX; }));
  EXPECT_EQ(3, busy.last_stream);
  EXPECT_FALSE(idle.until([] { return false; }));
  EXPECT_FALSE(site.server.ended());
  exchange->respond({200, {}, "finished"});
  EXPECT_EQ("finished", busy.wait(stream).body);
  EXPECT_FALSE(busy.until([] { return false; }));
  EXPECT_TRUE(site.server.stop(std::chrono::steady_clock::now() + 20s));
}

TEST(Http2, LetsManyLargeBodiesThroughOneAfterTheOther) {
  Site site;
  site.paths.on("/size",
                [](const auto& exchange) { exchange->respond({200, {}, std::to_string(exchange->request().body.size())}); });
  Http2Peer peer(site.port);
  const std::string body(5'000'000, 'x');
  std::vector<int32_t> streams;
  for (int i = 0; i < 12; ++i) streams.push_back(peer.request("POST", "/size", {}, body));
  for (const int32_t stream : streams) EXPECT_EQ("5000000", peer.wait(stream).body);
}

TEST(Http2, HoldsBodiesBackWhileHandlersHaveManyOfThem) {
  Site site;
  std::mutex mutex;
  std::vector<std::shared_ptr<Exchange>> kept;
  site.paths.on("/keep", [&](const auto& exchange) {
    const std::lock_guard lock(mutex);
    kept.push_back(exchange);
  });
  site.paths.on("/small", echo);
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return kept.size();
  };
  Http2Peer peer(site.port);
  const std::string body(5'000'000, 'x');
  std::vector<int32_t> streams;
  for (int i = 0; i < 10; ++i) streams.push_back(peer.request("POST", "/keep", {}, body));
  peer.until([&] { return count() == 4; });  // 20 MB, the first that are more than 16 MiB
  for (int i = 0; i < 20; ++i) {
    if (peer.raw.readable()) peer.step();
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(4U, count());
  for (size_t i = 0; i < streams.size(); ++i) {
    ASSERT_TRUE(peer.until([&] { return count() > i; }));
    {
      const std::lock_guard lock(mutex);
      std::exchange(kept[i], nullptr)->respond({200, {}, "done"});  // who has answered keeps nothing
    }
    ASSERT_TRUE(peer.until([&] {
      size_t closed = 0;
      for (const int32_t stream : streams) closed += peer.answer(stream).closed ? 1 : 0;
      return closed > i;
    }));
  }
  for (const int32_t stream : streams) EXPECT_EQ("done", peer.answer(stream).body);
}

TEST(Http2, IsToldFromHttp1ByAllOfThePreface) {
  Site site;
  site.paths.on("/P", [](const auto& exchange) { exchange->respond({200, {}, exchange->request().http_2 ? "two" : "one"}); });
  Raw slow(site.port);
  slow.send("P");
  slow.send("OST /P HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(slow.read_answer(), HasSubstr("one"));
  Raw other(site.port);
  other.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
  EXPECT_THAT(other.read_to_end(), StartsWith("HTTP/1.1 505"));
  Raw torn(site.port);
  for (const char c : http2_hello()) torn.send(std::string(1, c));
  EXPECT_EQ(4, torn.read(9)[3]) << "settings";
}

TEST(Http1, SendsTrailersInTheLastChunk) {
  Site site;
  site.paths.on("/trailers", [](const auto& exchange) {
    exchange->begin(200, {});
    exchange->write("body");
    exchange->end(false, {{"Checksum", "abc"}, {"Content-Length", "7"}});
  });
  Raw raw(site.port);
  raw.send("GET /trailers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(raw.read_to_end(), ::testing::EndsWith("4\r\nbody\r\n0\r\nchecksum: abc\r\n\r\n"));
  Raw old(site.port);
  old.send("GET /trailers HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.read_to_end(), ::testing::EndsWith("\r\n\r\nbody"));
}

}  // namespace
}  // namespace tarsier::net::test
