#include "core/loader/private_copies.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixtures.hpp"
#include "gmock/gmock.h"

namespace tarsier::loader {
namespace {

using testing::HasSubstr;

Result<PrivateCopy> copy(PrivateCopies& copies, const std::string& original, const std::string& content) {
  const test::TempDir directory;
  test::write_file(directory / "original", content);
  const int from = ::open((directory / "original").c_str(), O_RDONLY | O_CLOEXEC);
  auto copied = copies.copy(original, from);
  ::close(from);
  return copied;
}

TEST(PrivateCopies, KeepsTheNameOfTheOriginalAndNeverGivesOneTwice) {
  const test::TempDir directory;
  auto copies = PrivateCopies::open(directory / "data/modules");
  ASSERT_TRUE(copies.ok()) << copies.error().message();
  auto first = copy(*copies, "/plugins/node.so", "one");
  ASSERT_TRUE(first.ok()) << first.error().message();
  const std::string gone = first->path();
  EXPECT_EQ(gone, directory / "data/modules/node.1.so");
  EXPECT_EQ(test::read_file(gone), "one");
  *first = {};
  EXPECT_FALSE(std::filesystem::exists(gone));
  auto second = copy(*copies, "/plugins/node.so", "two");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->path(), directory / "data/modules/node.2.so");
}

TEST(PrivateCopies, EmptiesTheDirectoryOfWhatACrashLeftAndOfNothingElse) {
  const test::TempDir directory;
  test::write_file(directory / "node.1.so", "left behind");
  test::write_file(directory / "data.mdb", "an environment of an instance that is named as the directory");
  auto copies = PrivateCopies::open(directory.string());
  ASSERT_TRUE(copies.ok()) << copies.error().message();
  EXPECT_FALSE(std::filesystem::exists(directory / "node.1.so"));
  EXPECT_TRUE(std::filesystem::exists(directory / "data.mdb"));
}

TEST(PrivateCopies, BelongsToOneProcess) {
  const test::TempDir directory;
  auto first = PrivateCopies::open(directory.string());
  ASSERT_TRUE(first.ok());
  auto running = copy(*first, "node.so", "runs");
  ASSERT_TRUE(running.ok());
  auto second = PrivateCopies::open(directory.string());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message(), HasSubstr("is in use by another process"));
  EXPECT_TRUE(std::filesystem::exists(running->path()));
}

TEST(PrivateCopies, RefusesADirectoryThatCannotBeMade) {
  const test::TempDir directory;
  test::write_file(directory / "data", "a file");
  auto copies = PrivateCopies::open(directory / "data/modules");
  ASSERT_FALSE(copies.ok());
  EXPECT_THAT(copies.error().message(), HasSubstr(directory / "data/modules"));
}

// A limit on the size of files stands in for a disk that is full: the write fails half-way.
TEST(PrivateCopies, LeavesNothingOfACopyThatDoesNotFit) {
  const test::TempDir directory;
  const test::TempDir originals;
  test::write_file(originals / "node.so", std::string(100'000, 'x'));
  auto copies = PrivateCopies::open(directory.string());
  ASSERT_TRUE(copies.ok());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const int from = ::open((originals / "node.so").c_str(), O_RDONLY | O_CLOEXEC);
  auto copy = copies->copy("node.so", from);
  ::close(from);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  (void)std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(copy.ok());
  EXPECT_THAT(copy.error().message(), HasSubstr("write " + (directory / "node.1.so")));
  EXPECT_TRUE(std::filesystem::is_empty(directory.string()));
}

}  // namespace
}  // namespace tarsier::loader
