#include "core/bus/spill_file.hpp"

#include <fstream>

#include "tests/unit/core/bus/fixtures.hpp"

namespace tarsier::bus {
namespace {

class SpillFileTest : public BusTest {
 protected:
  const std::filesystem::path path = directory / "spill" / "a.spill";
};

TEST_F(SpillFileTest, GivesBackWhatWasAppendedAndThenIsGone) {
  SpillFile file(path, 1 << 20);
  ASSERT_TRUE(file.append(sample_batch(1)->bytes()));
  ASSERT_TRUE(file.append(sample_batch(2, 500)->bytes()));
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(value_of(file.read().value().get()), 1);
  EXPECT_EQ(value_of(file.read().value().get()), 2);
  EXPECT_TRUE(file.empty());
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(file.append(sample_batch(3)->bytes()));
  EXPECT_EQ(value_of(file.read().value().get()), 3);
}

TEST_F(SpillFileTest, IsBounded) {
  SpillFile file(path, 1000);
  EXPECT_TRUE(file.has_room(900));
  EXPECT_FALSE(file.has_room(1000));
  ASSERT_TRUE(file.append(sample_batch(1)->bytes()));
  EXPECT_FALSE(file.has_room(900));
}

TEST_F(SpillFileTest, NoticesAFlippedBit) {
  SpillFile file(path, 1 << 20);
  ASSERT_TRUE(file.append(sample_batch(1)->bytes()));
  {
    std::fstream raw(path, std::ios::in | std::ios::out | std::ios::binary);
    raw.seekp(100);
    raw.put('\x7f');
  }
  EXPECT_EQ(file.read().error().code(), TARSIER_CORRUPT);
}

TEST_F(SpillFileTest, NoticesAnImpossibleSize) {
  SpillFile file(path, 1 << 20);
  ASSERT_TRUE(file.append(sample_batch(1)->bytes()));
  {
    std::fstream raw(path, std::ios::in | std::ios::out | std::ios::binary);
    raw.seekp(7);
    raw.put('\x7f');
  }
  EXPECT_EQ(file.read().error().code(), TARSIER_CORRUPT);
}

TEST_F(SpillFileTest, SaysWhichFileCannotBeWritten) {
  std::ofstream(directory / "spill") << "a file where the directory should be";
  SpillFile file(path, 1 << 20);
  const auto failed = file.append(sample_batch(1)->bytes());
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("spill"), std::string::npos);
}

}  // namespace
}  // namespace tarsier::bus
