// One GET, from servers that answer in each way that there is.
#include "tarsier/short_get.hpp"

#include <filesystem>
#include <gmock/gmock.h>

#include "tests/unit/sdk/one_answer.hpp"

namespace tarsier {
namespace {

using test::OneAnswer;
using testing::HasSubstr;

ShortLimits within(int ms) { return {std::chrono::milliseconds(ms)}; }

TEST(ShortGet, ReadsAPageUntilItsEnd) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Type: text/plain; Version=0.0.4\r\n\r\na 1\n");
  const auto answer = short_get(server.address, "/metrics", within(5000), "text/plain");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->code, 200);
  EXPECT_EQ(answer->content_type, "text/plain; version=0.0.4");
  EXPECT_EQ(answer->body, "a 1\n");
  EXPECT_THAT(server.request(), HasSubstr("GET /metrics HTTP/1.1\r\nhost: 127.0.0.1:"));
  EXPECT_THAT(server.request(), HasSubstr("accept: text/plain\r\n"));
}

TEST(ShortGet, DoesNotWaitForTheEndOfAConnectionWhenItHasAll) {
  OneAnswer server("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n", false);
  const auto answer = short_get(server.address, "/", within(5000));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->code, 404);
  EXPECT_EQ(answer->body, "no\n");
}

TEST(ShortGet, PutsChunksTogether) {
  OneAnswer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\n4;x=y\r\nb 2\n\r\n0\r\n\r\n");
  const auto answer = short_get(server.address, "/");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "a 1\nb 2\n");
}

TEST(ShortGet, KeepsWhatItHasOfBrokenChunks) {
  OneAnswer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\nffffffffffffffff\r\nrest");
  const auto answer = short_get(server.address, "/");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "a 1\nrest");
}

TEST(ShortGet, CutsABodyThatIsTooLong) {
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\n" + std::string(200'000, 'x'));
  const auto answer = short_get(server.address, "/", {std::chrono::seconds(5), 1000});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body.size(), 1000U);
}

TEST(ShortGet, SaysThatWhatAnswersIsNoHttp) {
  OneAnswer ssh("SSH-2.0-OpenSSH_9.2\r\n", false);
  const auto answer = short_get(ssh.address, "/", within(5000));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), TARSIER_INVALID);
  EXPECT_EQ(answer.error().message(), ssh.address + ": what answers does not speak HTTP");
}

TEST(ShortGet, GivesUpInTime) {
  OneAnswer silent("", false);
  const auto answer = short_get(silent.address, "/", within(50));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), TARSIER_DEADLINE);
  EXPECT_THAT(answer.error().message(), HasSubstr("no answer within 50 ms"));
}

TEST(ShortGet, SaysThatNobodyListens) {
  std::string address;
  {
    address = OneAnswer("").address;
  }
  const auto answer = short_get(address, "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), TARSIER_UNAVAILABLE);
  EXPECT_THAT(answer.error().message(), HasSubstr("Connection refused"));
  EXPECT_FALSE(short_get("nowhere", "/"));
  EXPECT_FALSE(short_get("/nowhere.sock", "/"));
}

TEST(ShortGet, KnocksWithoutAWord) {
  std::string address;
  {
    OneAnswer server("");
    address = server.address;
    EXPECT_TRUE(short_knock(address));
    EXPECT_EQ(server.request(), "");
  }
  EXPECT_FALSE(short_knock(address));
}

TEST(ShortGet, AsksASocketInTheFileSystem) {
  const auto path = std::filesystem::temp_directory_path() / ("tarsier-short-get-" + std::to_string(::getpid()));
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\n{}", true, path.string());
  const auto answer = short_get(server.address, "/version");
  std::filesystem::remove(path);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "{}");
  EXPECT_THAT(server.request(), HasSubstr("host: localhost\r\n"));
}

}  // namespace
}  // namespace tarsier
