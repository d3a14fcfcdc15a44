// TARSIER_SELECT_NEWEST: whatever a store leaves out, the newest sample in the range is the one that a full select has.
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

const LabelSet kUp = {{"__name__", "up"}, {"job", "node"}};
const LabelSet kLoad = {{"__name__", "load"}, {"job", "node"}};
const LabelSet kSizes = {{"__name__", "sizes"}, {"job", "node"}};
const double kStale = std::bit_cast<double>(kStaleBits);

class NewestTest : public StoreFixture {
 protected:
  struct Last {
    int64_t time = 0;
    uint64_t bits = 0;
    std::string histogram;
    uint64_t samples = 0;  // how many came
    bool operator==(const Last& other) const { return time == other.time && bits == other.bits && histogram == other.histogram; }
  };
  using Lasts = std::map<LabelSet, Last>;

  void SetUp() override { open(); }

  Lasts last(uint32_t flags, int64_t start, int64_t end) {
    Lasts found;
    select_flags_ = flags;
    const tarsier_select select = select_of({}, start, end);
    tarsier_error error = empty_error();
    const auto take = [](void* user, const tarsier_series* series) -> int32_t {
      const uint64_t at = series->sample_count - 1;
      Last last = {series->times_ns[at], std::bit_cast<uint64_t>(series->values[at]), "", series->sample_count};
      if (series->histogram_offsets != nullptr) {
        const uint32_t from = series->histogram_offsets[at], to = series->histogram_offsets[at + 1];
        last.histogram.assign(reinterpret_cast<const char*>(series->histogram_bytes) + from, to - from);
      }
      (*static_cast<Lasts*>(user))[label_set(*series)] = last;
      return 1;
    };
    EXPECT_EQ(service_->table()->select(service_->table()->self, &select, &found, take, &error), TARSIER_OK);
    return found;
  }
  /// In several ranges; `series` of them are found in the widest.
  void check(size_t series) {
    EXPECT_EQ(last(0, INT64_MIN, INT64_MAX).size(), series);
    for (int64_t start = base_ - kMinuteNs; start < base_ + 4 * kMinuteNs; start += 20 * kSecondNs) {
      for (int64_t end = start; end < base_ + 4 * kMinuteNs; end += 20 * kSecondNs)
        EXPECT_EQ(last(TARSIER_SELECT_NEWEST, start, end), last(0, start, end)) << start - base_ << " to " << end - base_;
    }
    EXPECT_EQ(last(TARSIER_SELECT_NEWEST, INT64_MIN, INT64_MAX), last(0, INT64_MIN, INT64_MAX));
  }
  uint64_t samples_read(const LabelSet& labels) { return last(TARSIER_SELECT_NEWEST, base_, INT64_MAX).at(labels).samples; }
  void put_histogram(int64_t time) {
    batch::SamplesBuilder builder;
    std::vector<batch::Label> pairs;
    for (const auto& [name, value] : kSizes) pairs.emplace_back(name, value);
    builder.series(pairs);
    const std::vector<uint8_t> bytes = {1, 2, 3};
    builder.histogram(time, 6, 0, bytes);
    ASSERT_TRUE(write_wait(builder).ok());
  }

  const int64_t base_ = window_start(1'800'000'000 * kSecondNs, 2 * kHourNs) + kHourNs;
};

TEST_F(NewestTest, IsTheOneOfAFullSelectWhereverItLies) {
  now_ = base_ + 5 * kMinuteNs;
  ASSERT_TRUE(put(kUp, {{base_, 1}, {base_ + kMinuteNs, 2}}).ok());
  ASSERT_TRUE(put(kLoad, {{base_, 1}, {base_ + kMinuteNs, kStale}}).ok());
  put_histogram(base_ + kMinuteNs);
  check(3);
  EXPECT_EQ(samples_read(kUp), 1U) << "from memory alone";
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(store_->flush().ok());
    check(3);
    ASSERT_TRUE(put(kUp, {{base_ + 2 * kMinuteNs + again, -0.0}}).ok());
    check(3);
    ASSERT_TRUE(put(kUp, {{base_ + 30 * kSecondNs + again, 7}}).ok());  // out of order
    ASSERT_TRUE(put(kLoad, {{base_ + 30 * kSecondNs + again, 7}}).ok());
    check(3);
    open();
    check(3);
    EXPECT_GT(samples_read(kUp), 1U) << "before the first batch it is not known that nothing newer is on the disk";
    ASSERT_TRUE(put(kLoad, {{base_ + 40 * kSecondNs + again, 8}}).ok());
    check(3);
    EXPECT_EQ(samples_read(kUp), 1U);
    EXPECT_EQ(samples_read(kLoad), 1U) << "a staleness marker, too";
  }
  put_histogram(base_ + 3 * kMinuteNs);
  check(3);
  seal();
  check(3);
}

TEST_F(NewestTest, IsNotOneThatIsDeleted) {
  now_ = base_ + 5 * kMinuteNs;
  ASSERT_TRUE(put(kUp, {{base_, 1}, {base_ + kMinuteNs, 2}, {base_ + 2 * kMinuteNs, 3}}).ok());
  ASSERT_TRUE(put(kLoad, {{base_, 1}}).ok());
  ASSERT_TRUE(store_->flush().ok());
  ASSERT_TRUE(store_->delete_samples({{TARSIER_MATCH_EQUAL, "__name__", "up"}}, {base_ + kMinuteNs, INT64_MAX}).ok());
  check(2);
  open();
  check(2);
  ASSERT_TRUE(put(kLoad, {{base_ + kMinuteNs, 1}}).ok());
  check(2);
  ASSERT_TRUE(store_->clean_deleted().ok());
  check(2);
  EXPECT_EQ(last(TARSIER_SELECT_NEWEST, base_, INT64_MAX).at(kUp).time, base_);
  ASSERT_TRUE(put(kUp, {{base_ + 3 * kMinuteNs, 4}}).ok());
  check(2);
  EXPECT_EQ(samples_read(kUp), 1U) << "what comes later is answered from memory again";
}

TEST_F(NewestTest, IsNotOneThatTheRetentionRemoved) {
  options_.retention_ns = kHourNs;
  now_ = base_ + 4 * kHourNs;
  open();
  ASSERT_TRUE(put(kUp, {{base_, 1}}).ok());
  for (const int64_t time : {base_, base_ + 3 * kHourNs}) {
    for (int i = 0; i < 8; ++i)  // so many that the head does not forget the one that ended
      ASSERT_TRUE(put({{"__name__", "load"}, {"i", std::to_string(i)}}, {{time, 1}}).ok());
  }
  seal(base_ + 2 * kHourNs);
  EXPECT_EQ(last(TARSIER_SELECT_NEWEST, INT64_MIN, INT64_MAX).size(), 9U);
  store_->apply_retention(now_);
  EXPECT_EQ(last(0, INT64_MIN, INT64_MAX).size(), 8U);
  EXPECT_EQ(last(TARSIER_SELECT_NEWEST, INT64_MIN, INT64_MAX), last(0, INT64_MIN, INT64_MAX));
}

TEST_F(NewestTest, IsInAPartitionWhenASeriesComesBackWithLateSamples) {
  now_ = base_ + 5 * kMinuteNs;
  ASSERT_TRUE(put(kUp, {{base_ + 2 * kMinuteNs, 5}}).ok());
  ASSERT_TRUE(put(kLoad, {{base_ + 2 * kMinuteNs, 5}}).ok());
  seal();
  open();  // the newest of a series in a partition is not known from now on
  ASSERT_TRUE(put(kUp, {{base_ + kMinuteNs, 4}}).ok());
  check(2);
  EXPECT_EQ(last(TARSIER_SELECT_NEWEST, base_, INT64_MAX).at(kUp).bits, std::bit_cast<uint64_t>(5.0));
  ASSERT_TRUE(store_->flush().ok());
  check(2);
  ASSERT_TRUE(put(kUp, {{base_ + 3 * kMinuteNs, 6}}).ok());
  check(2);
  EXPECT_EQ(samples_read(kUp), 1U);
}

}  // namespace
}  // namespace tarsier::samples::test
