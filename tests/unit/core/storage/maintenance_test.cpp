// Listing, removal, verification and backup.
#include <atomic>
#include <thread>

#include "core/storage/env_name.hpp"
#include "core/storage/files.hpp"
#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

using Maintenance = StorageTest;

TEST_F(Maintenance, ListsByPrefixInOrder) {
  for (const char* name : {"b", "a/y", "a/x", "a", "ab"}) open(name);
  EXPECT_EQ(list(), (std::vector<std::string>{"a", "a/x", "a/y", "ab", "b"}));
  EXPECT_EQ(list("a/"), (std::vector<std::string>{"a/x", "a/y"}));
  EXPECT_EQ(list("c"), std::vector<std::string>{});
}

TEST_F(Maintenance, RemovesOnlyWhatTheInstanceHasNotOpen) {
  tarsier_env* env = open("mine/x");
  EXPECT_EQ(api().remove(client_.host(), str("mine/x"), nullptr), TARSIER_INVALID);
  close(env);
  EXPECT_EQ(api().remove(client_.host(), str("mine/x"), nullptr), TARSIER_OK);
  EXPECT_EQ(api().remove(client_.host(), str("mine/x"), nullptr), TARSIER_NOT_FOUND);
  EXPECT_EQ(api().remove(client_.host(), str("../x"), nullptr), TARSIER_INVALID);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/mine")) << "emptied directories go too";
  tarsier_env* absent = nullptr;
  EXPECT_EQ(try_open("mine/x", &absent, 0).status, TARSIER_NOT_FOUND);
}

TEST_F(Maintenance, KeepsTheEnvironmentsBelowARemovedOne) {
  close(open("a"));
  close(open("a/b"));
  ASSERT_EQ(api().remove(client_.host(), str("a"), nullptr), TARSIER_OK);
  EXPECT_EQ(list(), std::vector<std::string>{"a/b"});
}

TEST_F(Maintenance, LetsOthersReadWhatWasRemoved) {
  ASSERT_EQ(seal("old", "t", {{"k", "v"}}).status, TARSIER_OK);
  tarsier_env* reading = open("old", TARSIER_ENV_SEALED);
  tarsier_env* writing = open("live");
  Client other(storage_.get(), "retention");
  ASSERT_EQ(api().remove(other.host(), str("old"), nullptr), TARSIER_OK);
  ASSERT_EQ(api().remove(other.host(), str("live"), nullptr), TARSIER_OK);
  ASSERT_EQ(seal("old", "t", {{"k", "new"}}).status, TARSIER_OK) << "the name is free again";
  EXPECT_EQ(get(open("old", TARSIER_ENV_SEALED), "t", "k").second, "new");
  EXPECT_EQ(write(writing, {put("t", "k", "v")}).status, TARSIER_NOT_FOUND);
  close(reading);
  close(writing);
  EXPECT_EQ(list(), std::vector<std::string>{"old"});
}

TEST_F(Maintenance, CountsItsBytes) {
  const uint64_t before = storage_->used_bytes();
  ASSERT_EQ(seal("s", "t", {{"k", std::string(1000000, 'v')}}).status, TARSIER_OK);
  tarsier_env* env = open("a");
  ASSERT_EQ(write(env, {put("t", "k", std::string(1000000, 'v'))}).status, TARSIER_OK);
  EXPECT_GT(storage_->used_bytes(), before + 2000000);
  close(env);
  const uint64_t counted = storage_->used_bytes();
  restart();
  EXPECT_EQ(storage_->used_bytes(), counted);
  ASSERT_EQ(api().remove(client_.host(), str("s"), nullptr), TARSIER_OK);
  ASSERT_EQ(api().remove(client_.host(), str("a"), nullptr), TARSIER_OK);
  EXPECT_EQ(storage_->used_bytes(), before);
}

TEST_F(Maintenance, BacksUpAConsistentStateWhileWritingGoesOn) {
  tarsier_env* env = open("pairs");
  ASSERT_EQ(seal("sealed/one", "t", {{"k", "v"}}).status, TARSIER_OK);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> written{0};
  std::thread writer([&] {
    for (uint64_t i = 0; !stop; ++i) {
      // Both or neither: what a consistent copy must show.
      EXPECT_EQ(write(env, {append("a", numbered_key(i), std::string(3000, 'a')), append("b", numbered_key(i), "b")}).status,
                TARSIER_OK);
      written = i + 1;
      if (i % 50 == 49) {
        EXPECT_EQ(api().rotate(env, str("old/" + std::to_string(i)), nullptr), TARSIER_OK);
      }
    }
  });
  TempDir copies;
  for (int round = 0; round < 5; ++round) {
    while (written < static_cast<uint64_t>(round) * 20) std::this_thread::yield();
    const std::string to = copies.path() + "/" + std::to_string(round);
    tarsier_error error = empty_error();
    EXPECT_EQ(api().backup(client_.host(), str(""), str(to), &error), TARSIER_OK) << std::string(error.message, error.message_size);
  }
  stop = true;
  writer.join();
  close(env);
  for (int round = 0; round < 5; ++round) {
    StorageOptions options = options_;
    options.data_dir = copies.path() + "/" + std::to_string(round);
    auto copy = Storage::open(options);
    ASSERT_TRUE(copy.ok()) << copy.error().message();
    Client reader(copy->get());
    tarsier_env* restored = *(*copy)->open_env(&reader.owner(), "pairs", {});
    const Contents a = contents(restored, "a");
    EXPECT_EQ(a.size(), contents(restored, "b").size());
    auto names = (*copy)->list("");
    ASSERT_TRUE(names.ok());
    for (const std::string& name : *names) EXPECT_TRUE((*copy)->verify(name, nullptr).ok()) << name;
    EXPECT_NE(std::find(names->begin(), names->end(), "sealed/one"), names->end());
  }
}

TEST_F(Maintenance, BacksUpOnlyIntoAnEmptyDirectory) {
  open("x");
  TempDir to;
  EXPECT_EQ(api().backup(client_.host(), str(""), str(to.path()), nullptr), TARSIER_OK);
  EXPECT_EQ(api().backup(client_.host(), str(""), str(to.path()), nullptr), TARSIER_INVALID);
}

TEST_F(Maintenance, MakesSnapshotsThatAreDataDirectories) {
  tarsier_env* env = open("mine/active");
  ASSERT_EQ(write(env, {put("t", "k", "v")}).status, TARSIER_OK);
  open("other");
  const tarsier_str names[] = {str("mine/active"), str("mine/absent")};
  const auto snapshot = [&](std::string_view name) {
    std::string directory;
    tarsier_error error = empty_error();
    const tarsier_status status = api().snapshot(
        client_.host(), str(name), names, 2, &directory,
        [](void* user, tarsier_str path) { *static_cast<std::string*>(user) = view(path); }, &error);
    return std::pair(status, directory);
  };
  const auto [status, directory] = snapshot("first");
  ASSERT_EQ(status, TARSIER_OK);
  EXPECT_EQ(directory, dir_.path() + "/snapshots/first");
  EXPECT_EQ(snapshot("first").first, TARSIER_INVALID) << "there is one of that name";
  for (const char* name : {"", ".hidden", "a/b", ".."}) EXPECT_EQ(snapshot(name).first, TARSIER_INVALID) << name;
  EXPECT_EQ(list(), (std::vector<std::string>{"mine/active", "other"})) << "what is in snapshots is no environment here";
  EXPECT_FALSE(check_env_name("snapshots/first/mine/active").ok());
  StorageOptions options = options_;
  options.data_dir = directory;
  auto copy = Storage::open(options);
  ASSERT_TRUE(copy.ok()) << copy.error().message();
  Client reader(copy->get());
  EXPECT_EQ(get(*(*copy)->open_env(&reader.owner(), "mine/active", {}), "t", "k").second, "v");
  EXPECT_EQ(*(*copy)->list(""), std::vector<std::string>{"mine/active"});
}

TEST_F(Maintenance, ASnapshotThatFailsLeavesNothing) {
  tarsier_env* env = open("mine");
  ASSERT_EQ(write(env, {put("t", "k", "v")}).status, TARSIER_OK);
  ASSERT_TRUE(write_synced_file(dir_.path() + "/snapshots", "in the way").ok());
  const tarsier_str names[] = {str("mine")};
  EXPECT_NE(api().snapshot(client_.host(), str("x"), names, 1, nullptr, [](void*, tarsier_str) { FAIL(); }, nullptr), TARSIER_OK);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/.snapshot-x"));
  std::filesystem::create_directories(dir_.path() + "/.snapshot-y/mine");
  close(env);
  storage_.reset();
  start();
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/.snapshot-y")) << "what a crash left goes at the start";
}

TEST_F(Maintenance, TellsItsFigures) {
  tarsier_env* env = open("figures");
  for (int i = 0; i < 10; ++i) ASSERT_EQ(write(env, {put("t", "k", std::string(100, 'v'))}).status, TARSIER_OK);
  const auto all = storage_->statistics();
  ASSERT_EQ(all.size(), 1U);
  const EnvironmentStatistics& one = all.front();
  EXPECT_EQ(one.name, "figures");
  EXPECT_EQ(one.transactions, 10U);
  EXPECT_GE(one.written_bytes, 1000U);
  uint64_t counted = 0;
  for (const uint64_t commits : one.commit_latency) counted += commits;
  EXPECT_EQ(counted, one.commits);
  EXPECT_GT(one.file_bytes, 0U);
}

}  // namespace
}  // namespace tarsier::storage::testing
