#include "core/storage/data_dir.hpp"

#include "core/storage/env_name.hpp"
#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

using DataDirectory = StorageTest;

TEST_F(DataDirectory, IsHeldByOneStorageAtATime) {
  auto second = Storage::open(options());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), TARSIER_UNAVAILABLE);
  EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string::npos) << second.error().message();
  storage_.reset();
  EXPECT_TRUE(Storage::open(options()).ok());
}

TEST_F(DataDirectory, RemovesWhatInterruptedWorkLeft) {
  storage_.reset();
  for (const char* left : {"/.seal-7", "/.fresh-samples%active", "/half/"}) std::filesystem::create_directories(dir_.path() + left);
  for (const char* file : {"/.seal-7/data.mdb", "/half/sealed"}) {
    auto written = write_synced_file(dir_.path() + file, "rest");
    ASSERT_TRUE(written.ok());
  }
  start();
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/.seal-7"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/.fresh-samples%active"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/half/sealed"));
  EXPECT_TRUE(list().empty());
}

TEST_F(DataDirectory, IsNeverLeftByAName) {
  for (const char* name : {"", "/", "/abs", "a/", "a//b", "..", "../x", "a/../b", ".hidden", "a/.b", "A", "a b", "a\\b", "a\nb"}) {
    tarsier_env* env = nullptr;
    EXPECT_EQ(try_open(name, &env).status, TARSIER_INVALID) << name;
  }
  EXPECT_EQ(check_env_name(std::string(201, 'a')).ok(), false);
  for (const char* name : {"samples/active", "samples/2026-11-22T10", "a.b_c-d:e"}) EXPECT_TRUE(check_env_name(name).ok()) << name;
}

TEST_F(DataDirectory, SharesAnOpenEnvironment) {
  tarsier_env* first = open("shared");
  tarsier_env* second = open("shared");
  ASSERT_EQ(write(first, {put("t", "k", "v")}).status, TARSIER_OK);
  EXPECT_EQ(get(second, "t", "k").second, "v");
  close(first);
  EXPECT_EQ(write(second, {put("t", "k", "w")}).status, TARSIER_OK);
  close(second);
  EXPECT_EQ(get(open("shared", 0), "t", "k").second, "w");
}

TEST_F(DataDirectory, TakesTheStricterDurabilityOfItsHandles) {
  tarsier_env* relaxed = open("strict", TARSIER_ENV_CREATE, TARSIER_DURABILITY_INTERVAL);
  ASSERT_EQ(write(relaxed, {put("t", "a", "1")}).status, TARSIER_OK);
  EXPECT_TRUE(std::filesystem::exists(dir_.path() + "/strict/synced"));
  open("strict", TARSIER_ENV_CREATE, TARSIER_DURABILITY_COMMIT);
  ASSERT_EQ(write(relaxed, {put("t", "b", "2")}).status, TARSIER_OK);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/strict/synced"));
  EXPECT_EQ(contents(relaxed, "t").size(), 2U);
}

TEST_F(DataDirectory, KnowsWhatIsNotThere) {
  tarsier_env* env = nullptr;
  EXPECT_EQ(try_open("absent", &env, 0).status, TARSIER_NOT_FOUND);
  EXPECT_EQ(api().verify(client_.host(), str("absent"), nullptr, nullptr, nullptr), TARSIER_NOT_FOUND);
}

TEST_F(DataDirectory, GivesBackEverythingOfAnInstance) {
  open("one");
  tarsier_env* env = open("two");
  for (int i = 0; i < 100; ++i) {
    const tarsier_op one = put("t", "k", "v");
    ASSERT_EQ(api().write(env, &one, 1, nullptr, nullptr, nullptr), TARSIER_OK);
  }
  storage_->detach(client_.owner());
  EXPECT_TRUE(storage_->statistics().empty());
  EXPECT_EQ(get(open("two", 0), "t", "k").second, "v") << "what was accepted is committed first";
}

}  // namespace
}  // namespace tarsier::storage::testing
