#include "plugins/query/promql/remote_read/messages.hpp"

#include <gtest/gtest.h>

namespace tarsier::promql {
namespace {

using protobuf::WireWriter;

Result<ReadRequest> read(const WireWriter& message) { return read_request(snappy_block(message.text())); }

WireWriter query(int64_t start_ms, int64_t end_ms) {
  WireWriter matcher, hints, out;
  matcher.varint(1, 2).text(2, "job").text(3, "a|b");
  hints.varint(1, 15000).text(2, "rate").varint(7, 60000);
  out.varint(1, static_cast<uint64_t>(start_ms)).varint(2, static_cast<uint64_t>(end_ms)).message(3, matcher).message(4, hints);
  return out;
}

TEST(ReadRequest, TellsWhatIsAskedFor) {
  WireWriter message;
  message.message(1, query(1000, 2000)).varint(2, 1).varint(2, 0);
  const auto request = read(message);
  ASSERT_TRUE(request.ok()) << request.error().message();
  EXPECT_TRUE(request->chunks);
  ASSERT_EQ(request->queries.size(), 1U);
  const ReadQuery& one = request->queries.front();
  EXPECT_EQ(one.start_ns, 1'000'000'000);
  EXPECT_EQ(one.end_ns, 2'000'999'999);  // the whole of its last millisecond
  EXPECT_EQ(one.matchers.front().op, MatchOp::kRegex);
  EXPECT_EQ(one.matchers.front().value, "a|b");
}

TEST(ReadRequest, TakesTimesFartherThanAnyAsTheFarthest) {
  WireWriter message;
  const auto request = read(message.message(1, query(INT64_MIN, INT64_MAX)));
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->queries.front().start_ns, INT64_MIN);
  EXPECT_EQ(request->queries.front().end_ns, INT64_MAX);
  EXPECT_FALSE(request->chunks);
}

TEST(ReadRequest, IsRefusedWhenItCannotBeRead) {
  EXPECT_EQ(read_request("\xff").error().message(), "the body of 1 bytes is not a snappy block");
  EXPECT_FALSE(read_request(snappy_block("\x0a\x7f")).ok());
  WireWriter unknown;
  EXPECT_EQ(read(unknown.varint(2, 9)).error().message(),
            "server does not support any of the requested response types: [9]; supported: SAMPLES, STREAMED_XOR_CHUNKS");
}

TEST(Frames, HaveTheirSizeAndChecksumInFront) {
  const Chunk chunk{1, 2, ChunkEncoding::kXor, "abc"};
  const LabelView labels[] = {{"__name__", "x"}};
  const std::string frame = write_frame(Labels::from(labels), &chunk, 1, 3);
  const std::string body = frame.substr(5);
  EXPECT_EQ(static_cast<size_t>(frame[0]), body.size());
  EXPECT_EQ(body.substr(body.size() - 2), std::string("\x10\x03"));  // query_index
  EXPECT_NE(body.find(std::string("\x22\x03") + "abc"), std::string::npos);
}

}  // namespace
}  // namespace tarsier::promql
