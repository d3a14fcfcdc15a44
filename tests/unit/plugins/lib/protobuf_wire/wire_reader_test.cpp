#include "plugins/lib/protobuf_wire/wire_reader.hpp"

#include <gtest/gtest.h>

#include "plugins/lib/protobuf_wire/wire_writer.hpp"

namespace tarsier::protobuf {
namespace {

TEST(WireReader, ReadsWhatWasWritten) {
  WireWriter inner;
  inner.text(1, "job");
  WireWriter writer;
  writer.varint(1, 300).sint(2, -3).float64(3, 0.5).message(4, inner);
  WireReader reader(writer.bytes());
  Field field;
  ASSERT_TRUE(reader.next(field));
  EXPECT_TRUE(field.is(1, WireType::varint));
  EXPECT_EQ(field.value, 300U);
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(field.sint64(), -3);
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(field.float64(), 0.5);
  ASSERT_TRUE(reader.next(field));
  EXPECT_TRUE(field.is(4, WireType::length));
  EXPECT_EQ(field.text(), inner.text());
  EXPECT_FALSE(reader.next(field));
  EXPECT_FALSE(reader.failed());
}

TEST(WireReader, FailsOnEveryTruncationWithinAField) {
  WireWriter writer;
  writer.float64(3, 0.5).text(4, "abc");
  for (size_t size = 1; size < writer.bytes().size(); ++size) {
    WireReader reader(Bytes(writer.bytes()).first(size));
    Field field;
    while (reader.next(field)) {
    }
    EXPECT_EQ(reader.failed(), size != 9) << size << ": one whole field is nine bytes";
  }
}

TEST(WireReader, FailsOnGroupsAndFieldZeroAndEndlessNumbers) {
  for (const std::string_view bad :
       {"\x0b", "\x0c", "\x0e", std::string_view("\x00\x01", 2).data(), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"}) {
    const std::string text = bad.empty() ? std::string(2, '\0') : std::string(bad);
    WireReader reader({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    Field field;
    EXPECT_FALSE(reader.next(field));
    EXPECT_TRUE(reader.failed());
  }
}

TEST(EachNumber, TakesPackedAndSingleElements) {
  std::vector<uint64_t> numbers;
  const auto take = [&](uint64_t value) { numbers.push_back(value); };
  WireWriter writer;
  writer.text(1, std::string_view("\x05\xac\x02", 3)).varint(1, 7).float64(1, 1.0);
  WireReader reader(writer.bytes());
  Field field;
  ASSERT_TRUE(reader.next(field));
  EXPECT_TRUE(each_varint(field, take));
  ASSERT_TRUE(reader.next(field));
  EXPECT_TRUE(each_varint(field, take));
  EXPECT_EQ(numbers, (std::vector<uint64_t>{5, 300, 7}));
  ASSERT_TRUE(reader.next(field));
  EXPECT_FALSE(each_varint(field, take)) << "a double is no varint";
  double sum = 0;
  EXPECT_TRUE(each_double(field, [&](double value) { sum += value; }));
  EXPECT_EQ(sum, 1.0);
}

}  // namespace
}  // namespace tarsier::protobuf
