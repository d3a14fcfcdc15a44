#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

using Seal = StorageTest;

/// While it lives the process can open no file.
class NoFileToOpen {
 public:
  NoFileToOpen() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(lowest);
    const rlimit none = {static_cast<rlim_t>(lowest), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoFileToOpen(const NoFileToOpen&) = delete;
  NoFileToOpen& operator=(const NoFileToOpen&) = delete;
  ~NoFileToOpen() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

size_t open_files() {
  const auto files = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

TEST_F(Seal, AppearsWholeAndReadOnly) {
  Contents entries;
  for (uint64_t i = 0; i < 5000; ++i) entries.emplace(numbered_key(i), std::string(i % 5000, static_cast<char>('a' + i % 26)));
  ASSERT_EQ(seal("samples/2026-11-22T10", "chunk", entries).status, TARSIER_OK);
  tarsier_env* env = open("samples/2026-11-22T10", TARSIER_ENV_SEALED);
  EXPECT_EQ(contents(env, "chunk"), entries);
  EXPECT_EQ(write(env, {put("chunk", "k", "v")}).status, TARSIER_INVALID);
  EXPECT_EQ(api().rotate(env, str("elsewhere"), nullptr), TARSIER_INVALID);
  tarsier_env_stat stat{};
  stat.size = sizeof(stat);
  ASSERT_EQ(api().stat(env, &stat, nullptr), TARSIER_OK);
  EXPECT_EQ(stat.entries, 5000U);
  EXPECT_EQ(stat.flags, static_cast<uint32_t>(TARSIER_ENV_SEALED));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/samples/2026-11-22T10/lock.mdb"));
  close(env);
  EXPECT_EQ(list(), std::vector<std::string>{"samples/2026-11-22T10"});
}

TEST_F(Seal, TakesTablesInterleavedAndEmpty) {
  tarsier_sealer* sealer = nullptr;
  ASSERT_EQ(api().seal_begin(client_.host(), str("s"), &sealer, nullptr), TARSIER_OK);
  for (uint64_t i = 0; i < 100; ++i) {
    ASSERT_EQ(api().seal_append(sealer, str("a"), bytes(numbered_key(i)), bytes("x"), nullptr), TARSIER_OK);
    ASSERT_EQ(api().seal_append(sealer, str("b"), bytes(numbered_key(i * 2)), bytes(""), nullptr), TARSIER_OK);
  }
  EXPECT_EQ(api().seal_append(sealer, str("a"), bytes(numbered_key(5)), bytes("x"), nullptr), TARSIER_INVALID);
  EXPECT_EQ(api().seal_append(sealer, str("a"), bytes(""), bytes("x"), nullptr), TARSIER_INVALID);
  EXPECT_TRUE(list().empty()) << "not there before it is finished";
  ASSERT_EQ(api().seal_finish(sealer, nullptr), TARSIER_OK);
  tarsier_env* env = open("s", TARSIER_ENV_SEALED);
  EXPECT_EQ(contents(env, "a").size(), 100U);
  EXPECT_EQ(contents(env, "b").size(), 100U);
  ASSERT_EQ(seal("empty", "t", {}).status, TARSIER_OK);
  EXPECT_TRUE(contents(open("empty", TARSIER_ENV_SEALED), "t").empty());
}

TEST_F(Seal, LeavesNothingWhenAborted) {
  tarsier_sealer* sealer = nullptr;
  ASSERT_EQ(api().seal_begin(client_.host(), str("gone"), &sealer, nullptr), TARSIER_OK);
  ASSERT_EQ(api().seal_append(sealer, str("t"), bytes("k"), bytes("v"), nullptr), TARSIER_OK);
  api().seal_abort(sealer);
  ASSERT_EQ(api().seal_begin(client_.host(), str("left"), &sealer, nullptr), TARSIER_OK);
  storage_->detach(client_.owner());
  EXPECT_TRUE(list().empty());
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) EXPECT_EQ(entry.path().filename(), "lock");
}

TEST_F(Seal, IsRefusedWhereAnEnvironmentExists) {
  ASSERT_EQ(seal("once", "t", {{"k", "v"}}).status, TARSIER_OK);
  EXPECT_EQ(seal("once", "t", {{"k", "v"}}).status, TARSIER_INVALID);
  tarsier_sealer* first = nullptr;
  tarsier_sealer* second = nullptr;
  ASSERT_EQ(api().seal_begin(client_.host(), str("race"), &first, nullptr), TARSIER_OK);
  ASSERT_EQ(api().seal_begin(client_.host(), str("race"), &second, nullptr), TARSIER_OK);
  EXPECT_EQ(api().seal_finish(second, nullptr), TARSIER_OK);
  EXPECT_EQ(api().seal_finish(first, nullptr), TARSIER_INVALID);
}

TEST_F(Seal, IsNotTakenForDamagedOrAbsentWhenItCannotBeOpened) {
  ASSERT_EQ(seal("sealed", "t", {{"k", "v"}}).status, TARSIER_OK);
  tarsier_env* env = nullptr;
  {
    const NoFileToOpen none;
    EXPECT_EQ(try_open("sealed", &env, TARSIER_ENV_SEALED).status, TARSIER_RESOURCE);
  }
  env = open("sealed", TARSIER_ENV_SEALED);
  {
    const NoFileToOpen none;
    EXPECT_EQ(get(env, "t", "k").first.status, TARSIER_RESOURCE);
  }
  EXPECT_EQ(get(env, "t", "k").second, "v");
  close(env);
  for (const char* file : {"/sealed/data.mdb", "/sealed/sealed"}) {
    SCOPED_TRACE(file);
    const std::string path = dir_.path() + file;
    std::filesystem::rename(path, path + ".kept");
    std::filesystem::create_symlink(path, path);  // nobody can follow it
    EXPECT_EQ(list(), std::vector<std::string>{"sealed"});
    const Outcome opened = try_open("sealed", &env, TARSIER_ENV_SEALED);
    EXPECT_EQ(opened.status, TARSIER_INTERNAL) << opened.message;
    EXPECT_NE(opened.message.find(path), std::string::npos) << opened.message;
    restart();
    EXPECT_EQ(list(), std::vector<std::string>{"sealed"}) << "a start leaves it as it is";
    std::filesystem::rename(path + ".kept", path);
    EXPECT_EQ(get(open("sealed", TARSIER_ENV_SEALED), "t", "k").second, "v");
    restart();
  }
}

TEST_F(Seal, KeepsFewFilesOpenThatNobodyReads) {
  constexpr uint64_t kMany = 60, kIdle = 4;
  options_.idle_sealed_files = kIdle;
  restart();
  std::vector<tarsier_env*> envs;
  for (uint64_t i = 0; i < kMany; ++i) {
    const std::string name = "s" + std::to_string(i);
    ASSERT_EQ(seal(name, "t", {{"k", name}}).status, TARSIER_OK);
    envs.push_back(open(name, TARSIER_ENV_SEALED));
  }
  const size_t before = open_files();
  for (int turn = 0; turn < 3; ++turn) {
    for (uint64_t i = 0; i < kMany; ++i) ASSERT_EQ(get(envs[i], "t", "k").second, "s" + std::to_string(i));
    EXPECT_LE(open_files(), before + kIdle);
  }
  std::vector<tarsier_snapshot*> held;
  for (tarsier_env* env : envs) ASSERT_EQ(api().begin_read(env, &held.emplace_back(), nullptr), TARSIER_OK);
  EXPECT_GE(open_files(), before + kMany) << "what is read is open";
  for (uint64_t i = 0; i < kMany; ++i) {
    tarsier_bytes value{};
    ASSERT_EQ(api().get(held[i], str("t"), bytes("k"), &value, nullptr), TARSIER_OK);
    EXPECT_EQ(view(value), "s" + std::to_string(i));
    api().end_read(held[i]);
  }
  EXPECT_LE(open_files(), before + kIdle);
  for (tarsier_env* env : envs) close(env);
  EXPECT_LE(open_files(), before);
}

TEST_F(Seal, IsNotMistakenForAWritableOne) {
  ASSERT_EQ(seal("sealed", "t", {{"k", "v"}}).status, TARSIER_OK);
  open("writable");
  tarsier_env* env = nullptr;
  EXPECT_EQ(try_open("sealed", &env, 0).status, TARSIER_INVALID);
  EXPECT_EQ(try_open("sealed", &env, TARSIER_ENV_CREATE).status, TARSIER_INVALID);
  EXPECT_EQ(try_open("writable", &env, TARSIER_ENV_SEALED).status, TARSIER_INVALID);
  EXPECT_EQ(try_open("absent", &env, TARSIER_ENV_SEALED).status, TARSIER_NOT_FOUND);
}

}  // namespace
}  // namespace tarsier::storage::testing
