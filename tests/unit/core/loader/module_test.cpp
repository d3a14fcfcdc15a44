#include "core/loader/module.hpp"

#include <string>
#include <thread>

#include "fixtures.hpp"
#include "gmock/gmock.h"

namespace tarsier::loader {
namespace {

using test::fixture;
using testing::HasSubstr;
using testing::Not;

std::string refusal(const std::string& name) {
  auto module = Module::load(fixture(name));
  return module.ok() ? "it was loaded" : module.error().message();
}

TEST(Module, LoadsAndReallyUnloads) {
  auto module = Module::load(fixture("good"));
  ASSERT_TRUE(module.ok()) << module.error().message();
  ASSERT_NE((*module)->find("good"), nullptr);
  EXPECT_EQ((*module)->find("other"), nullptr);
  EXPECT_STREQ((*module)->find("good")->version, "1.2.3");
  EXPECT_TRUE(mapped((*module)->identity()));
  EXPECT_TRUE((*module)->unload());
  EXPECT_FALSE(mapped((*module)->identity()));
}

struct Refusal {
  const char* fixture;
  const char* message;
};
class ModuleRefusal : public testing::TestWithParam<Refusal> {};
TEST_P(ModuleRefusal, NamesTheReasonAndLeavesNothingLoaded) {
  EXPECT_THAT(refusal(GetParam().fixture), HasSubstr(GetParam().message));
  EXPECT_FALSE(mapped(*identify(fixture(GetParam().fixture))));
}
INSTANTIATE_TEST_SUITE_P(
    Reasons, ModuleRefusal,
    testing::Values(Refusal{"no_note", "has no .note.tarsier note"}, Refusal{"other_major", "built for plugin ABI 7."},
                    Refusal{"newer_minor", "needs a newer host: plugin ABI 1.42"},
                    Refusal{"no_query", "does not export tarsier_module_query"}, Refusal{"query_null", "returned NULL"},
                    Refusal{"undefined_symbol",
                            "undefined_symbol.so: undefined symbol: _ZN12tarsier_test22symbol_that_nobody_hasEv "
                            "(tarsier_test::symbol_that_nobody_has())"},
                    Refusal{"missing_library", "libloader_companion.so: cannot open shared object file"},
                    Refusal{"short_descriptor", "size 16, at least"},
                    Refusal{"other_id", "plugin other: the file's note does not name this id"},
                    Refusal{"bad_id", "\"Good Plugin\" is no plugin id"},
                    Refusal{"null_function", "plugin good: the function start is NULL"}),
    [](const auto& parameter) { return std::string(parameter.param.fixture); });

TEST(Module, LoadsANewVersionBesideTheOldOne) {
  const test::TempDir directory;
  const std::string path = directory / "good.so";
  test::install(fixture("good"), path);
  auto old_version = Module::load(path);
  ASSERT_TRUE(old_version.ok()) << old_version.error().message();
  test::install(fixture("good_v2"), path);
  auto new_version = Module::load(path);
  ASSERT_TRUE(new_version.ok()) << new_version.error().message();
  EXPECT_NE((*old_version)->find("good"), (*new_version)->find("good"));
  EXPECT_TRUE((*old_version)->unload());
  EXPECT_STREQ((*new_version)->find("good")->id, "good");
  EXPECT_TRUE((*new_version)->unload());
}

TEST(Module, LoadsTheSameFileTwiceAsOne) {
  auto first = Module::load(fixture("good"));
  auto second = Module::load(fixture("good"));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ((*first)->find("good"), (*second)->find("good"));
  EXPECT_FALSE((*first)->unload()) << "the other one still has it";
  EXPECT_TRUE((*second)->unload());
}

TEST(Module, NoticesThatItsFileWasOverwrittenInPlace) {
  const test::TempDir directory;
  const std::string path = directory / "good.so";
  test::install(fixture("good"), path);
  auto module = Module::load(path);
  ASSERT_TRUE(module.ok());
  EXPECT_FALSE((*module)->damaged_by(*identify(path)));
  test::install(fixture("good_v2"), path);
  EXPECT_FALSE((*module)->damaged_by(*identify(path))) << "another inode";
  ASSERT_TRUE((*module)->unload());
  auto again = Module::load(path);
  ASSERT_TRUE(again.ok());
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_TRUE((*again)->damaged_by(*identify(path)));
}

TEST(Module, FromACopyIsNotReachedByWhatHappensToItsFile) {
  const test::TempDir directory;
  const std::string path = directory / "good.so";
  test::install(fixture("good"), path);
  auto copies = PrivateCopies::open(directory / "copies");
  ASSERT_TRUE(copies.ok()) << copies.error().message();
  auto module = Module::load(path, &*copies);
  ASSERT_TRUE(module.ok()) << module.error().message();
  EXPECT_EQ((*module)->path(), path) << "logs and crash notes speak of the original";
  EXPECT_EQ((*module)->why_in_place(), "");
  EXPECT_FALSE(mapped(*identify(path)));
  for (int round = 0; round < 20; ++round) {
    test::write_file(path, std::string(4096, 'x'));  // mapped code would be gone: SIGBUS
    EXPECT_FALSE((*module)->damaged_by(*identify(path)));
    EXPECT_STREQ((*module)->find("good")->version, "1.2.3");
    EXPECT_FALSE(Module::load(path, &*copies).ok());
    test::write_file(path, test::read_file(fixture("good_v2")));
    auto newer = Module::load(path, &*copies);
    ASSERT_TRUE(newer.ok()) << newer.error().message();
    EXPECT_NE((*newer)->find("good"), (*module)->find("good"));
    EXPECT_TRUE((*newer)->unload());
  }
  EXPECT_TRUE((*module)->unload());
  EXPECT_TRUE(std::filesystem::is_empty(directory / "copies"));
}

TEST(Module, LeavesNoCopyOfAFileThatItRefuses) {
  const test::TempDir directory;
  auto copies = PrivateCopies::open(directory / "copies");
  ASSERT_TRUE(copies.ok());
  auto module = Module::load(fixture("undefined_symbol"), &*copies);
  ASSERT_FALSE(module.ok());
  EXPECT_THAT(module.error().message(), HasSubstr(fixture("undefined_symbol")));
  EXPECT_THAT(module.error().message(), Not(HasSubstr("dll"))) << "nor who it was that called dlopen";
  EXPECT_THAT(module.error().message(), Not(HasSubstr("copies"))) << "the copy means nothing to who reads it";
  EXPECT_FALSE(Module::load(fixture("bad_id"), &*copies).ok());
  EXPECT_TRUE(std::filesystem::is_empty(directory / "copies"));
}

TEST(Module, ThatLooksForLibrariesBesideItselfIsMappedWhereItLies) {
  const test::TempDir directory;
  auto copies = PrivateCopies::open(directory / "copies");
  ASSERT_TRUE(copies.ok());
  auto module = Module::load(fixture("origin"), &*copies);
  ASSERT_TRUE(module.ok()) << module.error().message();
  EXPECT_THAT((*module)->why_in_place(), HasSubstr("$ORIGIN"));
  EXPECT_TRUE(mapped(*identify(fixture("origin"))));
  EXPECT_TRUE((*module)->unload());
}

TEST(Module, ReportsAFileThatStaysMapped) {
  auto module = Module::load(fixture("pinned"));
  ASSERT_TRUE(module.ok()) << module.error().message();
  EXPECT_FALSE((*module)->unload());
}

TEST(Module, UnloadsWhenTheThreadThatPinnedItHasEnded) {
  const test::TempDir directory;
  test::install(fixture("pinned"), directory / "pinned.so");
  Result<std::unique_ptr<Module>> module = Error::internal("not loaded");
  std::thread([&] { module = Module::load(directory / "pinned.so"); }).join();
  ASSERT_TRUE(module.ok()) << module.error().message();
  EXPECT_TRUE((*module)->unload());
}

}  // namespace
}  // namespace tarsier::loader
