#include "plugins/collect/otlp_receiver/attributes.hpp"

#include <gtest/gtest.h>

#include "plugins/lib/protobuf_wire/wire_writer.hpp"

namespace tarsier::otlp {
namespace {

using protobuf::WireWriter;

/// The text of a value, "?" when it cannot be read.
std::string text_of(const WireWriter& value) {
  WireWriter attribute;
  attribute.text(1, "k").message(2, value);
  std::vector<Attribute> out;
  return read_attribute(attribute.bytes(), out) ? out.front().value : "?";
}
WireWriter floating(double value) { return WireWriter().float64(4, value); }

TEST(Attributes, AreTextWhateverTheirType) {
  EXPECT_EQ(text_of(WireWriter().text(1, "ü")), "ü");
  EXPECT_EQ(text_of(WireWriter().varint(2, 1)), "true");
  EXPECT_EQ(text_of(WireWriter().varint(3, static_cast<uint64_t>(-7))), "-7");
  EXPECT_EQ(text_of(WireWriter().text(7, "any carnal")), "YW55IGNhcm5hbA==");
  EXPECT_EQ(text_of(WireWriter()), "");
}

TEST(Attributes, HaveNumbersAsJsonHas) {
  EXPECT_EQ(text_of(floating(1.5)), "1.5");
  EXPECT_EQ(text_of(floating(100000000)), "100000000");
  EXPECT_EQ(text_of(floating(1e21)), "1e+21");
  EXPECT_EQ(text_of(floating(1e-7)), "1e-7");
}

TEST(Attributes, HaveListsAndMapsAsJson) {
  WireWriter list, pair, map;
  list.message(1, WireWriter().text(1, "a\"")).message(1, WireWriter().varint(3, 2)).message(1, floating(0.5));
  EXPECT_EQ(text_of(WireWriter().message(5, list)), R"(["a\"",2,0.5])");
  for (const char* key : {"z", "a"}) map.message(1, WireWriter().text(1, key).message(2, WireWriter().message(5, list)));
  EXPECT_EQ(text_of(WireWriter().message(6, map)), R"({"a":["a\"",2,0.5],"z":["a\"",2,0.5]})");
}

TEST(Attributes, ThatAreNoUtf8OrNestTooDeeplyAreRefused) {
  EXPECT_EQ(text_of(WireWriter().text(1, "\xff")), "?");
  WireWriter nested = WireWriter().text(1, "x");
  for (int i = 0; i < 100; ++i) nested = WireWriter().message(5, WireWriter().message(1, nested));
  EXPECT_EQ(text_of(nested), "?");
}

}  // namespace
}  // namespace tarsier::otlp
