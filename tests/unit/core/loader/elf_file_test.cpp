#include "core/loader/elf_file.hpp"

#include <cstring>
#include <elf.h>
#include <random>

#include "core/loader/module_note.hpp"
#include "fixtures.hpp"
#include "gmock/gmock.h"
#include "tarsier/abi/types.h"

namespace tarsier::loader {
namespace {

using test::fixture;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& content) {
  const test::TempDir directory;
  test::write_file(directory / "x.so", content);
  auto file = ElfFile::open(directory / "x.so");
  return file.ok() ? "" : file.error().message();
}

template <class T>
std::string patched(size_t offset, T value) {
  std::string content = test::read_file(fixture("good"));
  std::memcpy(content.data() + offset, &value, sizeof(value));
  return content;
}

TEST(ElfFile, RefusesATextFileNamedSo) { EXPECT_THAT(refusal("hello, I am a plugin\n"), HasSubstr("not an ELF file")); }
TEST(ElfFile, RefusesAnEmptyFile) { EXPECT_THAT(refusal(""), HasSubstr("the file is empty")); }
TEST(ElfFile, RefusesADirectory) { EXPECT_THAT(ElfFile::open("/tmp").error().message(), HasSubstr("not a regular file")); }
TEST(ElfFile, RefusesAnAbsentFile) { EXPECT_EQ(ElfFile::open("/nowhere/x.so").error().code(), TARSIER_NOT_FOUND); }
TEST(ElfFile, RefusesA32BitFile) {
  EXPECT_THAT(refusal(patched<unsigned char>(EI_CLASS, ELFCLASS32)), HasSubstr("a 32-bit ELF file; this host loads 64-bit ones"));
}
TEST(ElfFile, RefusesABigEndianFile) {
  EXPECT_THAT(refusal(patched<unsigned char>(EI_DATA, ELFDATA2MSB)), HasSubstr("big-endian"));
}
TEST(ElfFile, RefusesAnotherMachine) {
  EXPECT_THAT(refusal(patched<uint16_t>(offsetof(Elf64_Ehdr, e_machine), EM_SPARCV9)), HasSubstr("built for another machine"));
}
TEST(ElfFile, RefusesAnExecutable) {
  EXPECT_THAT(refusal(patched<uint16_t>(offsetof(Elf64_Ehdr, e_type), ET_EXEC)), HasSubstr("not a shared object"));
}

TEST(ElfFile, RefusesEveryCutOffFile) {
  const std::string whole = test::read_file(fixture("good"));
  for (size_t size = 4; size < whole.size(); size += 97) {
    EXPECT_THAT(refusal(whole.substr(0, size)), HasSubstr("cut off or damaged")) << "at " << size;
  }
}

TEST(ElfFile, SurvivesFlippedBytes) {
  const std::string whole = test::read_file(fixture("good"));
  const test::TempDir directory;
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string content = whole;
    for (int flip = 0; flip < 4; ++flip) content[random() % (round % 2 == 0 ? 1024 : content.size())] = static_cast<char>(random());
    test::write_file(directory / "x.so", content);
    auto file = ElfFile::open(directory / "x.so");
    if (!file.ok()) continue;
    const auto note = read_note(*file);
    if (note.ok() && note->abi_major == TARSIER_ABI_MAJOR) {
      EXPECT_FALSE(note->ids.empty());
    }
    (void)file->dynamic_symbols().ok();
    (void)file->needed().ok();
  }
}

TEST(ElfFile, ListsWhatIsExportedAndNeeded) {
  auto file = ElfFile::open(fixture("good"));
  ASSERT_TRUE(file.ok()) << file.error().message();
  auto symbols = file->dynamic_symbols();
  ASSERT_TRUE(symbols.ok());
  EXPECT_THAT(symbols->exported, Contains("tarsier_module_query"));
  EXPECT_THAT(symbols->unique, ElementsAre());
  auto lacking = ElfFile::open(fixture("missing_library"));
  ASSERT_TRUE(lacking.ok());
  EXPECT_THAT(*lacking->needed(), Contains(HasSubstr("loader_companion")));
}

TEST(ElfFile, FindsTheNoteWithoutSectionHeaders) {
  std::string content = patched<uint64_t>(offsetof(Elf64_Ehdr, e_shoff), 0);
  const uint16_t none = 0;
  std::memcpy(content.data() + offsetof(Elf64_Ehdr, e_shnum), &none, sizeof(none));
  std::memcpy(content.data() + offsetof(Elf64_Ehdr, e_shstrndx), &none, sizeof(none));
  const test::TempDir directory;
  test::write_file(directory / "x.so", content);
  auto file = ElfFile::open(directory / "x.so");
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_THAT(read_note(*file).value().ids, ElementsAre("good"));
}

}  // namespace
}  // namespace tarsier::loader
