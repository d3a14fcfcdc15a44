#include "core/loader/module_note.hpp"

#include "fixtures.hpp"
#include "gmock/gmock.h"
#include "tarsier/abi/module.h"

namespace tarsier::loader {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string descriptor(const std::string& text, uint16_t major = TARSIER_ABI_MAJOR) {
  const tarsier_note_head head{major, 0, 0, 0};
  return std::string(reinterpret_cast<const char*>(&head), sizeof(head)) + text;
}

TEST(ModuleNote, IsReadFromAFile) {
  auto file = ElfFile::open(test::fixture("good"));
  ASSERT_TRUE(file.ok());
  auto note = read_note(*file);
  ASSERT_TRUE(note.ok()) << note.error().message();
  EXPECT_EQ(note->abi_major, TARSIER_ABI_MAJOR);
  EXPECT_THAT(note->ids, ElementsAre("good"));
  EXPECT_THAT(note->kinds, ElementsAre("collector"));
  EXPECT_THAT(note->aliases, ElementsAre("well", "fine"));
  EXPECT_EQ(note->version, "1.2.3");
  EXPECT_FALSE(note->build.empty());
}

TEST(ModuleNote, ResolvesFormerNames) {
  auto note = parse_note(descriptor("ids=new,second\naliases=old\n"), "x.so");
  ASSERT_TRUE(note.ok());
  EXPECT_EQ(note->resolve("second"), "second");
  EXPECT_EQ(note->resolve("old"), "new");
  EXPECT_EQ(note->resolve("other"), "");
}

TEST(ModuleNote, NamesWhatIsMalformed) {
  EXPECT_THAT(parse_note("abc", "x.so").error().message(), HasSubstr("x.so: its note is malformed: shorter than"));
  EXPECT_THAT(parse_note(descriptor("ids=a"), "x.so").error().message(), HasSubstr("a line without an end"));
  EXPECT_THAT(parse_note(descriptor("ids\n"), "x.so").error().message(), HasSubstr("a line without '='"));
  EXPECT_THAT(parse_note(descriptor("kinds=a\n"), "x.so").error().message(), HasSubstr("names no plugin id"));
  EXPECT_THAT(parse_note(descriptor("ids=../etc\n"), "x.so").error().message(), HasSubstr("is no plugin id"));
}

TEST(ModuleNote, OfAnotherMajorIsRefusedByItsNumberAlone) {
  auto note = parse_note(descriptor("something else entirely", 9), "x.so");
  ASSERT_TRUE(note.ok());
  EXPECT_THAT(check_abi(*note, "x.so").error().message(), HasSubstr("x.so: built for plugin ABI 9.0; this host speaks 1."));
}

}  // namespace
}  // namespace tarsier::loader
