// Places in the queue, as they lie on the disk.
#include "plugins/forward/remote_write/cursor_store.hpp"

#include <gtest/gtest.h>

#include "storage_of_test.hpp"

namespace tarsier::forward {
namespace {

Cursor some_cursor() {
  return {{{{7, 3, 12}, {8, 0, 0}}, {{9, 0, 0}, {}}, {{UINT64_MAX, UINT32_MAX, UINT32_MAX}, {}}}, 123'456'789'012};
}

TEST(Cursor, ComesBackAsItWas) {
  const auto decoded = decode_cursor(encode_cursor(some_cursor()));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(*decoded, some_cursor());
  EXPECT_EQ(decoded->lowest(), (Position{7, 3, 12}));
}

TEST(Cursor, WhatIsCutOffOrTooLongIsCorrupt) {
  const std::string whole = encode_cursor(some_cursor());
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(decode_cursor(whole.substr(0, size)).error().code(), TARSIER_CORRUPT) << size;
  EXPECT_FALSE(decode_cursor(whole + "x"));
  EXPECT_FALSE(decode_cursor("\x02" + whole.substr(1)));
}

TEST(CursorStore, KeepsOneOfEachEndpoint) {
  const storage::testing::TempDir directory;
  fake::FakeHost fake;
  fake.storage = test::StorageOfTest::table();
  Host raw(fake.raw());
  const Host& host = fake::attached(raw);
  {
    const test::StorageOfTest storage(directory.path());
    CursorStore store(host);
    ASSERT_TRUE(store.open());
    EXPECT_TRUE(store.found().empty());
    ASSERT_TRUE(store.save("a", some_cursor()));
    ASSERT_TRUE(store.save("b", Cursor::at({4, 0, 0}, 2, 9)));
    ASSERT_TRUE(store.save("gone", some_cursor()));
    ASSERT_TRUE(store.remove("gone"));
  }
  const test::StorageOfTest storage(directory.path());
  CursorStore store(host);
  ASSERT_TRUE(store.open());
  EXPECT_EQ(store.found().size(), 2U);
  EXPECT_EQ(store.found().at("a"), some_cursor());
  EXPECT_EQ(store.found().at("b"), Cursor::at({4, 0, 0}, 2, 9));
}

}  // namespace
}  // namespace tarsier::forward
