// Deleted samples are gone for every query that begins after it, come back after no crash, and are cleaned from the disk.
#include "plugins/storage/samples/deletion.hpp"

#include "lmdb_host.hpp"
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'992'800 * kSecondNs;  // begin of a window
const LabelSet kUp = {{"__name__", "up"}, {"job", "node"}};
const LabelSet kDown = {{"__name__", "down"}, {"job", "node"}};
const std::vector<Matching> kUpOnly = {{TARSIER_MATCH_EQUAL, "__name__", "up"}};

class DeletionTest : public StoreFixture {
 protected:
  void SetUp() override { open(); }

  Result<void> erase(const std::vector<Matching>& matching, int64_t start = INT64_MIN, int64_t end = INT64_MAX) {
    const tarsier_select select = select_of(matching, start, end);
    tarsier_error error = empty_error();
    return Result<void>::from_c(service_->table()->delete_samples(service_->table()->self, &select, &error), error);
  }
  Result<void> clean() {
    tarsier_error error = empty_error();
    return Result<void>::from_c(service_->table()->clean_deleted(service_->table()->self, &error), error);
  }
  static std::vector<Point> points(int from, int to) {
    std::vector<Point> points;
    for (int i = from; i < to; ++i) points.push_back({kBase + i * kSecondNs, static_cast<double>(i)});
    return points;
  }
  /// Deletions that are kept.
  uint64_t kept() {
    Damage damage(host());
    Deletions deletions(host(), damage);
    EXPECT_TRUE(deletions.open(0).ok());
    return deletions.all()->size();
  }
  /// What came is deleted: neither the same sample nor a corrected one may be taken for one that is there.
  void expect_taken_again(bool restart) {
    ASSERT_TRUE(put(kUp, points(0, 3)).ok());
    ASSERT_TRUE(put(kDown, points(0, 3)).ok());
    ASSERT_TRUE(erase(kUpOnly).ok());
    if (restart) open();
    EXPECT_FALSE(put(kDown, {{kBase + 2 * kSecondNs, 77}}).ok()) << "what is not deleted is still known";
    ASSERT_TRUE(put(kUp, points(2, 3)).ok());
    EXPECT_EQ(all(), (Found{{kUp, points(2, 3)}, {kDown, points(0, 3)}}));
    EXPECT_FALSE(put(kUp, {{kBase + 2 * kSecondNs, 77}}).ok()) << "and what is written again";
    ASSERT_TRUE(erase(kUpOnly).ok());
    if (restart) open();
    const std::vector<Point> corrected = {{kBase + 2 * kSecondNs, 77}};
    ASSERT_TRUE(put(kUp, corrected).ok());
    EXPECT_EQ(all(), (Found{{kUp, corrected}, {kDown, points(0, 3)}}));
    seal();
    ASSERT_TRUE(clean().ok());
    open();
    EXPECT_EQ(all(), (Found{{kUp, corrected}, {kDown, points(0, 3)}}));
  }
  std::vector<std::string> partitions() {
    std::vector<std::string> found;
    for (const std::string& name : storage_.names()) {
      Cover cover;
      if (parse_partition_name(name, cover)) found.push_back(name);
    }
    return found;
  }
};

TEST_F(DeletionTest, TakesOutWhatMatchesInTheRangeWhereverItLies) {
  ASSERT_TRUE(put(kUp, points(0, 10)).ok());
  ASSERT_TRUE(put(kDown, points(0, 10)).ok());
  seal();
  ASSERT_TRUE(put(kUp, points(10, 20)).ok());
  ASSERT_TRUE(store_->flush().ok());
  ASSERT_TRUE(put(kUp, points(20, 30)).ok());
  ASSERT_TRUE(erase(kUpOnly, kBase + 5 * kSecondNs, kBase + 24 * kSecondNs).ok());
  std::vector<Point> left = points(0, 5), rest = points(25, 30);
  left.insert(left.end(), rest.begin(), rest.end());
  const Found expected = {{kUp, left}, {kDown, points(0, 10)}};
  EXPECT_EQ(difference(all(), expected), "");
  open();
  EXPECT_EQ(difference(all(), expected), "");
  seal();
  EXPECT_EQ(difference(all(), expected), "");
  open();
  EXPECT_EQ(difference(all(), expected), "");
}

TEST_F(DeletionTest, LeavesWhatComesLater) {
  ASSERT_TRUE(put(kUp, points(0, 10)).ok());
  ASSERT_TRUE(erase(kUpOnly).ok());
  EXPECT_EQ(all(), Found{});
  // Of a deleted time another value may come; only the newest sample of the series is still known as one that is there.
  ASSERT_TRUE(put(kUp, {{kBase, 77}, {kBase + 20 * kSecondNs, 5}}).ok());
  const Found expected = {{kUp, {{kBase, 77}, {kBase + 20 * kSecondNs, 5}}}};
  EXPECT_EQ(difference(all(), expected), "");
  seal();
  EXPECT_EQ(difference(all(), expected), "");
  ASSERT_TRUE(clean().ok());
  EXPECT_EQ(difference(all(), expected), "");
  EXPECT_EQ(kept(), 0U);
}

TEST_F(DeletionTest, IsNotDurableUntilItSaysSo) {
  ASSERT_TRUE(put(kUp, points(0, 10)).ok());
  storage_.power_off_after(0);
  EXPECT_FALSE(erase(kUpOnly).ok());
  close();
  storage_.power_on();
  open();
  EXPECT_EQ(all(), (Found{{kUp, points(0, 10)}}));
}

TEST_F(DeletionTest, RefusesWhatItCannotRead) {
  EXPECT_EQ(erase({{TARSIER_MATCH_REGEX, "job", "("}}).error().code(), TARSIER_INVALID);
  EXPECT_EQ(erase(kUpOnly, 2, 1).error().code(), TARSIER_INVALID);
  EXPECT_FALSE(storage_.exists("samples/deletions"));
}

TEST_F(DeletionTest, ThatFoundNothingIsNotKept) {
  ASSERT_TRUE(put(kUp, points(0, 10)).ok());
  seal();
  ASSERT_TRUE(erase({{TARSIER_MATCH_EQUAL, "__name__", "absent"}}).ok());
  ASSERT_TRUE(erase(kUpOnly, kBase + kHourNs, INT64_MAX).ok());
  EXPECT_EQ(kept(), 0U);
}

TEST_F(DeletionTest, CleaningWritesAnewWhatHoldsDeletedSamplesAndNothingElse) {
  options_.future_limit_ns = 0;
  open();
  ASSERT_TRUE(put(kUp, points(0, 10)).ok());
  ASSERT_TRUE(put(kDown, points(0, 10)).ok());
  seal();
  ASSERT_TRUE(put(kDown, {{kBase + 3 * kHourNs, 1}}).ok());
  seal();
  const auto before = partitions();
  ASSERT_EQ(before.size(), 2U);
  ASSERT_TRUE(erase(kUpOnly).ok());
  EXPECT_EQ(kept(), 1U);
  ASSERT_TRUE(clean().ok());
  EXPECT_EQ(partitions(), (std::vector<std::string>{before[0] + ".r1", before[1]}));
  EXPECT_EQ(kept(), 0U);
  open();
  std::vector<Point> left = points(0, 10);
  left.push_back({kBase + 3 * kHourNs, 1});
  EXPECT_EQ(difference(all(), {{kDown, left}}), "");
  ASSERT_TRUE(erase({}).ok());
  ASSERT_TRUE(clean().ok());
  EXPECT_EQ(partitions(), std::vector<std::string>{});
  EXPECT_EQ(all(), Found{});
  EXPECT_EQ(kept(), 0U);
}

TEST_F(DeletionTest, NumbersGoOnAfterAllAreForgotten) {
  ASSERT_TRUE(put(kUp, points(0, 10)).ok());
  seal();
  ASSERT_TRUE(erase(kUpOnly, INT64_MIN, kBase).ok());
  ASSERT_TRUE(clean().ok());
  open();
  ASSERT_TRUE(erase(kUpOnly, INT64_MIN, kBase + kSecondNs).ok());
  EXPECT_EQ(all(), (Found{{kUp, points(2, 10)}}));
  ASSERT_TRUE(clean().ok());
  EXPECT_EQ(all(), (Found{{kUp, points(2, 10)}}));
  ASSERT_EQ(partitions().size(), 1U);
  EXPECT_TRUE(partitions().front().ends_with(".r2")) << partitions().front();
}

TEST_F(DeletionTest, IsForgottenWhenRetentionOrMergesLeftNothingOfIt) {
  options_.seal_delay_ns = 0;
  open();
  ASSERT_TRUE(put(kUp, points(0, 10)).ok());
  ASSERT_TRUE(put(kDown, points(0, 10)).ok());
  seal();
  ASSERT_TRUE(put(kUp, points(10, 20)).ok());
  seal();
  ASSERT_TRUE(erase(kUpOnly).ok());
  ASSERT_TRUE(store_->maintain(now_).ok());
  EXPECT_EQ(kept(), 1U);
  ASSERT_TRUE(store_->merge(kBase + 2 * options_.partition_window_ns).ok());
  ASSERT_EQ(partitions().size(), 1U);
  ASSERT_TRUE(store_->maintain(now_).ok());
  EXPECT_EQ(kept(), 0U);
  EXPECT_EQ(all(), (Found{{kDown, points(0, 10)}}));
  ASSERT_TRUE(erase(kUpOnly).ok());
  ASSERT_TRUE(erase({{TARSIER_MATCH_EQUAL, "__name__", "down"}}).ok());
  EXPECT_EQ(kept(), 1U);
  now_ = kBase + 2 * options_.retention_ns;
  ASSERT_TRUE(put({{"__name__", "later"}}, {{now_, 1}}).ok());
  ASSERT_TRUE(store_->maintain(now_).ok());
  EXPECT_EQ(partitions(), std::vector<std::string>{});
  EXPECT_EQ(kept(), 0U);
}

TEST_F(DeletionTest, IsKeptForWhatIsSetAside) {
  ASSERT_TRUE(put(kUp, points(0, 10)).ok());
  seal();
  ASSERT_TRUE(erase(kUpOnly).ok());
  const std::string name = partitions().front();
  close();
  storage_.damage(name, "info");
  open();
  ASSERT_EQ(store_->set_aside().size(), 1U);
  ASSERT_TRUE(clean().ok());
  ASSERT_TRUE(store_->maintain(now_).ok());
  EXPECT_EQ(kept(), 1U);
}

TEST_F(DeletionTest, ThatFoundNothingGivesNoRevision) {
  ASSERT_TRUE(put(kUp, points(0, 10)).ok());
  ASSERT_TRUE(erase({{TARSIER_MATCH_EQUAL, "__name__", "absent"}}).ok());
  EXPECT_EQ(kept(), 0U) << "though there is a segment of that time";
  seal();
  ASSERT_EQ(partitions().size(), 1U);
  EXPECT_EQ(partitions().front().find(".r"), std::string::npos) << partitions().front();
}

TEST_F(DeletionTest, NothingComesBackWhenThePowerGoesAtAnyStepOfCleaning) {
  bool finished = false;
  for (uint64_t changes = 0; !finished; ++changes) {
    SCOPED_TRACE("power off after " + std::to_string(changes) + " changes");
    ASSERT_LT(changes, 100U);
    close();
    for (const std::string& name : storage_.names()) ASSERT_TRUE(remove_env(host(), name).ok());
    open();
    const int64_t later = options_.partition_window_ns;
    ASSERT_TRUE(put(kUp, points(0, 10)).ok());
    ASSERT_TRUE(put(kDown, points(0, 10)).ok());
    seal();
    ASSERT_TRUE(put(kUp, {{kBase + later, 1}}).ok());
    seal();
    ASSERT_TRUE(put(kUp, {{kBase + later + kSecondNs, 2}}).ok());
    ASSERT_TRUE(erase(kUpOnly, INT64_MIN, kBase + later + kSecondNs).ok());
    ASSERT_TRUE(put(kUp, {{kBase + later + 2 * kSecondNs, 3}}).ok());
    const Found expected = {{kUp, {{kBase + later + 2 * kSecondNs, 3}}}, {kDown, points(0, 10)}};
    ASSERT_EQ(difference(all(), expected), "");
    storage_.power_off_after(changes);
    finished = clean().ok() && storage_.powered();
    ASSERT_EQ(difference(all(), expected), "") << "still running";
    close();
    storage_.power_on();
    open();
    ASSERT_EQ(difference(all(), expected), "") << "after the restart";
    ASSERT_TRUE(clean().ok());
    ASSERT_EQ(difference(all(), expected), "") << "cleaned after the restart";
    EXPECT_EQ(kept(), 0U);
  }
}

TEST_F(DeletionTest, CompactingLeavesOneFileOfAWindow) {
  options_.seal_delay_ns = 0;
  open();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(put(kUp, points(i * 10, i * 10 + 10)).ok());
    ASSERT_TRUE(store_->flush().ok());
  }
  now_ = kBase + 2 * options_.partition_window_ns;
  tarsier_error error = empty_error();
  ASSERT_EQ(service_->table()->compact(service_->table()->self, &error), TARSIER_OK);
  EXPECT_EQ(partitions().size(), 1U);
  EXPECT_EQ(store_->stat()->segments, 0U);
  EXPECT_EQ(all(), (Found{{kUp, points(0, 50)}}));
}

TEST(Deletion, GoesThroughItsBytes) {
  std::vector<Condition> conditions = {{TARSIER_MATCH_EQUAL, "job", "node"}, {TARSIER_MATCH_NOT_REGEX, "instance", "a.*|"}};
  auto made = Deletion::make(7, 12, -5, INT64_MAX, conditions);
  ASSERT_TRUE(made.ok());
  std::vector<uint8_t> bytes;
  made->encode(bytes);
  auto read = Deletion::decode(7, bytes);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->flush(), 12U);
  EXPECT_EQ(read->start(), -5);
  EXPECT_EQ(read->end(), INT64_MAX);
  const std::vector<Label> node = {{"instance", "b"}, {"job", "node"}}, other = {{"instance", "ab"}, {"job", "node"}};
  EXPECT_TRUE(read->matches(node));
  EXPECT_FALSE(read->matches(other));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(Deletion::decode(7, std::span(bytes).first(size)).error().code(), TARSIER_CORRUPT);
}

TEST(Deletion, ConcernsWhatCameThroughItsFlushesAndWasNotWrittenWithoutIt) {
  const auto made = Deletion::make(3, 9, 100, 200, {});
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(made->concerns({0, 101, 1, 9}));
  EXPECT_TRUE(made->concerns({200, 300, 9, 9, 0, 2}));
  EXPECT_FALSE(made->concerns({0, 100, 1, 9})) << "ends before it";
  EXPECT_FALSE(made->concerns({201, 300, 1, 9})) << "begins after it";
  EXPECT_FALSE(made->concerns({0, 300, 1, 10})) << "holds what came later";
  EXPECT_FALSE(made->concerns({0, 300, 1, 9, 0, 3})) << "was written without it";
}

TEST_F(DeletionTest, LetsTheNewestSampleBeWrittenAgain) { expect_taken_again(false); }

TEST_F(DeletionTest, LetsTheNewestSampleBeWrittenAgainAfterARestart) { expect_taken_again(true); }

TEST_F(DeletionTest, OfWhatIsOlderLeavesTheNewestSampleKnown) {
  ASSERT_TRUE(put(kUp, points(0, 3)).ok());
  ASSERT_TRUE(erase(kUpOnly, INT64_MIN, kBase + kSecondNs).ok());
  EXPECT_FALSE(put(kUp, {{kBase + 2 * kSecondNs, 77}}).ok());
  open();
  EXPECT_FALSE(put(kUp, {{kBase + 2 * kSecondNs, 77}}).ok());
}

}  // namespace
}  // namespace tarsier::samples::test
