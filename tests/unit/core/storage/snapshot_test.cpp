#include <thread>

#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

class Snapshots : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    env_ = open("walked");
    ASSERT_EQ(write(env_, {put("t", "b", "2"), put("t", "d", "4"), put("t", "f", "6")}).status, TARSIER_OK);
    ASSERT_EQ(api().begin_read(env_, &snapshot_, nullptr), TARSIER_OK);
    ASSERT_EQ(api().cursor_open(snapshot_, str("t"), &cursor_, nullptr), TARSIER_OK);
  }
  std::string at(tarsier_status status) {
    if (status == TARSIER_OK) return std::string(view(key_)) + "=" + std::string(view(value_));
    return status == TARSIER_NOT_FOUND ? "end" : "error";
  }
  std::string next() { return at(api().next(cursor_, &key_, &value_, nullptr)); }
  std::string previous() { return at(api().previous(cursor_, &key_, &value_, nullptr)); }
  std::string last() { return at(api().last(cursor_, &key_, &value_, nullptr)); }
  std::string seek(std::string_view key) { return at(api().seek(cursor_, bytes(key), &key_, &value_, nullptr)); }

  tarsier_env* env_ = nullptr;
  tarsier_snapshot* snapshot_ = nullptr;
  tarsier_cursor* cursor_ = nullptr;
  tarsier_bytes key_{};
  tarsier_bytes value_{};
};

TEST_F(Snapshots, WalkBothWaysAndStayAtTheEnds) {
  EXPECT_EQ(previous(), "end");
  EXPECT_EQ(next(), "b=2");
  EXPECT_EQ(next(), "d=4");
  EXPECT_EQ(previous(), "b=2");
  EXPECT_EQ(previous(), "end");
  EXPECT_EQ(previous(), "end");
  EXPECT_EQ(next(), "b=2");
  EXPECT_EQ(last(), "f=6");
  EXPECT_EQ(next(), "end");
  EXPECT_EQ(next(), "end");
  EXPECT_EQ(previous(), "f=6");
}

TEST_F(Snapshots, SeekTheFirstKeyNotBelow) {
  EXPECT_EQ(seek("d"), "d=4");
  EXPECT_EQ(seek("c"), "d=4");
  EXPECT_EQ(previous(), "b=2");
  EXPECT_EQ(seek(""), "b=2");
  EXPECT_EQ(seek("g"), "end");
  EXPECT_EQ(previous(), "f=6");
  EXPECT_EQ(seek(std::string(600, 'd')), "f=6") << "longer than any key";
}

TEST_F(Snapshots, SeekBeyondAKeyOfFullLength) {
  const std::string longest(511, 'e');
  ASSERT_EQ(write(env_, {put("t", longest, "5")}).status, TARSIER_OK);
  api().end_read(snapshot_);
  ASSERT_EQ(api().begin_read(env_, &snapshot_, nullptr), TARSIER_OK);
  ASSERT_EQ(api().cursor_open(snapshot_, str("t"), &cursor_, nullptr), TARSIER_OK);
  EXPECT_EQ(seek(longest + "e"), "f=6");
}

TEST_F(Snapshots, SeeOneStateWhateverIsWritten) {
  ASSERT_EQ(write(env_, {put("t", "b", "new"), del("t", "d"), put("u", "k", "v")}).status, TARSIER_OK);
  EXPECT_EQ(next(), "b=2");
  EXPECT_EQ(next(), "d=4");
  tarsier_bytes value{};
  EXPECT_EQ(api().get(snapshot_, str("u"), bytes("k"), &value, nullptr), TARSIER_NOT_FOUND) << "the table came later";
  tarsier_cursor* later = nullptr;
  ASSERT_EQ(api().cursor_open(snapshot_, str("u"), &later, nullptr), TARSIER_OK);
  EXPECT_EQ(api().next(later, &key_, &value_, nullptr), TARSIER_NOT_FOUND);
  EXPECT_EQ(contents(env_, "t"), (Contents{{"b", "new"}, {"f", "6"}}));
}

TEST_F(Snapshots, TakeATableThatDoesNotExistForAnEmptyOne) {
  tarsier_cursor* cursor = nullptr;
  ASSERT_EQ(api().cursor_open(snapshot_, str("nothing"), &cursor, nullptr), TARSIER_OK);
  EXPECT_EQ(api().next(cursor, &key_, &value_, nullptr), TARSIER_NOT_FOUND);
  EXPECT_EQ(api().last(cursor, &key_, &value_, nullptr), TARSIER_NOT_FOUND);
  EXPECT_EQ(api().seek(cursor, bytes("k"), &key_, &value_, nullptr), TARSIER_NOT_FOUND);
  EXPECT_EQ(api().previous(cursor, &key_, &value_, nullptr), TARSIER_NOT_FOUND);
  api().cursor_close(cursor);
}

TEST_F(Snapshots, MoveBetweenThreads) {
  std::string first;
  std::thread([&] { first = next(); }).join();
  EXPECT_EQ(first, "b=2");
  EXPECT_EQ(next(), "d=4");
  std::thread([&] {
    api().end_read(snapshot_);
    snapshot_ = nullptr;
  }).join();
  EXPECT_EQ(contents(env_, "t").size(), 3U);
}

TEST_F(Snapshots, GiveLargeValuesAligned) {
  const std::string large(3 * 4096 - TARSIER_VALUE_OVERHEAD, 'L');
  ASSERT_EQ(write(env_, {put("t", "odd", large)}).status, TARSIER_OK);
  tarsier_snapshot* snapshot = nullptr;
  ASSERT_EQ(api().begin_read(env_, &snapshot, nullptr), TARSIER_OK);
  tarsier_bytes value{};
  ASSERT_EQ(api().get(snapshot, str("t"), bytes("odd"), &value, nullptr), TARSIER_OK);
  EXPECT_EQ(view(value), large);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(value.data) % 16, 0U);
  api().end_read(snapshot);
}

TEST_F(Snapshots, FillWholePagesWithThePublishedSize) {
  tarsier_env* env = open("paged");
  ASSERT_EQ(write(env, {put("t", "k", std::string(4 * 4096 - TARSIER_VALUE_OVERHEAD, 'p'))}).status, TARSIER_OK);
  tarsier_env_stat whole{};
  whole.size = sizeof(whole);
  ASSERT_EQ(api().stat(env, &whole, nullptr), TARSIER_OK);
  EXPECT_EQ(whole.used_bytes, 5U * 4096) << "four pages of value and one leaf";
  ASSERT_EQ(write(env, {put("t", "k", std::string(4 * 4096 - TARSIER_VALUE_OVERHEAD + 1, 'p'))}).status, TARSIER_OK);
  ASSERT_EQ(api().stat(env, &whole, nullptr), TARSIER_OK);
  EXPECT_EQ(whole.used_bytes, 6U * 4096);
  EXPECT_EQ(whole.entries, 1U);
}

TEST_F(Snapshots, AreCountedWithTheAgeOfTheOldest) {
  tarsier_env_stat stat{};
  stat.size = sizeof(stat);
  ASSERT_EQ(api().stat(env_, &stat, nullptr), TARSIER_OK);
  EXPECT_EQ(stat.readers, 1U);
  EXPECT_GT(stat.oldest_reader_ns, 0);
  EXPECT_EQ(stat.entries, 3U);
  api().end_read(snapshot_);
  ASSERT_EQ(api().stat(env_, &stat, nullptr), TARSIER_OK);
  EXPECT_EQ(stat.readers, 0U);
  EXPECT_EQ(stat.oldest_reader_ns, 0);
}

TEST_F(Snapshots, EndWithTheInstanceThatLeftThemOpen) {
  storage_->detach(client_.owner());
  EXPECT_TRUE(storage_->statistics().empty());
}

}  // namespace
}  // namespace tarsier::storage::testing
