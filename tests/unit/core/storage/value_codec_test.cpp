#include "core/storage/value_codec.hpp"

#include <gtest/gtest.h>
#include <string>

#include "tarsier/abi/storage.h"

namespace tarsier::storage {
namespace {

std::string packed(std::string_view table, std::string_view key, std::string_view value) {
  std::string out(value.size() + checksum_codec().overhead(), '\0');
  checksum_codec().pack(table, key, value, out.data());
  return out;
}

bool verifies(std::string_view table, std::string_view key, std::string_view stored, std::string_view& value) {
  Unpacked unpacked;
  return checksum_codec().unpack(table, key, stored, value, unpacked);
}

TEST(ValueCodec, GivesBackWhatItPacked) {
  for (const size_t size : {0U, 1U, 7U, 240U, 241U, 4072U, 100000U}) {
    const std::string value(size, 'v');
    const std::string stored = packed("t", "k", value);
    std::string_view found;
    ASSERT_TRUE(verifies("t", "k", stored, found));
    EXPECT_EQ(found, value);
    EXPECT_EQ(found.data(), stored.data()) << "the value is where the stored form begins, so that it keeps its alignment";
  }
}

TEST(ValueCodec, NoticesEveryFlippedBit) {
  const std::string stored = packed("table", "key", "value of some length");
  for (size_t bit = 0; bit < stored.size() * 8; ++bit) {
    std::string damaged = stored;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    std::string_view found;
    EXPECT_FALSE(verifies("table", "key", damaged, found)) << bit;
  }
}

TEST(ValueCodec, NoticesAValueUnderAnotherKeyOrTable) {
  const std::string stored = packed("ab", "c", "value");
  std::string_view found;
  EXPECT_FALSE(verifies("ab", "d", stored, found));
  EXPECT_FALSE(verifies("x", "c", stored, found));
  EXPECT_FALSE(verifies("a", "bc", stored, found));
  EXPECT_FALSE(verifies("ab", "c", "short", found));
}

TEST(ValueCodec, KeepsTheFormatOfTheDisk) {
  const std::string stored = packed("series", "key", "value");
  static constexpr unsigned char kGolden[] = {'v', 'a', 'l', 'u', 'e', 0x7d, 0xce, 0xad, 0xd3, 0x53, 0xfc, 0x76, 0xd7};
  EXPECT_EQ(stored, std::string(reinterpret_cast<const char*>(kGolden), sizeof(kGolden)));
}

TEST(ValueCodec, LeavesWholePagesForThePublishedOverhead) {
  EXPECT_EQ(checksum_codec().overhead() + 16, static_cast<size_t>(TARSIER_VALUE_OVERHEAD));
}

}  // namespace
}  // namespace tarsier::storage
