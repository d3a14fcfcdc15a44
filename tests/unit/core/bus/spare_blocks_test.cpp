#include "core/bus/spare_blocks.hpp"

#include <gtest/gtest.h>
#include <span>
#include <vector>

#include "core/bus/batch.hpp"

namespace tarsier::bus {
namespace {

SpareBlocks::Block block_of(char& memory, uint64_t bytes) { return {&memory, bytes}; }

TEST(SpareBlocks, GiveBackOneThatIsLargeEnoughAndNotMuchLarger) {
  SpareBlocks spare;
  char memory = 0;
  ASSERT_TRUE(spare.keep(block_of(memory, 1 << 20)));
  EXPECT_EQ(spare.take((1 << 20) + 1).memory, nullptr);
  EXPECT_EQ(spare.take(1 << 19).memory, nullptr) << "half of it would be idle";
  EXPECT_EQ(spare.take((1 << 19) + 64).memory, &memory);
  EXPECT_EQ(spare.take((1 << 19) + 64).memory, nullptr) << "it is taken";
}

TEST(SpareBlocks, KeepNeitherSmallOnesNorMoreThanTheirLimit) {
  SpareBlocks spare;
  std::vector<char> memory(20);
  EXPECT_FALSE(spare.keep(block_of(memory[0], SpareBlocks::kSmallest - 1)));
  EXPECT_FALSE(spare.keep(block_of(memory[0], SpareBlocks::kMostBytes + 1)));
  uint64_t kept = 0;
  for (char& each : memory) kept += spare.keep(block_of(each, 1 << 20)) ? 1U << 20 : 0U;
  EXPECT_EQ(kept, SpareBlocks::kMostBytes);
  EXPECT_EQ(spare.take(1 << 20).bytes, 1U << 20);
  EXPECT_TRUE(spare.keep(block_of(memory[0], 1 << 20))) << "there is room again";
}

TEST(Batch, IsZeroedAlsoInMemoryThatWasUsedBefore) {
  for (int i = 0; i < 3; ++i) {
    const uint64_t bytes = (1 << 18) - 100U * static_cast<unsigned>(i);
    const BatchRef batch = BatchRef::adopt(*allocate_batch(bytes));
    for (uint8_t& byte : std::span(batch->data(), bytes)) {
      ASSERT_EQ(byte, 0);
      byte = 0xff;
    }
  }
}

}  // namespace
}  // namespace tarsier::bus
