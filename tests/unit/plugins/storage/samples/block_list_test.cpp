// What the store tells of the files that it keeps samples in.
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

const LabelSet kUp = {{"__name__", "up"}};
constexpr int64_t kDay = 24 * kHourNs;

struct Told {
  std::string name;
  tarsier_store_block facts;
};

class BlockList : public StoreFixture {
 protected:
  void SetUp() override {
    options_.out_of_order_window_ns = INT64_MAX;
    open();
  }
  std::vector<Told> told() {
    std::vector<Told> blocks;
    tarsier_error error = empty_error();
    EXPECT_EQ(service_->table()->blocks(
                  service_->table()->self, &blocks,
                  [](void* user, const tarsier_store_block* block) {
                    static_cast<std::vector<Told>*>(user)->push_back({std::string(view(block->name)), *block});
                  },
                  &error),
              TARSIER_OK);
    return blocks;
  }
  void put_at(std::initializer_list<int64_t> times) {
    std::vector<Point> points;
    for (const int64_t time : times) points.push_back({time, 1});
    ASSERT_TRUE(put(kUp, points).ok());
  }
  void flush() { ASSERT_TRUE(store_->flush().ok()); }

  const int64_t begin_ = window_start(now_ - 2 * kDay, kDay);
};

TEST_F(BlockList, IsEmptyWhileEverythingIsInMemory) {
  put_at({begin_});
  EXPECT_TRUE(told().empty());
}

TEST_F(BlockList, HasWhatFlushesLeftAsTheLowestLevel) {
  put_at({begin_, begin_ + kMinuteNs});
  flush();
  const auto blocks = told();
  ASSERT_EQ(blocks.size(), 1U);
  const tarsier_store_block& facts = blocks.front().facts;
  EXPECT_TRUE(blocks.front().name.starts_with("samples/head.")) << blocks.front().name;
  EXPECT_EQ(facts.level, 1U);
  EXPECT_EQ(facts.min_time_ns, begin_);
  EXPECT_EQ(facts.max_time_ns, begin_ + kMinuteNs);
  EXPECT_EQ(facts.series, 1U);
  EXPECT_EQ(facts.samples, 2U);
  EXPECT_EQ(facts.chunks, 1U);
  EXPECT_EQ(facts.tier_ns, 0);
}

TEST_F(BlockList, HasPartitionsOldestFirstWhateverOrderTheyCameIn) {
  put_at({begin_ + 3 * kHourNs});
  seal();
  put_at({begin_});
  seal();
  put_at({begin_ + 5 * kHourNs});
  flush();
  const auto blocks = told();
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[0].facts.min_time_ns, begin_);
  EXPECT_EQ(blocks[1].facts.min_time_ns, begin_ + 3 * kHourNs);
  EXPECT_EQ(blocks[2].facts.level, 1U);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(blocks[i].facts.level, 2U);
    EXPECT_EQ(blocks[i].facts.samples, 1U);
  }
}

TEST_F(BlockList, ShowsMergedPartitionsAsOneOfAHigherLevel) {
  for (int window = 0; window < 4; ++window) {
    put_at({begin_ + window * options_.partition_window_ns});
    seal();
  }
  ASSERT_EQ(told().size(), 4U);
  ASSERT_TRUE(store_->merge(now_).ok());
  const auto blocks = told();
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks.front().facts.level, 3U);
  EXPECT_EQ(blocks.front().facts.samples, 4U);
}

TEST_F(BlockList, HasTheSummariesThatTookThePlaceOfSamples) {
  options_.retention_ns = 2 * kDay;
  options_.tiers = {{5 * kMinuteNs, 0}};
  open();
  const int64_t old = window_start(now_ - 4 * kDay, kDay);
  put_at({old, old + kMinuteNs, old + 10 * kMinuteNs});
  seal();
  put_at({now_});
  ASSERT_TRUE(store_->merge(now_).ok());
  store_->apply_retention(now_);
  const auto blocks = told();
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks.front().facts.tier_ns, 5 * kMinuteNs);
  EXPECT_TRUE(blocks.front().name.starts_with("samples/5m.")) << blocks.front().name;
}

TEST_F(BlockList, IsTheSameAfterARestart) {
  put_at({begin_});
  seal();
  put_at({begin_ + 5 * kHourNs});
  flush();
  const auto before = told();
  open();
  const auto after = told();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].name, before[i].name);
    EXPECT_EQ(after[i].facts.level, before[i].facts.level);
    EXPECT_EQ(after[i].facts.min_time_ns, before[i].facts.min_time_ns);
  }
}

}  // namespace
}  // namespace tarsier::samples::test
