// Capital and small letters, in and beyond ASCII.
#include "plugins/lib/relabel/letter_case.hpp"

#include <gtest/gtest.h>

namespace tarsier::relabel {
namespace {

TEST(LetterCase, ChangesAscii) {
  EXPECT_EQ(to_lower("bAr123Foo-_[`{"), "bar123foo-_[`{");
  EXPECT_EQ(to_upper("bAr123Foo-_[`{"), "BAR123FOO-_[`{");
  EXPECT_EQ(to_lower(""), "");
}

TEST(LetterCase, ChangesLettersOfUnicodeOneForOne) {
  EXPECT_EQ(to_upper("grün ñandú"), "GRÜN ÑANDÚ");
  EXPECT_EQ(to_lower("ΑΒΓ ЖЗИ Ÿ"), "αβγ жзи ÿ");
  EXPECT_EQ(to_upper("straße 日本 😀"), "STRAßE 日本 😀");
  EXPECT_EQ(to_lower("𐐀"), "𐐨");
}

TEST(LetterCase, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(to_upper("a\xff"
                     "b\xe2\x82"),
            "A\xef\xbf\xbd"
            "B\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace tarsier::relabel
