// What can be read of a file that does not open; and other names for environments.
#include <fcntl.h>
#include <unistd.h>

#include "core/storage/files.hpp"
#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

class Salvage : public StorageTest {
 protected:
  std::string data_file(const std::string& name) const { return dir_.path() + "/" + name + "/data.mdb"; }
  static void flip(const std::string& file, uint64_t at) {
    auto fd = open_file(file, O_RDWR);
    ASSERT_TRUE(fd.ok());
    unsigned char byte = 0;
    ASSERT_EQ(::pread(fd->get(), &byte, 1, static_cast<off_t>(at)), 1);
    byte ^= 0x10U;
    ASSERT_EQ(::pwrite(fd->get(), &byte, 1, static_cast<off_t>(at)), 1);
  }
  Contents salvage(const std::string& name, const std::vector<std::string>& tables = {"t"}) {
    std::vector<tarsier_str> names;
    for (const std::string& table : tables) names.push_back(str(table));
    Contents found;
    EXPECT_EQ(api().salvage(
                  client_.host(), str(name), names.data(), static_cast<uint32_t>(names.size()), &found,
                  [](void* user, tarsier_str, tarsier_bytes key, tarsier_bytes value) {
                    (*static_cast<Contents*>(user))[std::string(view(key))] = view(value);
                  },
                  nullptr),
              TARSIER_OK);
    return found;
  }
  static Contents some() {
    Contents contents;
    for (uint64_t i = 0; i < 200; ++i) {
      const std::string body = i % 3 == 0 ? std::string(5000 + i, static_cast<char>('a' + i % 26)) : "value";
      contents.emplace(numbered_key(i), body + std::to_string(i));
    }
    return contents;
  }
};

TEST_F(Salvage, FindsEverythingWithoutMetaPages) {
  ASSERT_EQ(seal("s", "t", some()).status, TARSIER_OK);
  flip(data_file("s"), 16);
  flip(data_file("s"), 4096 + 16);
  EXPECT_EQ(salvage("s"), some());
  EXPECT_TRUE(salvage("s", {"other"}).empty()) << "an entry belongs to its table";
}

TEST_F(Salvage, LosesOneEntryToAByteOfAValueAndNeverGivesAWrongOne) {
  const Contents contents = some();
  ASSERT_EQ(seal("s", "t", contents).status, TARSIER_OK);
  const uint64_t size = file_size(data_file("s"));
  for (uint64_t at = 0; at < size; at += 1009) {
    flip(data_file("s"), at);
    const Contents found = salvage("s");
    EXPECT_GE(found.size() + 1, contents.size()) << "byte " << at;
    for (const auto& [key, value] : found) ASSERT_EQ(value, contents.at(key)) << "byte " << at;
    flip(data_file("s"), at);
  }
}

TEST_F(Salvage, ReadsAWritableEnvironmentThatIsClosed) {
  tarsier_env* env = open("a", TARSIER_ENV_CREATE, TARSIER_DURABILITY_COMMIT);
  for (const auto& [key, value] : some()) ASSERT_EQ(write(env, {put("t", key, value)}).status, TARSIER_OK);
  EXPECT_EQ(api().salvage(client_.host(), str("a"), nullptr, 0, nullptr, nullptr, nullptr), TARSIER_INVALID) << "it is open";
  close(env);
  const Contents found = salvage("a");
  for (const auto& [key, value] : some()) EXPECT_EQ(found.at(key), value);
  EXPECT_EQ(api().salvage(client_.host(), str("none"), nullptr, 0, nullptr, nullptr, nullptr), TARSIER_NOT_FOUND);
}

TEST_F(Salvage, RenamesAnEnvironmentThatNobodyHasOpen) {
  ASSERT_EQ(seal("r/s", "t", {{"k", "v"}}).status, TARSIER_OK);
  tarsier_env* env = open("r/s", TARSIER_ENV_SEALED);
  EXPECT_EQ(api().rename(client_.host(), str("r/s"), str("r/d"), nullptr), TARSIER_INVALID) << "it is open";
  close(env);
  ASSERT_EQ(api().rename(client_.host(), str("r/s"), str("r/d"), nullptr), TARSIER_OK);
  EXPECT_EQ(list(), std::vector<std::string>{"r/d"});
  EXPECT_EQ(get(open("r/d", TARSIER_ENV_SEALED), "t", "k").second, "v");
  ASSERT_EQ(seal("r/s", "t", {{"k", "w"}}).status, TARSIER_OK);
  EXPECT_EQ(api().rename(client_.host(), str("r/s"), str("r/d"), nullptr), TARSIER_INVALID) << "the name is taken";
  EXPECT_EQ(api().rename(client_.host(), str("r"), str("q"), nullptr), TARSIER_NOT_FOUND);
  EXPECT_EQ(api().rename(client_.host(), str("r/s"), str("../q"), nullptr), TARSIER_INVALID);
}

TEST_F(Salvage, DoesNotRenameWhatOthersStandBelow) {
  close(open("a"));
  close(open("a/b"));
  EXPECT_EQ(api().rename(client_.host(), str("a"), str("c"), nullptr), TARSIER_INVALID);
  EXPECT_EQ(list(), (std::vector<std::string>{"a", "a/b"}));
}

}  // namespace
}  // namespace tarsier::storage::testing
