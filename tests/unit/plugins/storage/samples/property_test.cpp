// The store against a simple model: random writes in any order, deletions, seals, merges and restarts; and the power going off at
// every step of a pass of sealing.
#include <random>
#include <set>

#include "lmdb_host.hpp"
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

class PropertyTest : public StoreFixture {
 protected:
  void SetUp() override {
    options_.out_of_order_window_ns = INT64_MAX;
    options_.partition_window_ns = 1000 * kSecondNs;
    options_.merge_to_ns = 4000 * kSecondNs;
    open();
  }

  LabelSet labels_of(uint32_t series) {
    LabelSet labels = {{"__name__", "m" + std::to_string(series % 3)}, {"i", std::to_string(series)}};
    if (series % 2 == 0) labels["even"] = "yes";
    return labels;
  }
  double random_value() {
    switch (random_() % 4) {
      case 0:
        return std::bit_cast<double>(uint64_t{random_()});
      case 1:
        return static_cast<double>(random_() % 1000) / 10;
      default:
        return static_cast<double>(random_() % 5);
    }
  }
  /// A batch of several series in any order of time; the model takes what the rules say that the store takes.
  void write_some() {
    batch::SamplesBuilder builder;
    const uint64_t count = 1 + random_() % 5;
    for (uint64_t i = 0; i < count; ++i) {
      const LabelSet labels = labels_of(static_cast<uint32_t>(random_() % 20));
      std::vector<Point> points;
      int64_t time = begin_ + static_cast<int64_t>(random_() % 5000) * kSecondNs;
      const uint64_t samples = 1 + random_() % 20;
      for (uint64_t sample = 0; sample < samples; ++sample) {
        time += static_cast<int64_t>(1 + random_() % 40) * kSecondNs / 2;
        // A time always has the same value: what a conflict with a sealed sample comes to is not the model's matter.
        auto& model = model_[labels];
        const auto known = std::find_if(model.begin(), model.end(), [&](const Point& point) { return point.time == time; });
        if (deleted_[labels].contains(time)) continue;
        const Point point = known != model.end() ? *known : Point{time, random_value()};
        if (known == model.end()) model.push_back(point);
        points.push_back(point);
      }
      if (!points.empty()) add(builder, labels, points);
    }
    const Result<void> outcome = write_wait(builder);
    ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  }
  /// Deletes some series in some range; a time of theirs gets no sample any more: whether a newest one that comes again is known is
  /// not the model's matter.
  void delete_some() {
    const int64_t start = begin_ + static_cast<int64_t>(random_() % 6000) * kSecondNs;
    const int64_t end = start + static_cast<int64_t>(random_() % 1000) * kSecondNs;
    const LabelSet labels = labels_of(static_cast<uint32_t>(random_() % 20));
    const bool even = random_() % 4 == 0;
    const auto deleted =
        store_->delete_samples({{TARSIER_MATCH_EQUAL, even ? "even" : "i", even ? "yes" : labels.at("i")}}, {start, end});
    ASSERT_TRUE(deleted.ok()) << deleted.error().message();
    for (auto& [known, points] : model_) {
      if (even ? !known.contains("even") : known != labels) continue;
      for (const Point& point : points) {
        if (point.time >= start && point.time <= end) deleted_[known].insert(point.time);
      }
    }
  }
  Found expected(int64_t start = INT64_MIN, int64_t end = INT64_MAX) {
    Found found;
    for (auto [labels, points] : model_) {
      const auto& deleted = deleted_[labels];
      std::erase_if(points,
                    [&](const Point& point) { return point.time < start || point.time > end || deleted.contains(point.time); });
      if (points.empty()) continue;
      std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.time < b.time; });
      found[labels] = points;
    }
    return found;
  }

  /// The newest sample of each series in the range.
  Found newest(int64_t start, int64_t end) {
    select_flags_ = TARSIER_SELECT_NEWEST;
    Found found = newest_of(find({}, start, end));
    select_flags_ = 0;
    return found;
  }
  static Found newest_of(Found found) {
    for (auto& [labels, points] : found) points.erase(points.begin(), points.end() - 1);
    return found;
  }

  std::mt19937_64 random_{11};
  uint64_t merged_segments_ = 0;  // before the last restart
  const int64_t begin_ = -2000 * kSecondNs;
  Found model_;
  std::map<LabelSet, std::set<int64_t>> deleted_;
};

/// On the storage in memory, and on the real one.
class ModelTest : public PropertyTest, public testing::WithParamInterface<bool> {
 protected:
  const Host& host() override { return GetParam() ? lmdb_.host() : storage_.host(); }
  void TearDown() override { close(); }

 private:
  LmdbHost lmdb_;
};
INSTANTIATE_TEST_SUITE_P(Storage, ModelTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& which) { return which.param ? "Lmdb" : "Memory"; });

TEST_P(ModelTest, AgreesOverWritesDeletionsSealsMergesAndRestarts) {
  for (int step = 0; step < 600; ++step) {
    write_some();
    if (random_() % 40 == 0)
      seal(window_start(begin_ + static_cast<int64_t>(random_() % 6000) * kSecondNs, options_.partition_window_ns));
    if (random_() % 120 == 0) seal();
    if (random_() % 60 == 0) {
      merged_segments_ += store_->counters().merged_segments;
      open();
    }
    if (random_() % 30 == 0) {
      ASSERT_TRUE(store_->merge(now_).ok());
    }
    if (random_() % 5 == 0) {
      ASSERT_TRUE(store_->flush().ok());
    }
    if (random_() % 20 == 0) {
      ASSERT_TRUE(store_->merge_segments().ok());
    }
    if (random_() % 25 == 0) delete_some();
    if (random_() % 80 == 0) {
      ASSERT_TRUE(store_->clean_deleted().ok());
    }
    if (random_() % 50 == 0) {
      ASSERT_TRUE(store_->maintain(0).ok());
    }
    if (step % 20 != 0) continue;
    ASSERT_EQ(difference(all(), expected()), "") << "step " << step;
    const int64_t start = begin_ + static_cast<int64_t>(random_() % 6000) * kSecondNs;
    const int64_t end = start + static_cast<int64_t>(random_() % 2000) * kSecondNs;
    ASSERT_EQ(difference(find({}, start, end), expected(start, end)), "") << "step " << step << ": " << last_message_;
    ASSERT_EQ(difference(newest(start, end), newest_of(expected(start, end))), "") << "step " << step << ": the newest";
  }
  EXPECT_GT(merged_segments_ + store_->counters().merged_segments, 3U);
}

TEST_F(PropertyTest, LosesNothingWhenThePowerGoesAtAnyStepOfSealing) {
  bool finished = false;
  for (uint64_t changes = 0; !finished; ++changes) {
    SCOPED_TRACE("power off after " + std::to_string(changes) + " changes");
    ASSERT_LT(changes, 200U);
    for (int i = 0; i < 10; ++i) write_some();
    const Found before = expected();
    storage_.power_off_after(changes);
    finished = store_->seal(window_start(begin_ + 3000 * kSecondNs, options_.partition_window_ns)).ok() && storage_.powered();
    ASSERT_EQ(difference(all(), before), "") << "still running";
    close();
    storage_.power_on();
    open();
    ASSERT_EQ(difference(all(), before), "") << "after the restart";
    const auto stat = store_->stat();
    ASSERT_TRUE(stat.ok());
    if (!finished) continue;
    uint64_t journals = 0;
    for (const std::string& name : storage_.names()) journals += name.starts_with(kJournalPrefix) ? 1 : 0;
    EXPECT_EQ(journals, 0U);
  }
}

TEST_F(PropertyTest, CountsNoSampleTwiceAfterAnInterruptedPass) {
  for (int i = 0; i < 20; ++i) write_some();
  uint64_t samples = 0;
  for (const auto& [labels, points] : model_) samples += points.size();
  storage_.power_off_after(3);  // the rotation and two partitions
  EXPECT_FALSE(store_->seal(INT64_MAX).ok());
  close();
  storage_.power_on();
  open();
  seal();
  EXPECT_EQ(store_->stat()->partition_samples, samples);
  EXPECT_EQ(all(), expected());
}

TEST_F(PropertyTest, WritesDuringAFailedPassStay) {
  write_some();
  storage_.refuse_writes(TARSIER_RESOURCE);
  EXPECT_FALSE(store_->seal(begin_).ok());
  storage_.refuse_writes(TARSIER_OK);
  write_some();
  EXPECT_EQ(all(), expected());
  seal();
  EXPECT_EQ(all(), expected());
  open();
  EXPECT_EQ(all(), expected());
}

}  // namespace
}  // namespace tarsier::samples::test
