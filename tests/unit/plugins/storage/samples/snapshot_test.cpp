// A snapshot is a data directory with which another store starts, and has what was acknowledged before.
#include <filesystem>
#include <thread>

#include "core/storage/files.hpp"
#include "lmdb_host.hpp"
#include "tier_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'990'000 * kSecondNs;

struct Made {
  std::string name, directory;
};

class SnapshotTest : public TierFixture {
 protected:
  const Host& host() override { return lmdb_->host(); }
  void SetUp() override {
    options_.partition_window_ns = 100 * kSecondNs;
    start(dir_.path());
  }
  void TearDown() override {
    close();
    lmdb_.reset();
  }
  void start(const std::string& directory) {
    close();
    lmdb_.reset();
    lmdb_ = std::make_unique<LmdbHost>(directory);
    open();
  }
  Result<void> scrape(int64_t number) {
    batch::SamplesBuilder builder;
    for (int i = 0; i < 10; ++i)
      add(builder, {{"__name__", "m"}, {"id", std::to_string(i)}}, {{kBase + number * kSecondNs, static_cast<double>(number)}});
    return write_wait(builder);
  }
  Result<Made> snapshot(uint32_t flags = 0) {
    Made made;
    tarsier_error error = empty_error();
    const tarsier_status status = service_->table()->snapshot(
        service_->table()->self, flags, &made,
        [](void* user, tarsier_str name, tarsier_str directory) {
          *static_cast<Made*>(user) = {std::string(view(name)), std::string(view(directory))};
        },
        &error);
    if (status != TARSIER_OK) return Error::from_c(status, error);
    return made;
  }
  static uint64_t count(const Found& found) {
    uint64_t samples = 0;
    for (const auto& [labels, points] : found) samples += points.size();
    return samples;
  }

  storage::testing::TempDir dir_;
  std::unique_ptr<LmdbHost> lmdb_;
};

TEST_F(SnapshotTest, HasAllThatWasAcknowledgedWhileWritingGoesOn) {
  constexpr int64_t kBefore = 350;
  for (int64_t number = 0; number < kBefore; ++number) {
    ASSERT_TRUE(scrape(number).ok());
    if (number % 90 == 89) seal(kBase + number * kSecondNs);
  }
  const std::vector<Matching> third = {{TARSIER_MATCH_EQUAL, "id", "3"}};
  const tarsier_select deleted = select_of(third, INT64_MIN, kBase + 199 * kSecondNs);
  ASSERT_EQ(service_->table()->delete_samples(service_->table()->self, &deleted, nullptr), TARSIER_OK);
  const Found before = all();
  ASSERT_EQ(count(before), 3300U);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int64_t number = kBefore; !stop; ++number) ASSERT_TRUE(scrape(number).ok());
  });
  const auto made = snapshot();
  stop = true;
  writer.join();
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->directory, dir_.path() + "/snapshots/" + made->name);
  const Found after = all();
  start(made->directory);
  Found copied = all();
  for (auto& [labels, points] : copied) {
    ASSERT_LE(points.size(), after.at(labels).size());
    std::erase_if(points, [&](const Point& point) { return point.time >= kBase + kBefore * kSecondNs; });
  }
  EXPECT_EQ(difference(copied, before), "");
  ASSERT_TRUE(scrape(5000).ok()) << "it is a store like any other";
  start(dir_.path());
  EXPECT_EQ(difference(all(), after), "");
}

TEST_F(SnapshotTest, HasAllWhileSegmentsAreMerged) {
  std::atomic<bool> stop{false};
  std::atomic<int64_t> safe{0};
  std::thread writer([&] {
    for (int64_t number = 0; !stop; ++number) {
      ASSERT_TRUE(scrape(number).ok());
      safe = number + 1;
      ASSERT_TRUE(store_->flush().ok());
    }
  });
  std::thread merger([&] {
    while (!stop) {
      ASSERT_TRUE(store_->merge_segments().ok());
      ASSERT_TRUE(store_->merge(kBase + safe * kSecondNs).ok());
    }
  });
  std::vector<std::pair<std::string, int64_t>> copies;
  for (int turn = 0; turn < 6; ++turn) {
    const uint64_t merged = store_->counters().merged_segments;
    while (store_->counters().merged_segments < merged + 2) std::this_thread::yield();
    const int64_t before = safe;
    const auto made = snapshot();
    EXPECT_TRUE(made.ok()) << made.error().message();
    if (made) copies.emplace_back(made->directory, before);
  }
  stop = true;
  writer.join();
  merger.join();
  ASSERT_EQ(copies.size(), 6U);
  for (const auto& [directory, before] : copies) {
    start(directory);
    const Found found = all();
    ASSERT_EQ(found.size(), 10U);
    for (const auto& [labels, points] : found) {
      ASSERT_GE(points.size(), static_cast<size_t>(before));
      for (size_t number = 0; number < points.size(); ++number) ASSERT_EQ(points[number].value, static_cast<double>(number));
    }
    ASSERT_TRUE(warnings_.empty());
  }
}

TEST_F(SnapshotTest, HasMergedSegmentsAndPartitionsAndNoneTwice) {
  for (int64_t number = 0; number < 340; ++number) {
    ASSERT_TRUE(scrape(number).ok());
    if (number % 10 == 9) {
      ASSERT_TRUE(store_->flush().ok());
    }
    if (number == 279) seal(kBase + 200 * kSecondNs);
  }
  ASSERT_TRUE(store_->merge_segments().ok());
  ASSERT_TRUE(store_->merge(kBase + kHourNs).ok());
  ASSERT_GT(store_->counters().merged_segments, 0U);
  ASSERT_GT(store_->counters().merged_partitions, 0U);
  const auto stat = store_->stat();
  const Found before = all();
  ASSERT_EQ(stat->segment_samples + stat->partition_samples, 3400U);
  const auto made = snapshot();
  ASSERT_TRUE(made.ok()) << made.error().message();
  start(made->directory);
  EXPECT_EQ(difference(all(), before), "");
  EXPECT_TRUE(warnings_.empty());
  const auto copied = store_->stat();
  EXPECT_EQ(copied->segments, stat->segments);
  EXPECT_EQ(copied->partitions, stat->partitions);
  EXPECT_EQ(copied->segment_samples + copied->partition_samples, 3400U);
  ASSERT_TRUE(scrape(340).ok()) << "it goes on where the other was";
  ASSERT_TRUE(store_->compact(kBase + kHourNs).ok());
  EXPECT_EQ(store_->stat()->partition_samples, 3410U);
  start(made->directory);
  EXPECT_EQ(count(all()), 3410U);
}

TEST_F(SnapshotTest, HasTheSummariesOfATier) {
  options_.partition_window_ns = 2 * kHourNs;
  options_.out_of_order_window_ns = INT64_MAX;
  options_.retention_ns = 2 * kDay;
  options_.tiers = {{kFive, 0}};
  start(dir_.path());
  now_ = kBase + kDay;
  std::vector<Point> points;
  for (int64_t i = 0; i < 600; ++i) points.push_back({kBase + i * 30 * kSecondNs, static_cast<double>(i)});
  batch::SamplesBuilder builder;
  add(builder, {{"__name__", "m"}}, points);
  ASSERT_TRUE(write_wait(builder).ok());
  seal();
  now_ = kBase + 3 * kDay;
  batch::SamplesBuilder later;
  add(later, {{"__name__", "later"}}, {{now_, 1}});
  ASSERT_TRUE(write_wait(later).ok());
  ASSERT_TRUE(store_->merge(kBase + 3 * kDay).ok());
  store_->apply_retention(kBase + 3 * kDay);
  ASSERT_EQ(store_->stat()->partitions, 0U);
  const auto made = snapshot();
  ASSERT_TRUE(made.ok()) << made.error().message();
  start(made->directory);
  auto found = bring();
  found.erase({{"__name__", "later"}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.begin()->second.tier_ns, kFive);
  double count = 0, sum = 0;
  for (const Summary& summary : found.begin()->second.columns.summaries) count += summary.count, sum += summary.sum;
  EXPECT_EQ(count, 600);
  EXPECT_EQ(sum, 600 * 599 / 2);
  EXPECT_EQ(found.begin()->second.columns.values.back(), 599);
}

TEST_F(SnapshotTest, StopsAMergeAndLosesNothing) {
  for (int64_t number = 0; number < 40; ++number) {
    ASSERT_TRUE(scrape(number).ok());
    ASSERT_TRUE(store_->flush().ok());
  }
  const Found before = all();
  for (int turn = 0; turn < 10; ++turn) {
    std::thread merger([&] { EXPECT_TRUE(store_->merge_segments().ok() && store_->compact(kBase + kHourNs).ok()); });
    if (turn % 2 == 0) std::this_thread::yield();
    store_->cancel_merge();
    merger.join();
    ASSERT_EQ(difference(all(), before), "");
    start(dir_.path());
    ASSERT_EQ(difference(all(), before), "");
  }
}

TEST_F(SnapshotTest, WithoutMemoryHasWhatIsSealed) {
  ASSERT_TRUE(scrape(0).ok());
  seal();
  ASSERT_TRUE(scrape(200).ok());
  const auto made = snapshot(TARSIER_SNAPSHOT_WITHOUT_MEMORY);
  ASSERT_TRUE(made.ok()) << made.error().message();
  start(made->directory);
  EXPECT_EQ(count(all()), 10U);
  ASSERT_TRUE(scrape(300).ok());
  seal();
  EXPECT_EQ(count(all()), 20U);
}

TEST_F(SnapshotTest, TakesWhatIsDamagedAsItIs) {
  ASSERT_TRUE(scrape(0).ok());
  seal();
  ASSERT_TRUE(scrape(200).ok());
  seal();
  close();
  std::string damaged;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
    if (entry.path().filename() == "sealed" && entry.path().native().find("100s.1-1") != std::string::npos) damaged = entry.path();
  }
  ASSERT_NE(damaged, "");
  std::filesystem::resize_file(damaged, 7);
  start(dir_.path());
  ASSERT_EQ(store_->set_aside().size(), 1U);
  const auto made = snapshot();
  ASSERT_TRUE(made.ok()) << made.error().message();
  start(made->directory);
  EXPECT_EQ(store_->set_aside().size(), 1U);
  EXPECT_EQ(count(all()), 10U);
}

TEST_F(SnapshotTest, ThatFailsLeavesNothing) {
  ASSERT_TRUE(scrape(0).ok());
  seal();
  // A file where the directory of the snapshots should be.
  ASSERT_TRUE(storage::write_synced_file(dir_.path() + "/snapshots", "").ok());
  EXPECT_FALSE(snapshot().ok());
  EXPECT_EQ(snapshot(64).error().code(), TARSIER_INVALID);
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
    EXPECT_FALSE(entry.path().filename().native().starts_with(".snapshot-")) << entry.path();
  std::filesystem::remove(dir_.path() + "/snapshots");
  EXPECT_TRUE(snapshot().ok());
}

}  // namespace
}  // namespace tarsier::samples::test
