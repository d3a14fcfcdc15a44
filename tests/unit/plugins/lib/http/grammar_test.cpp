// Headers, targets, routes, URLs and codings: the pure parts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/lib/http/base64.hpp"
#include "plugins/lib/http/compression.hpp"
#include "plugins/lib/http/headers.hpp"
#include "plugins/lib/http/message_parser.hpp"
#include "plugins/lib/http/router.hpp"
#include "plugins/lib/http/target.hpp"
#include "plugins/lib/http/url.hpp"
#include "tarsier/service/http.h"

namespace tarsier::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(AcceptEncoding, PrefersZstdThenGzipThenNothing) {
  EXPECT_EQ(Encoding::zstd, choose_encoding("gzip, deflate, br, zstd"));
  EXPECT_EQ(Encoding::gzip, choose_encoding("gzip, deflate"));
  EXPECT_EQ(Encoding::gzip, choose_encoding("gzip;q=1.0, zstd;q=0.5"));
  EXPECT_EQ(Encoding::identity, choose_encoding(""));
  EXPECT_EQ(Encoding::identity, choose_encoding("br"));
  EXPECT_EQ(Encoding::zstd, choose_encoding("*"));
  EXPECT_EQ(Encoding::gzip, choose_encoding("*;q=0.5, zstd;q=0"));
}

TEST(AcceptEncoding, TakesAMalformedWeightAsARefusal) {
  EXPECT_EQ(Encoding::identity, choose_encoding("gzip;q=nan"));
  EXPECT_EQ(Encoding::identity, choose_encoding("gzip;q=7"));
  EXPECT_EQ(Encoding::identity, choose_encoding("gzip;q=0"));
  EXPECT_EQ(Encoding::identity, choose_encoding(";;,,=q,;q=1"));
}

TEST(HeaderField, RefusesWhatCouldSplitAnAnswer) {
  EXPECT_TRUE(is_valid_field("X-A", "b\tc"));
  EXPECT_FALSE(is_valid_field("X-A", "b\r\nSet-Cookie: c"));
  EXPECT_FALSE(is_valid_field("X A", "b"));
  EXPECT_FALSE(is_valid_field("", "b"));
  EXPECT_FALSE(is_valid_field("a", std::string_view("\0", 1)));
}

TEST(HostField, KnowsLoopbackByAddressAndName) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST", "a.localhost", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"10.0.0.1", "localhost.evil.example", "127.0.0.1.evil.example", "", "::2"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(HostField, SplitsHostAndPort) {
  EXPECT_EQ("::1", split_host_port("[::1]:90")->host);
  EXPECT_EQ("90", split_host_port("[::1]:90")->port);
  EXPECT_EQ("", split_host_port("example.org")->port);
  for (const char* bad : {"a:b", "a:99999", "[::1", "[x]:1", "a b", "a:", "a/b"}) EXPECT_FALSE(split_host_port(bad)) << bad;
}

TEST(Dates, AreWrittenAsHttpWants) { EXPECT_EQ("Sun, 06 Nov 1994 08:49:37 GMT", http_date(784111777)); }

TEST(Target, DecodesEachSegmentByItself) {
  const auto target = parse_target("/api/v1/label/a%2Fb/values?match=%20");
  ASSERT_TRUE(target.ok());
  EXPECT_THAT(target->segments, ElementsAre("api", "v1", "label", "a/b", "values"));
  EXPECT_EQ("/api/v1/label/a%2Fb/values", target->raw_path);
  EXPECT_EQ("match=%20", target->query);
}

TEST(Target, TakesAbsoluteForm) {
  const auto target = parse_target("http://host:1/a?b");
  ASSERT_TRUE(target.ok());
  EXPECT_THAT(target->segments, ElementsAre("a"));
  EXPECT_THAT(parse_target("http://host")->segments, ElementsAre(""));
}

TEST(Target, RefusesDotSegmentsBrokenEscapesAndNul) {
  for (const char* bad :
       {"/a/../b", "/%2e%2e/b", "/./a", "/a/%2E", "/%", "/%4", "/%zz", "/%00", "a", "", "/a b", "/a#b", "/a\tb"}) {
    EXPECT_FALSE(parse_target(bad).ok()) << bad;
  }
}

std::shared_ptr<Route> route(std::string api, std::string pattern, uint32_t methods) {
  auto made = std::make_shared<Route>();
  made->api = std::move(api);
  made->pattern = std::move(pattern);
  made->methods = methods;
  return made;
}

std::string found(const Router& router, std::string_view path, uint32_t method = TARSIER_HTTP_GET) {
  const auto match = router.find("p", parse_target(path)->segments, 0, method);
  return match.route ? match.route->pattern : match.allowed != 0 ? "405 " + method_list(match.allowed) : "404";
}

TEST(Router, PrefersLiteralsOverSegmentsOverTheRest) {
  Router router;
  for (const char* pattern : {"/", "/a/b", "/a/:", "/a/**", "/:/b", "/files/**"}) {
    ASSERT_TRUE(router.add(route("p", pattern, TARSIER_HTTP_GET)).ok()) << pattern;
  }
  EXPECT_EQ("/", found(router, "/"));
  EXPECT_EQ("/a/b", found(router, "/a/b"));
  EXPECT_EQ("/a/:", found(router, "/a/x"));
  EXPECT_EQ("/a/**", found(router, "/a/x/y"));
  EXPECT_EQ("/a/**", found(router, "/a"));
  EXPECT_EQ("/:/b", found(router, "/x/b"));
  EXPECT_EQ("/files/**", found(router, "/files/"));
  EXPECT_EQ("404", found(router, "/x/y"));
}

TEST(Router, GivesWhatSegmentsAndRestMatched) {
  Router router;
  ASSERT_TRUE(router.add(route("p", "/label/:/values/**", TARSIER_HTTP_GET)).ok());
  EXPECT_THAT(router.find("p", parse_target("/label/a%2Fb/values/c/d")->segments, 0, TARSIER_HTTP_GET).args,
              ElementsAre("a/b", "c/d"));
  EXPECT_THAT(router.find("p", parse_target("/label/x/values")->segments, 0, TARSIER_HTTP_GET).args, ElementsAre("x", ""));
}

TEST(Router, BacktracksAndForgetsWhatItTried) {
  Router router;
  ASSERT_TRUE(router.add(route("p", "/:/a/b", TARSIER_HTTP_GET)).ok());
  ASSERT_TRUE(router.add(route("p", "/x/**", TARSIER_HTTP_GET)).ok());
  ASSERT_TRUE(router.add(route("p", "/x/:/c", TARSIER_HTTP_GET)).ok());
  EXPECT_EQ("/x/**", found(router, "/x/a/b"));
  EXPECT_EQ("/:/a/b", found(router, "/y/a/b"));
  EXPECT_THAT(router.find("p", parse_target("/x/q/r")->segments, 0, TARSIER_HTTP_GET).args, ElementsAre("q/r"));
}

TEST(Router, NamesTheMethodsThatAPathTakes) {
  Router router;
  ASSERT_TRUE(router.add(route("p", "/a", TARSIER_HTTP_GET)).ok());
  ASSERT_TRUE(router.add(route("p", "/a", TARSIER_HTTP_POST)).ok());
  EXPECT_EQ("/a", found(router, "/a", TARSIER_HTTP_HEAD));
  EXPECT_EQ("405 GET, HEAD, POST", found(router, "/a", TARSIER_HTTP_DELETE));
}

TEST(Router, RefusesDuplicatesAndBadPatterns) {
  Router router;
  ASSERT_TRUE(router.add(route("p", "/a", TARSIER_HTTP_GET)).ok());
  const auto again = router.add(route("p", "/a", TARSIER_HTTP_GET | TARSIER_HTTP_PUT));
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error().message(), HasSubstr("exists already for GET, HEAD"));
  EXPECT_FALSE(router.add(route("p", "a", TARSIER_HTTP_GET)).ok());
  EXPECT_FALSE(router.add(route("p", "/**/a", TARSIER_HTTP_GET)).ok());
  EXPECT_FALSE(router.add(route("p", "/b", 0)).ok());
  EXPECT_TRUE(router.add(route("q", "/a", TARSIER_HTTP_GET)).ok());
}

TEST(Router, ForgetsAnApiWithItsLastRoute) {
  Router router;
  const auto only = route("p", "/a", TARSIER_HTTP_GET);
  ASSERT_TRUE(router.add(only).ok());
  EXPECT_TRUE(router.has_api("p"));
  router.remove(*only);
  EXPECT_FALSE(router.has_api("p"));
  EXPECT_TRUE(router.add(only).ok());
}

TEST(Url, IsTakenApart) {
  const auto url = parse_url("HTTPS://us%20er:pa%3Ass@Example.org:8443/a b?c=ä#frag");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ("https", url->scheme);
  EXPECT_EQ("example.org", url->host);
  EXPECT_EQ("us er:pa:ss", url->user_info);
  EXPECT_EQ("/a%20b?c=%C3%A4", url->target);
  EXPECT_EQ("example.org:8443", url->authority());
  EXPECT_EQ("[::1]:9090", parse_url("http://[::1]:9090")->authority());
  EXPECT_EQ("example.org", parse_url("http://example.org:80?x")->authority());
  EXPECT_EQ("/?x", parse_url("http://example.org:80?x")->target);
}

TEST(Url, MayNameAUnixSocket) {
  const auto url = parse_url("unix:///run/docker.sock:/v1/info?x");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ("/run/docker.sock", url->host);
  EXPECT_EQ("/v1/info?x", url->target);
}

TEST(Url, RefusesWhatIsNone) {
  for (const char* bad : {"", "example.org", "ftp://a", "http://", "http://:80", "http://a:x", "unix://a", "http://a b/"}) {
    EXPECT_FALSE(parse_url(bad).ok()) << bad;
  }
}

TEST(Url, FollowsLocations) {
  const auto base = parse_url("http://a:1/x/y?z");
  EXPECT_EQ("/n", resolve_url(*base, "/n")->target);
  EXPECT_EQ("/x/n", resolve_url(*base, "n")->target);
  EXPECT_EQ("/x/y?n", resolve_url(*base, "?n")->target);
  EXPECT_EQ("http://b:80", resolve_url(*base, "//b/n")->origin());
  EXPECT_EQ("https://b:443", resolve_url(*base, "https://b")->origin());
  EXPECT_EQ("/l?u=http://c", resolve_url(*base, "/l?u=http://c")->target);
}

TEST(Base64, PadsAsTheRfcDoes) {
  EXPECT_EQ("", base64(""));
  EXPECT_EQ("Zg==", base64("f"));
  EXPECT_EQ("Zm8=", base64("fo"));
  EXPECT_EQ("Zm9v", base64("foo"));
  EXPECT_EQ("Zm9vYmFy", base64("foobar"));
}

class Coding : public ::testing::TestWithParam<Encoding> {};

TEST_P(Coding, RoundTripsInPieces) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "sample " + std::to_string(i * 7919) + "\n";
  const auto encoder = make_encoder(GetParam());
  std::string packed;
  for (size_t at = 0; at < text.size(); at += 10007)
    ASSERT_TRUE(encoder->write(std::string_view(text).substr(at, 10007), at % 2 == 0, packed).ok());
  ASSERT_TRUE(encoder->finish(packed).ok());
  const auto decoder = make_decoder(encoding_name(GetParam()));
  std::string back;
  for (size_t at = 0; at < packed.size(); at += 777)
    ASSERT_TRUE(decoder->write(std::string_view(packed).substr(at, 777), 1 << 24, back).ok());
  EXPECT_TRUE(decoder->finish().ok());
  EXPECT_EQ(text, back);
}

TEST_P(Coding, StopsABombAtTheLimit) {
  const auto packed = compress(GetParam(), std::string(50 * 1024 * 1024, 'x'));
  ASSERT_TRUE(packed.ok());
  const auto decoder = make_decoder(encoding_name(GetParam()));
  std::string out;
  const auto written = decoder->write(*packed, 1024 * 1024, out);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(TARSIER_RESOURCE, written.error().code());
  EXPECT_LE(out.size(), 1024U * 1024U);
}

TEST_P(Coding, NoticesACutOrForeignStream) {
  const auto packed = compress(GetParam(), std::string(100000, 'x') + "end");
  const auto cut = make_decoder(encoding_name(GetParam()));
  std::string out;
  ASSERT_TRUE(cut->write(std::string_view(*packed).substr(0, packed->size() - 3), 1 << 20, out).ok());
  EXPECT_FALSE(cut->finish().ok());
  const auto foreign = make_decoder(encoding_name(GetParam()));
  EXPECT_FALSE(foreign->write("this is not compressed at all", 1 << 20, out).ok());
}

TEST(Gzip, IsUnpackedAtOnceAsInPieces) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "sample " + std::to_string(i * 7919) + "\n";
  const std::string one = *compress(Encoding::gzip, text), none = *compress(Encoding::gzip, "");
  const auto unpack = [](std::string_view packed, uint64_t most = 1 << 20) {
    auto whole = decompress_gzip(packed, most);
    std::string pieces;
    const auto decoder = make_decoder("gzip");
    auto written = decoder->write(packed, most, pieces);
    if (written) written = decoder->finish();
    EXPECT_EQ(whole.ok(), written.ok());
    if (!whole) EXPECT_EQ(whole.error().message(), written.error().message());
    return whole ? *whole : whole.error().message();
  };
  EXPECT_EQ(unpack(one), text);
  EXPECT_EQ(unpack(none), "");
  EXPECT_EQ(unpack(one + one), text + text) << "two members";
  EXPECT_EQ(unpack(one, text.size()), text);
  EXPECT_EQ(unpack(one, text.size() - 1), "the decompressed body is larger than " + std::to_string(text.size() - 1) + " bytes");
  EXPECT_EQ(unpack(std::string_view(one).substr(0, one.size() - 1)), "gzip: the stream is cut short");
  std::string lies = one;
  for (size_t i = 1; i <= 4; ++i) lies[lies.size() - i] = '\x7f';  // says that it is two gigabytes
  EXPECT_EQ(unpack(lies), "gzip: incorrect length check");
  EXPECT_EQ(unpack("no gzip at all, but long enough for one"), "gzip: incorrect header check");
}

INSTANTIATE_TEST_SUITE_P(All, Coding, ::testing::Values(Encoding::gzip, Encoding::zstd));

std::optional<ParseFailure> parse(std::string_view bytes, size_t step, std::string* body = nullptr) {
  MessageParser parser(MessageParser::Kind::request, 1024);
  parser.set_body_limit(100);
  parser.set_body_sink([&](std::string_view piece) -> Result<void> {
    if (body != nullptr) body->append(piece);
    return {};
  });
  std::string waiting;
  for (size_t at = 0; at < bytes.size() && !parser.failure() && !parser.done(); at += step) {
    waiting += bytes.substr(at, step);
    size_t taken = 0;
    do {
      taken = parser.feed(waiting);
      waiting.erase(0, taken);
    } while (taken > 0 && !parser.done() && !parser.failure());
  }
  EXPECT_TRUE(parser.failure() || parser.done()) << bytes;
  return parser.failure();
}

class MessageParserSteps : public ::testing::TestWithParam<size_t> {};

TEST_P(MessageParserSteps, ReadsBodiesOfBothFramings) {
  std::string body;
  EXPECT_FALSE(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", GetParam(), &body));
  EXPECT_EQ("hello", body);
  body.clear();
  EXPECT_FALSE(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: v\r\n\r\n",
                     GetParam(), &body));
  EXPECT_EQ("hello", body);
}

TEST_P(MessageParserSteps, ReadsAnEmptyChunkedBody) {
  std::string body;
  EXPECT_FALSE(parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", GetParam(), &body));
  EXPECT_EQ("", body);
}

TEST_P(MessageParserSteps, SaysWhatIsWrongByItsCode) {
  const auto code = [&](const std::string& bytes) { return parse(bytes, GetParam()).value_or(ParseFailure{0, ""}).code; };
  EXPECT_EQ(400U, code("\x16\x03\x01\x02 TLS on a plain port\r\n\r\n"));
  EXPECT_EQ(400U, code("GET / HTTP/1.1\r\nHost : a\r\n\r\n"));
  EXPECT_EQ(505U, code("GET / HTTP/2.0\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(414U, code("GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(431U, code("GET / HTTP/1.1\r\nX: " + std::string(2000, 'a') + "\r\n\r\n"));
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 300; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(431U, code(many + "\r\n"));
  EXPECT_EQ(413U, code("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x')));
  EXPECT_EQ(400U, code("POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
  EXPECT_EQ(400U, code("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"));
  EXPECT_EQ(501U, code("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"));
  EXPECT_EQ(400U, code("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"));
}

INSTANTIATE_TEST_SUITE_P(Steps, MessageParserSteps, ::testing::Values(1, 7, 4096));

}  // namespace
}  // namespace tarsier::net
