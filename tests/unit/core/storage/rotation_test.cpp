#include <fstream>

#include "core/storage/data_dir.hpp"
#include "core/storage/sealed_note.hpp"
#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

class Rotation : public StorageTest {
 protected:
  static Outcome rotate(tarsier_env* env, std::string_view to) {
    tarsier_error error = empty_error();
    const tarsier_status status = api().rotate(env, str(to), &error);
    return {status, std::string(error.message, error.message_size)};
  }
  std::string env_dir(const std::string& name) const { return dir_.path() + "/" + name; }
};

TEST_F(Rotation, MovesTheContentAndGoesOnEmpty) {
  for (const tarsier_durability durability : {TARSIER_DURABILITY_COMMIT, TARSIER_DURABILITY_INTERVAL}) {
    const std::string base = "r" + std::to_string(durability);
    tarsier_env* env = open(base + "/active", TARSIER_ENV_CREATE, durability);
    for (uint64_t round = 0; round < 3; ++round) {
      const std::string to = base + "/" + std::to_string(round);
      const std::string value = "round " + std::to_string(round);
      ASSERT_EQ(write(env, {append("t", "k", value), put("u", "l", std::string(9000, 'u'))}).status, TARSIER_OK);
      const Outcome rotated = rotate(env, to);
      ASSERT_EQ(rotated.status, TARSIER_OK) << rotated.message;
      EXPECT_TRUE(contents(env, "t").empty());
      tarsier_env* sealed = open(to, TARSIER_ENV_SEALED);
      EXPECT_EQ(contents(sealed, "t"), (Contents{{"k", value}}));
      close(sealed);
      EXPECT_EQ(api().verify(client_.host(), str(to), nullptr, nullptr, nullptr), TARSIER_OK);
    }
    close(env);
  }
  restart();
  EXPECT_EQ(list(), (std::vector<std::string>{"r1/0", "r1/1", "r1/2", "r1/active", "r2/0", "r2/1", "r2/2", "r2/active"}));
}

TEST_F(Rotation, LeavesSnapshotsWhatTheyRead) {
  tarsier_env* env = open("active");
  ASSERT_EQ(write(env, {put("t", "k", "old")}).status, TARSIER_OK);
  tarsier_snapshot* snapshot = nullptr;
  ASSERT_EQ(api().begin_read(env, &snapshot, nullptr), TARSIER_OK);
  ASSERT_EQ(rotate(env, "first").status, TARSIER_OK);
  ASSERT_EQ(write(env, {put("t", "k", "new")}).status, TARSIER_OK);
  ASSERT_EQ(rotate(env, "second").status, TARSIER_OK);
  ASSERT_EQ(api().remove(client_.host(), str("first"), nullptr), TARSIER_OK);
  tarsier_bytes value{};
  ASSERT_EQ(api().get(snapshot, str("t"), bytes("k"), &value, nullptr), TARSIER_OK);
  EXPECT_EQ(view(value), "old");
  api().end_read(snapshot);
  EXPECT_EQ(get(open("second", TARSIER_ENV_SEALED), "t", "k").second, "new");
}

TEST_F(Rotation, IsRefusedOntoAnExistingEnvironment) {
  tarsier_env* env = open("active");
  ASSERT_EQ(write(env, {put("t", "k", "v")}).status, TARSIER_OK);
  ASSERT_EQ(seal("taken", "t", {}).status, TARSIER_OK);
  EXPECT_EQ(rotate(env, "taken").status, TARSIER_INVALID);
  EXPECT_EQ(rotate(env, "active").status, TARSIER_INVALID);
  EXPECT_EQ(rotate(env, "../out").status, TARSIER_INVALID);
  EXPECT_EQ(get(env, "t", "k").second, "v");
  EXPECT_EQ(write(env, {put("t", "l", "w")}).status, TARSIER_OK);
}

TEST_F(Rotation, IsForgottenWhenItsTargetDidNotAppear) {
  tarsier_env* env = open("active");
  ASSERT_EQ(write(env, {put("t", "k", "v")}).status, TARSIER_OK);
  close(env);
  storage_.reset();
  std::filesystem::create_directories(env_dir("to"));
  ASSERT_TRUE(write_sealed_note(env_dir("to"), env_dir("active") + "/data.mdb").ok());
  ASSERT_TRUE(begin_rotation(env_dir("active"), "to").ok());
  std::filesystem::create_directories(fresh_file_dir(dir_.path(), "active"));
  start();
  EXPECT_EQ(list(), std::vector<std::string>{"active"});
  EXPECT_FALSE(std::filesystem::exists(env_dir("active") + "/rotating"));
  EXPECT_EQ(get(open("active"), "t", "k").second, "v");
  EXPECT_EQ(rotate(open("active"), "to").status, TARSIER_OK);
}

TEST_F(Rotation, IsFinishedWhenItsTargetAppeared) {
  tarsier_env* env = open("active");
  ASSERT_EQ(write(env, {put("t", "k", "v")}).status, TARSIER_OK);
  close(env);
  storage_.reset();
  std::filesystem::create_directories(env_dir("to"));
  ASSERT_TRUE(write_sealed_note(env_dir("to"), env_dir("active") + "/data.mdb").ok());
  ASSERT_TRUE(begin_rotation(env_dir("active"), "to").ok());
  std::filesystem::create_hard_link(env_dir("active") + "/data.mdb", env_dir("to") + "/data.mdb");
  start();
  EXPECT_EQ(list(), (std::vector<std::string>{"active", "to"}));
  env = open("active", 0);
  EXPECT_TRUE(contents(env, "t").empty());
  EXPECT_EQ(write(env, {put("t", "k", "later")}).status, TARSIER_OK);
  EXPECT_EQ(get(open("to", TARSIER_ENV_SEALED), "t", "k").second, "v");
}

TEST_F(Rotation, IsCleanedUpWhenOnlyItsNoteWasLeft) {
  tarsier_env* env = open("active");
  ASSERT_EQ(write(env, {put("t", "k", "v")}).status, TARSIER_OK);
  ASSERT_EQ(rotate(env, "to").status, TARSIER_OK);
  ASSERT_EQ(write(env, {put("t", "k", "later")}).status, TARSIER_OK);
  close(env);
  storage_.reset();
  ASSERT_TRUE(begin_rotation(env_dir("active"), "to").ok());
  start();
  EXPECT_EQ(get(open("active"), "t", "k").second, "later");
}

}  // namespace
}  // namespace tarsier::storage::testing
