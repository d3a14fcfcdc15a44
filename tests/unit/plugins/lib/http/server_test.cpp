// The server against real sockets: framing, limits, keep-alive, streaming, clients that misbehave, and the end.
#include <arpa/inet.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plugins/lib/http/compression.hpp"
#include "tests/unit/plugins/lib/http/support.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) + "\r\n";
}

TEST(Server, AnswersWithLengthAndDate) {
  Site site;
  site.paths.on_text("/hello", "text/plain", "hello");
  Raw raw(site.port);
  raw.send(get("/hello"));
  const std::string answer = raw.read_answer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, HasSubstr("Date: "));
  EXPECT_THAT(answer, Not(HasSubstr("Server:")));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nhello"));
}

TEST(Server, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  Site site;
  site.paths.on_text("/a", "text/plain", "first");
  site.paths.on_text("/b", "text/plain", "second");
  Raw raw(site.port);
  raw.send(get("/a") + get("/b") + get("/a"));
  EXPECT_THAT(raw.read_answer(), EndsWith("first"));
  EXPECT_THAT(raw.read_answer(), EndsWith("second"));
  EXPECT_THAT(raw.read_answer(), EndsWith("first"));
  EXPECT_EQ(1U, site.server.stats("test")->accepted.load());
}

TEST(Server, ClosesForConnectionCloseAndForHttp10) {
  Site site;
  site.paths.on_text("/a", "text/plain", "x");
  Raw close(site.port);
  close.send(get("/a", "Connection: close\r\n"));
  EXPECT_THAT(close.read_to_end(), HasSubstr("Connection: close\r\n"));
  Raw old(site.port);
  old.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.read_to_end(), EndsWith("\r\n\r\nx"));
  Raw kept(site.port);
  kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(kept.read_answer(), HasSubstr("Connection: keep-alive\r\n"));
}

TEST(Server, AnswersHeadWithoutABody) {
  Site site;
  site.paths.on_text("/a", "text/plain", "12345");
  Raw raw(site.port);
  raw.send("HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answer = raw.read_to_end();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(Server, ReadsChunkedAndCompressedBodies) {
  Site site;
  site.paths.on("/echo", [](const auto& exchange) { exchange->respond({200, {}, exchange->request().body}); });
  Raw raw(site.port);
  raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_THAT(raw.read_answer(), EndsWith("abcdefg"));
  for (const Encoding encoding : {Encoding::gzip, Encoding::zstd}) {
    const std::string packed = *compress(encoding, "packed body");
    raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Encoding: " + std::string(encoding_name(encoding)) +
             "\r\nContent-Length: " + std::to_string(packed.size()) + "\r\n\r\n" + packed);
    EXPECT_THAT(raw.read_answer(), EndsWith("packed body"));
  }
}

TEST(Server, SaysContinueBeforeAnExpectedBody) {
  Site site;
  site.paths.on("/echo", [](const auto& exchange) { exchange->respond({200, {}, exchange->request().body}); });
  Raw raw(site.port);
  raw.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ("HTTP/1.1 100 Continue\r\n\r\n", raw.read(25));
  raw.send("ok");
  EXPECT_THAT(raw.read_answer(), EndsWith("ok"));
}

TEST(Server, RefusesAnExpectedBodyWithoutAskingForIt) {
  Site site;
  Raw raw(site.port);
  raw.send("POST /none HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_THAT(raw.read_answer(), StartsWith("HTTP/1.1 404"));
}

TEST(Server, RefusesWhatIsTooLarge) {
  ServerLimits limits;
  limits.max_body_bytes = 1000;
  limits.max_header_bytes = 2000;
  Site site(limits);
  site.paths.on_text("/a", "text/plain", "x");
  const auto answer = [&](const std::string& bytes) {
    Raw raw(site.port);
    raw.send(bytes);
    return raw.read_to_end();
  };
  EXPECT_THAT(answer("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x')),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(
      answer("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x') + "\r\n0\r\n\r\n"),
      StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer(get("/" + std::string(3000, 'a'))), StartsWith("HTTP/1.1 414"));
  EXPECT_THAT(answer(get("/a", "X: " + std::string(3000, 'a') + "\r\n")), StartsWith("HTTP/1.1 431"));
  const std::string bomb = *compress(Encoding::gzip, std::string(1000000, '\0'));
  EXPECT_THAT(answer("POST /a HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(bomb.size()) +
                     "\r\n\r\n" + bomb),
              StartsWith("HTTP/1.1 413"));
}

TEST(Server, RefusesWhatIsMalformed) {
  Site site;
  site.paths.on_text("/a", "text/plain", "x");
  const auto answer = [&](const std::string& bytes) {
    Raw raw(site.port);
    raw.send(bytes);
    raw.finish_sending();
    return raw.read_to_end();
  };
  EXPECT_THAT(answer("GET /a HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer("GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer(get("/../etc/passwd")), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 0\r\n\r\n"), StartsWith("HTTP/1.1 417"));
  EXPECT_THAT(answer("POST /a HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx"),
              StartsWith("HTTP/1.1 415"));
  std::string garbage;
  for (int i = 0; i < 5000; ++i) garbage += static_cast<char>((i * 7919) >> 3);
  EXPECT_THAT(answer(garbage), StartsWith("HTTP/1.1 4"));
  EXPECT_EQ("", answer(""));
}

TEST(Server, NeverTakesTheBodyOfARefusedRequestForTheNextOne) {
  Site site;
  site.paths.on_text("/a", "text/plain", "x");
  for (const std::string coding : {"xchunked", "chunked, chunked", "gzip, chunked", "chunked\r\nTransfer-Encoding: identity"}) {
    Raw raw(site.port);
    raw.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: " + coding + "\r\n\r\n" + get("/a"));
    const std::string answer = raw.read_to_end();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 ")) << coding;
    EXPECT_THAT(answer, AnyOf(HasSubstr(" 501 "), HasSubstr(" 400 "))) << coding;
    EXPECT_THAT(answer, Not(HasSubstr("200 OK"))) << coding;
  }
  Raw old(site.port);
  old.send("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
  EXPECT_THAT(old.read_to_end(), StartsWith("HTTP/1.1 400"));
}

TEST(Server, RefusesChunkHeadsAndTrailersThatDoNotEnd) {
  Site site;
  site.paths.on_text("/a", "text/plain", "x");
  const std::string head = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string endless(200000, 'y');
  for (const std::string& rest : {"1;" + endless, std::string(200000, '0'), "1\r\nx\r\n0\r\nX: " + endless}) {
    Raw raw(site.port);
    raw.send(head + rest);
    EXPECT_THAT(raw.read_to_end(), AnyOf(StartsWith("HTTP/1.1 431"), StartsWith("HTTP/1.1 400")));
  }
}

TEST(Server, EndsSlowHeadersAndBodies) {
  ServerLimits limits;
  limits.header_timeout = 50ms;
  limits.body_timeout = 50ms;
  Site site(limits);
  site.paths.on_text("/a", "text/plain", "x");
  Raw header(site.port);
  header.send("GET /a HTTP/1.1\r\nHost: a\r\nX-Slow: ");
  EXPECT_THAT(header.read_to_end(), StartsWith("HTTP/1.1 408"));
  Raw body(site.port);
  body.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx");
  EXPECT_THAT(body.read_to_end(), StartsWith("HTTP/1.1 408"));
  Raw silent(site.port);
  EXPECT_EQ("", silent.read_to_end());
}

TEST(Server, ClosesIdleConnectionsQuietly) {
  ServerLimits limits;
  limits.idle_timeout = 50ms;
  Site site(limits);
  site.paths.on_text("/a", "text/plain", "x");
  Raw raw(site.port);
  raw.send(get("/a"));
  EXPECT_THAT(raw.read_answer(), EndsWith("x"));
  EXPECT_EQ("", raw.read_to_end());
}

TEST(Server, RefusesConnectionsBeyondTheLimit) {
  ServerLimits limits;
  limits.max_connections = 1;
  Site site(limits);
  site.paths.on_text("/a", "text/plain", "x");
  Raw first(site.port);
  first.send(get("/a"));
  EXPECT_THAT(first.read_answer(), EndsWith("x"));
  Raw second(site.port);
  EXPECT_THAT(second.read_to_end(), StartsWith("HTTP/1.1 503"));
}

TEST(Server, CompressesLargeTextForThoseWhoAccept) {
  Site site;
  const std::string text(20000, 'a');
  site.paths.on_text("/text", "text/plain", text);
  site.paths.on_text("/small", "text/plain", "short");
  site.paths.on_text("/image", "image/png", text);
  Client client(site.threads, site.workers, {});
  ClientRequest request;
  request.headers = {{"Accept-Encoding", "gzip"}};
  request.url = site.url("/text");
  const auto packed = call(client, request);
  ASSERT_TRUE(packed.ok()) << packed.error().message();
  EXPECT_EQ("gzip", find_header(packed->headers, "content-encoding"));
  EXPECT_EQ("Accept-Encoding", find_header(packed->headers, "vary"));
  EXPECT_LT(packed->body.size(), 1000U);
  for (const char* path : {"/small", "/image"}) {
    request.url = site.url(path);
    EXPECT_FALSE(has_header(call(client, request)->headers, "content-encoding")) << path;
  }
  request.headers.clear();
  request.url = site.url("/text");
  EXPECT_EQ(text, call(client, request)->body);
}

TEST(Server, StreamsWithBackPressure) {
  Site site;
  std::atomic<int> refused{0};
  const std::string piece(100000, 'p');
  struct Producer : std::enable_shared_from_this<Producer> {
    std::shared_ptr<Exchange> exchange;
    std::atomic<int>* refused = nullptr;
    const std::string* piece = nullptr;
    int left = 100;
    void run() {
      while (left > 0) {
        const auto written = exchange->write(*piece);
        if (written == Exchange::Write::full) {
          ++*refused;
          exchange->on_writable([self = shared_from_this()] { self->run(); });
          return;
        }
        if (written == Exchange::Write::cancelled) break;
        --left;
      }
      exchange->end(false);
    }
  };
  site.paths.on("/stream", [&](const auto& exchange) {
    auto producer = std::make_shared<Producer>();
    producer->exchange = exchange;
    producer->refused = &refused;
    producer->piece = &piece;
    exchange->begin(200, {{"Content-Type", "application/octet-stream"}});
    producer->run();
  });
  Client client(site.threads, site.workers, {});
  ClientRequest request;
  request.url = site.url("/stream");
  const auto answer = call(client, request);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(100U * piece.size(), answer->body.size());
  EXPECT_EQ("chunked", find_header(answer->headers, "transfer-encoding"));
  EXPECT_GT(refused.load(), 0);
}

TEST(Server, StreamsCompressedAndToOldClients) {
  Site site;
  site.paths.on("/stream", [](const auto& exchange) {
    exchange->begin(200, {{"Content-Type", "text/plain"}});
    for (int i = 0; i < 3; ++i) exchange->write("line\n");
    exchange->end(false);
  });
  Client client(site.threads, site.workers, {});
  ClientRequest request;
  request.url = site.url("/stream");
  request.accept_compressed = true;
  EXPECT_EQ("line\nline\nline\n", call(client, request)->body);
  Raw old(site.port);
  old.send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.read_to_end(), EndsWith("\r\n\r\nline\nline\nline\n"));
}

TEST(Server, LetsTheClientSeeAnAbortedStream) {
  Site site;
  site.paths.on("/stream", [](const auto& exchange) {
    exchange->begin(200, {});
    exchange->write("part");
    exchange->end(true);
  });
  Client client(site.threads, site.workers, {});
  ClientRequest request;
  request.url = site.url("/stream");
  EXPECT_FALSE(call(client, request).ok());
}

TEST(Server, AnswersForAHandlerThatTakesTooLong) {
  ServerLimits limits;
  limits.timeout = 50ms;
  Site site(limits);
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/slow", [&](const auto& exchange) { handed.set_value(exchange); });
  Raw raw(site.port);
  raw.send(get("/slow"));
  EXPECT_THAT(raw.read_answer(), StartsWith("HTTP/1.1 503"));
  const auto exchange = handed.get_future().get();
  EXPECT_TRUE(exchange->cancelled());
  exchange->respond(text_answer(200, "too late"));
  site.paths.on_text("/a", "text/plain", "next");
  raw.send(get("/a"));
  EXPECT_THAT(raw.read_answer(), EndsWith("next"));
}

TEST(Server, TellsTheHandlerThatTheClientWent) {
  Site site;
  std::promise<void> went;
  std::promise<void> began;
  site.paths.on("/wait", [&](const auto& exchange) {
    exchange->on_writable([&went, exchange] {
      EXPECT_TRUE(exchange->cancelled());
      exchange->respond(text_answer(200, "to nobody"));
      went.set_value();
    });
    began.set_value();
  });
  Raw raw(site.port);
  raw.send(get("/wait"));
  began.get_future().wait();
  raw.reset();
  ASSERT_EQ(std::future_status::ready, went.get_future().wait_for(20s));
}

TEST(Server, DropsHeadersThatWouldSplitTheAnswer) {
  Site site;
  site.paths.on("/a", [](const auto& exchange) {
    exchange->respond({200, {{"X-Bad", "a\r\nSet-Cookie: b"}, {"Content-Length", "999"}, {"X-Good", "c"}}, "body"});
  });
  Raw raw(site.port);
  raw.send(get("/a"));
  const std::string answer = raw.read_answer();
  EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
  EXPECT_THAT(answer, Not(HasSubstr("999")));
  EXPECT_THAT(answer, HasSubstr("X-Good: c\r\n"));
}

TEST(Server, FinishesWhatIsInFlightWhenItStops) {
  Site site;
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/wait", [&](const auto& exchange) { handed.set_value(exchange); });
  site.paths.on_text("/a", "text/plain", "x");
  Raw idle(site.port);
  idle.send(get("/a"));
  EXPECT_THAT(idle.read_answer(), EndsWith("x"));
  Raw busy(site.port);
  busy.send(get("/wait"));
  const auto exchange = handed.get_future().get();
  auto stopped = std::async(std::launch::async, [&] { return site.server.stop(std::chrono::steady_clock::now() + 20s); });
  EXPECT_EQ("", idle.read_to_end());
  exchange->respond(text_answer(200, "finished"));
  const std::string answer = busy.read_to_end();
  EXPECT_THAT(answer, HasSubstr("finished"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_TRUE(stopped.get());
}

TEST(Server, CutsWhatIsLeftAtTheDeadline) {
  Site site;
  std::promise<std::shared_ptr<Exchange>> handed;
  site.paths.on("/wait", [&](const auto& exchange) { handed.set_value(exchange); });
  Raw busy(site.port);
  busy.send(get("/wait"));
  const auto exchange = handed.get_future().get();
  EXPECT_FALSE(site.server.stop(std::chrono::steady_clock::now() + 10ms));
  EXPECT_EQ("", busy.read_to_end());
  EXPECT_TRUE(exchange->cancelled());
  exchange->respond(text_answer(200, "too late"));  // must do no harm
}

TEST(Server, NamesTheAddressThatIsInUse) {
  Workers workers;
  MemoryLog log;
  IoThreads threads(1);
  Paths paths(workers);
  Server server(threads, workers, log);
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  ASSERT_EQ(0, ::bind(taken, reinterpret_cast<sockaddr*>(&at), size));
  ASSERT_EQ(0, ::getsockname(taken, reinterpret_cast<sockaddr*>(&at), &size));
  EntrypointOptions options;
  options.address = "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  const auto bound = server.listen(options, paths);
  ::close(taken);
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ("listen on " + options.address + ": Address already in use", bound.error().message());
  for (const char* bad : {"127.0.0.1", "", "host.example:80", "127.0.0.1:x"}) {
    options.address = bad;
    EXPECT_EQ(TARSIER_INVALID, server.listen(options, paths).error().code()) << bad;
  }
}

TEST(Server, SharesItsAddressWithItsSuccessorInTheSameProcess) {
  Site site;
  site.paths.on_text("/a", "text/plain", "x");
  Server successor(site.threads, site.workers, site.log);
  EntrypointOptions options;
  options.name = "test";
  options.address = site.address;
  const auto bound = successor.listen(options, site.paths);
  ASSERT_TRUE(bound.ok()) << bound.error().message();
  EXPECT_TRUE(site.server.stop(std::chrono::steady_clock::now() + 20s));
  Raw raw(site.port);
  raw.send(get("/a"));
  EXPECT_THAT(raw.read_answer(), EndsWith("x"));
}

TEST(Server, CountsBytesAndTimeOfARequest) {
  Site site;
  site.paths.on("/a", [](const auto& exchange) { exchange->respond({201, {}, "12345"}); });
  Raw raw(site.port);
  const std::string request = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  raw.send(request);
  const std::string answer = raw.read_answer();
  const RequestRecord record = site.paths.wait_finished();
  EXPECT_EQ(201U, record.code);
  EXPECT_EQ(answer.size(), record.sent_bytes);
  EXPECT_EQ(request.size(), record.received_bytes);
}

}  // namespace
}  // namespace tarsier::net::test
