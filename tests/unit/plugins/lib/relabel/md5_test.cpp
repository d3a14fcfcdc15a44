// RFC 1321's own vectors, the borders of a block, and what hashmod makes of them.
#include "plugins/lib/relabel/md5.hpp"

#include <gtest/gtest.h>
#include <string>

#include "tests/unit/plugins/lib/relabel/support.hpp"

namespace tarsier::relabel {
namespace {

std::string hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : md5(text)) out.append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 15U]);
  return out;
}

TEST(Md5, IsThatOfTheRfc) {
  EXPECT_EQ(hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex("a"), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(hex("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(hex("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), "d174ab98d277d9f5a5611c2c9f419d9f");
  EXPECT_EQ(hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5, FillsItsLastBlockAtEverySize) {
  EXPECT_EQ(hex(std::string(55, 'x')), "04364420e25c512fd958a70738aa8f72");
  EXPECT_EQ(hex(std::string(56, 'x')), "668a72d5ba17f08e62dabcafad6db14b");
  EXPECT_EQ(hex(std::string(57, 'x')), "693037871c4a9d3d8685018905cb530a");
  EXPECT_EQ(hex(std::string(63, 'x')), "7dc2ca208106a2f703567bdff99d8981");
  EXPECT_EQ(hex(std::string(64, 'x')), "c1bb4f81d892b2d57947682aeb252456");
  EXPECT_EQ(hex(std::string(65, 'x')), "1bc932052302d074bdec39795fe00cf6");
  EXPECT_EQ(hex(std::string(119, 'x')), "ab347a5f68c8a443cfcddc633f12c24f");
  EXPECT_EQ(hex(std::string(120, 'x')), "fb98667f98096de92620b64f46e1c5b5");
  EXPECT_EQ(hex(std::string(128, 'x')), "d69cb61a6ee87200676eb0d4b90edbcb");
  EXPECT_EQ(hex(std::string(1000, 'x')), "398533d48111e9f664b1f64cb10c4b63");
}

struct Shard {
  const char* value;
  uint64_t modulus;
  const char* shard;
};

TEST(Hashmod, IsTheLastEightBytesOfTheDigest) {
  const Shard shards[] = {
      {"baz", 1000, "976"},
      {"foo\nbar", 1000, "734"},
      {"10.0.0.1:9100", 2, "1"},
      {"10.0.0.2:9100", 2, "1"},
      {"10.0.0.3:9100", 3, "2"},
      {"host-17.example.org:443", 8, "6"},
      {"grün", 1000003, "159582"},
      {"x", 1, "0"},
      {"y", 9223372036854775807, "3335013529052722269"},
  };
  for (const Shard& shard : shards) {
    const Set set = relabelled({{"a", shard.value}},
                               {{.source_labels = {"a"}, .modulus = shard.modulus, .target_label = "shard", .action = "hashmod"}});
    EXPECT_EQ(set.at("shard"), shard.shard) << shard.value;
  }
}

}  // namespace
}  // namespace tarsier::relabel
