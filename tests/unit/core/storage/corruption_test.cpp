// Flipped bits: an error that names the place, never a wrong answer, never a crash.
#include <fcntl.h>
#include <fstream>
#include <random>
#include <unistd.h>

#include "core/storage/files.hpp"
#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

class Corruption : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    for (uint64_t i = 0; i < 300; ++i) {
      small_.emplace("small" + numbered_key(i), "value " + std::to_string(i * 7919));
      if (i < 40) large_.emplace("large" + numbered_key(i), std::string(9000, static_cast<char>('a' + i % 26)) + std::to_string(i));
    }
  }
  std::string data_file(const std::string& name) const { return dir_.path() + "/" + name + "/data.mdb"; }
  void flip(const std::string& file, uint64_t bit) const {
    auto fd = open_file(file, O_RDWR);
    ASSERT_TRUE(fd.ok());
    unsigned char byte = 0;
    ASSERT_EQ(::pread(fd->get(), &byte, 1, static_cast<off_t>(bit / 8)), 1);
    byte = static_cast<unsigned char>(byte ^ (1U << (bit % 8)));
    ASSERT_EQ(::pwrite(fd->get(), &byte, 1, static_cast<off_t>(bit / 8)), 1);
  }
  /// Opens, reads and walks everything; every answer must be right or an error. Returns whether there was an error.
  bool read_all(const std::string& name, uint32_t flags, bool lookups_must_find) {
    tarsier_env* env = nullptr;
    const Outcome opened = try_open(name, &env, flags);
    if (opened.status != TARSIER_OK) {
      EXPECT_EQ(opened.status, TARSIER_CORRUPT) << opened.message;
      return true;
    }
    bool failed = false;
    for (const auto* table : {&small_, &large_}) {
      const std::string table_name = table == &small_ ? "small" : "large";
      for (const auto& [key, value] : *table) {
        const auto [outcome, found] = get(env, table_name, key);
        if (outcome.status == TARSIER_OK) {
          EXPECT_EQ(found, value);
        } else {
          failed = true;
          if (lookups_must_find) {
            EXPECT_EQ(outcome.status, TARSIER_CORRUPT) << outcome.message;
          }
        }
      }
    }
    close(env);
    return failed;
  }

  Contents small_;
  Contents large_;
};

TEST_F(Corruption, IsNamedWithEnvironmentTableAndKey) {
  ASSERT_EQ(seal("s", "large", large_).status, TARSIER_OK);
  std::ifstream file(data_file("s"), std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const uint64_t at = text.find(std::string(9000, 'c'));
  ASSERT_NE(at, std::string::npos);
  flip(data_file("s"), (at + 4000) * 8 + 3);
  tarsier_env* env = open("s", TARSIER_ENV_SEALED);
  const std::string key = "large" + numbered_key(2);
  const Outcome outcome = get(env, "large", key).first;
  EXPECT_EQ(outcome.status, TARSIER_CORRUPT);
  EXPECT_NE(outcome.message.find("environment s: table large"), std::string::npos) << outcome.message;
  EXPECT_NE(outcome.message.find("6c617267650000000000000002"), std::string::npos) << outcome.message;
  struct Damage {
    int count = 0;
    std::string key;
  } damage;
  EXPECT_EQ(api().verify(
                client_.host(), str("s"), &damage,
                [](void* user, tarsier_str table, tarsier_bytes bad, tarsier_str) {
                  auto* found = static_cast<Damage*>(user);
                  ++found->count;
                  found->key = std::string(view(table)) + "/" + std::string(view(bad));
                },
                nullptr),
            TARSIER_CORRUPT);
  EXPECT_EQ(damage.count, 1);
  EXPECT_EQ(damage.key, "large/" + key);
}

TEST_F(Corruption, DoesNotEndAWalk) {
  ASSERT_EQ(seal("s", "large", large_).status, TARSIER_OK);
  std::ifstream file(data_file("s"), std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  flip(data_file("s"), (text.find(std::string(9000, 'c')) + 100) * 8);
  tarsier_env* env = open("s", TARSIER_ENV_SEALED);
  tarsier_snapshot* snapshot = nullptr;
  ASSERT_EQ(api().begin_read(env, &snapshot, nullptr), TARSIER_OK);
  tarsier_cursor* cursor = nullptr;
  ASSERT_EQ(api().cursor_open(snapshot, str("large"), &cursor, nullptr), TARSIER_OK);
  tarsier_bytes key{};
  tarsier_bytes value{};
  size_t good = 0;
  size_t bad = 0;
  for (tarsier_status status = TARSIER_OK; (status = api().next(cursor, &key, &value, nullptr)) != TARSIER_NOT_FOUND;) {
    if (status == TARSIER_OK) ++good;
    if (status == TARSIER_CORRUPT) {
      ++bad;
      EXPECT_EQ(view(key), "large" + numbered_key(2));
      EXPECT_EQ(value.size, 0U);
    }
  }
  EXPECT_EQ(bad, 1U);
  EXPECT_EQ(good, large_.size() - 1);
  api().end_read(snapshot);
}

TEST_F(Corruption, OfASealedFileIsAlwaysNoticedWhereItMatters) {
  tarsier_sealer* sealer = nullptr;
  ASSERT_EQ(api().seal_begin(client_.host(), str("s"), &sealer, nullptr), TARSIER_OK);
  for (const auto& [key, value] : small_)
    ASSERT_EQ(api().seal_append(sealer, str("small"), bytes(key), bytes(value), nullptr), TARSIER_OK);
  for (const auto& [key, value] : large_)
    ASSERT_EQ(api().seal_append(sealer, str("large"), bytes(key), bytes(value), nullptr), TARSIER_OK);
  ASSERT_EQ(api().seal_finish(sealer, nullptr), TARSIER_OK);
  const uint64_t bits = file_size(data_file("s")) * 8;
  std::mt19937_64 random(20261124);
  for (int round = 0; round < 200; ++round) {
    // Half of them within the first pages, where the tree and its meta pages are.
    const uint64_t bit = random() % (round % 2 == 0 ? bits : std::min<uint64_t>(bits, uint64_t{12} * 4096 * 8));
    flip(data_file("s"), bit);
    read_all("s", TARSIER_ENV_SEALED, true);
    EXPECT_FALSE(HasFailure()) << "bit " << bit;
    flip(data_file("s"), bit);
  }
  EXPECT_FALSE(read_all("s", TARSIER_ENV_SEALED, true));
}

TEST_F(Corruption, OfAnActiveFileNeverGivesAWrongValue) {
  tarsier_env* env = open("a", TARSIER_ENV_CREATE, TARSIER_DURABILITY_COMMIT);
  for (const auto& [key, value] : small_) ASSERT_EQ(write(env, {put("small", key, value)}).status, TARSIER_OK);
  for (const auto& [key, value] : large_)
    ASSERT_EQ(write(env, {put("large", key, value), del("large", "none")}).status, TARSIER_OK);
  close(env);
  const uint64_t bits = file_size(data_file("a")) * 8;
  std::mt19937_64 random(42);
  for (int round = 0; round < 200; ++round) {
    const uint64_t bit = random() % (round % 2 == 0 ? bits : uint64_t{2} * 4096 * 8);
    flip(data_file("a"), bit);
    read_all("a", 0, false);
    EXPECT_FALSE(HasFailure()) << "bit " << bit;
    flip(data_file("a"), bit);
  }
  EXPECT_FALSE(read_all("a", 0, true));
}

TEST_F(Corruption, OfATruncatedFileIsFoundAtOpen) {
  ASSERT_EQ(seal("s", "large", large_).status, TARSIER_OK);
  tarsier_env* env = open("a");
  ASSERT_EQ(write(env, {put("t", "k", std::string(100000, 'x'))}).status, TARSIER_OK);
  close(env);
  for (const std::string name : {"s", "a"}) {
    for (const uint64_t size : {file_size(data_file(name)) - 4096, uint64_t{8192}, uint64_t{4000}, uint64_t{0}}) {
      std::filesystem::resize_file(data_file(name), size);
      const Outcome opened = try_open(name, &env, name == "s" ? static_cast<uint32_t>(TARSIER_ENV_SEALED) : 0U);
      EXPECT_EQ(opened.status, TARSIER_CORRUPT) << name << " " << size << ": " << opened.message;
    }
  }
}

TEST_F(Corruption, OfTheNoteOrTheMarkIsFound) {
  ASSERT_EQ(seal("s", "large", large_).status, TARSIER_OK);
  flip(dir_.path() + "/s/sealed", 40 * 8);
  tarsier_env* env = nullptr;
  EXPECT_EQ(try_open("s", &env, TARSIER_ENV_SEALED).status, TARSIER_CORRUPT);
  env = open("a", TARSIER_ENV_CREATE, TARSIER_DURABILITY_INTERVAL);
  ASSERT_EQ(write(env, {put("t", "k", "v")}).status, TARSIER_OK);
  close(env);
  flip(dir_.path() + "/a/synced", 30 * 8);
  flip(dir_.path() + "/a/synced", (4096 + 30) * 8);
  EXPECT_EQ(try_open("a", &env, 0).status, TARSIER_CORRUPT);
}

}  // namespace
}  // namespace tarsier::storage::testing
