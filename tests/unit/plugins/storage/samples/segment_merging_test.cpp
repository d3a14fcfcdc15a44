// Merging of head segments behind a store: answers stay what they were, whatever happens on the way.
#include <atomic>
#include <thread>

#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

const LabelSet kUp = {{"__name__", "up"}, {"job", "node"}};
const LabelSet kLoad = {{"__name__", "load"}, {"job", "node"}};
const LabelSet kSizes = {{"__name__", "sizes"}, {"job", "node"}};

class SegmentMergingTest : public StoreFixture {
 protected:
  void SetUp() override {
    options_.out_of_order_window_ns = INT64_MAX;
    open();
  }
  /// Segments of one window, each with `up` and a series of its own.
  void flush_some(int count) {
    for (int i = 0; i < count; ++i) {
      const int64_t time = begin_ + flushes_ * kSecondNs;
      const auto value = static_cast<double>(flushes_);
      ASSERT_TRUE(put(kUp, {{time, value}, {time + kSecondNs / 2, 2 * value}}).ok());
      ASSERT_TRUE(put({{"__name__", "once"}, {"flush", std::to_string(flushes_)}}, {{time, 7}}).ok());
      ASSERT_TRUE(store_->flush().ok());
      ++flushes_;
    }
  }
  void merge() {
    const auto merged = store_->merge_segments();
    ASSERT_TRUE(merged.ok()) << merged.error().message();
  }
  /// "1-8", "9": the flushes of each segment on the disk.
  std::vector<std::string> segments() const {
    std::vector<std::pair<uint64_t, std::string>> sorted;
    for (const std::string& name : storage_.names()) {
      const auto parsed = SegmentName::parse(name);
      if (!parsed) continue;
      const std::string last = parsed->first_flush == parsed->last_flush ? "" : "-" + std::to_string(parsed->last_flush);
      sorted.emplace_back(parsed->first_flush, std::to_string(parsed->first_flush) + last);
    }
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::string> flushes;
    for (const auto& [first, text] : sorted) flushes.push_back(text);
    return flushes;
  }
  std::string name_of(uint64_t first, uint64_t last) const {
    return SegmentName{first, last, begin_, options_.partition_window_ns}.text();
  }

  using Names = std::vector<std::string>;
  using Rows = std::vector<std::tuple<int64_t, uint64_t, int64_t, std::string>>;
  /// Time, bits of the value, start and histogram of every sample.
  std::map<LabelSet, Rows> everything() {
    std::map<LabelSet, Rows> found;
    const tarsier_select select = select_of({}, INT64_MIN, INT64_MAX);
    tarsier_error error = empty_error();
    const auto take = [](void* user, const tarsier_series* series) -> int32_t {
      Rows& rows = (*static_cast<std::map<LabelSet, Rows>*>(user))[label_set(*series)];
      for (uint64_t i = 0; i < series->sample_count; ++i) {
        std::string histogram;
        if (series->histogram_offsets != nullptr)
          histogram.assign(reinterpret_cast<const char*>(series->histogram_bytes) + series->histogram_offsets[i],
                           series->histogram_offsets[i + 1] - series->histogram_offsets[i]);
        rows.emplace_back(series->times_ns[i], std::bit_cast<uint64_t>(series->values[i]),
                          series->starts_ns == nullptr ? 0 : series->starts_ns[i], histogram);
      }
      return 1;
    };
    EXPECT_EQ(service_->table()->select(service_->table()->self, &select, &found, take, &error), TARSIER_OK);
    return found;
  }

  int64_t flushes_ = 0;
  const int64_t begin_ = window_start(now_ - 48 * kHourNs, 24 * kHourNs);
};

TEST_F(SegmentMergingTest, MakesOneOfEightAndOneOfEightOfThese) {
  flush_some(7);
  merge();
  EXPECT_EQ(segments().size(), 7U);
  flush_some(1);
  Found before = all();
  merge();
  EXPECT_EQ(segments(), (Names{"1-8"}));
  EXPECT_EQ(store_->stat()->segments, 1U);
  EXPECT_EQ(store_->stat()->segment_samples, 24U);
  EXPECT_EQ(all(), before);
  flush_some(58);
  before = all();
  merge();
  EXPECT_EQ(segments(), (Names{"1-64", "65", "66"}));
  EXPECT_EQ(store_->counters().merged_segments, 9U);
  EXPECT_EQ(all(), before);
  EXPECT_EQ(find({}, begin_ + 3 * kSecondNs, begin_ + 4 * kSecondNs - 1).size(), 2U);
  open();
  EXPECT_EQ(segments(), (Names{"1-64", "65", "66"}));
  EXPECT_EQ(all(), before);
  ASSERT_TRUE(put(kUp, {{begin_ + 65 * kSecondNs + kSecondNs / 2, 130}}).ok());
  EXPECT_EQ(store_->counters().duplicates, 1U) << "the newest sample is known";
  flush_some(1);
  EXPECT_EQ(segments().back(), "67") << "no number is used again";
  before = all();
  seal();
  EXPECT_EQ(segments(), Names{});
  EXPECT_EQ(store_->stat()->partitions, 1U);
  EXPECT_EQ(all(), before);
  open();
  EXPECT_EQ(all(), before);
}

TEST_F(SegmentMergingTest, KeepsEverySampleBitForBit) {
  const auto put_one = [&](const LabelSet& labels, int64_t offset, double value, int64_t start, std::vector<uint8_t> histogram) {
    batch::SamplesBuilder builder;
    std::vector<batch::Label> pairs;
    for (const auto& [name, text] : labels) pairs.emplace_back(name, text);
    builder.series(pairs);
    if (!histogram.empty()) {
      builder.histogram(begin_ + offset, value, start, histogram);
    } else {
      builder.sample(begin_ + offset, value, start);
    }
    const auto written = write_wait(builder);
    ASSERT_TRUE(written.ok()) << written.error().message();
  };
  const double stale = std::bit_cast<double>(kStaleBits), other_nan = std::bit_cast<double>(0xfff8dead0000beefULL);
  put_one(kLoad, 40 * kMinuteNs, 1, 0, {});  // so that what comes again below is not the newest, which would be a conflict
  for (int flush = 0; flush < 8; ++flush) {
    const int64_t at = flush * kMinuteNs;
    put_one(kUp, at, flush % 2 == 0 ? -0.0 : stale, 0, {});
    put_one(kLoad, at, flush % 3 == 0 ? other_nan : 0.1 * flush, flush < 4 ? 0 : begin_ + 1, {});
    if (flush % 2 == 0) put_one(kSizes, at, flush, flush == 4 ? begin_ + 2 : 0, {1, 2, static_cast<uint8_t>(flush)});
    put_one(kSizes, at + kSecondNs, 1e300 * flush, 0, {});
    put_one(kUp, 30 * kMinuteNs - at, flush, 0, {});                      // each before all that came before
    put_one(kLoad, 31 * kMinuteNs + at % (3 * kMinuteNs), flush, 0, {});  // some again, with another value
    ASSERT_TRUE(store_->flush().ok());
  }
  const auto before = everything();
  ASSERT_EQ(before.size(), 3U);
  merge();
  EXPECT_EQ(segments(), (Names{"1-8"}));
  EXPECT_EQ(everything(), before);
  open();
  EXPECT_EQ(everything(), before);
  seal();
  EXPECT_EQ(everything(), before);
}

TEST_F(SegmentMergingTest, GoesThroughManyBlocksOfSeriesThatComeAndGo) {
  constexpr int kSeries = 2500;  // a block has 1,024
  for (int flush = 0; flush < 8; ++flush) {
    batch::SamplesBuilder builder;
    for (int i = 0; i < kSeries; ++i) {
      if ((i + flush) % 3 == 0) continue;
      add(builder, {{"__name__", "m" + std::to_string(i % 40)}, {"i", std::to_string(i)}},
          {{begin_ + flush * kMinuteNs, static_cast<double>(i + flush)}});
    }
    ASSERT_TRUE(write_wait(builder).ok());
    ASSERT_TRUE(store_->flush().ok());
  }
  const Found before = all();
  ASSERT_EQ(before.size(), static_cast<size_t>(kSeries));
  merge();
  EXPECT_EQ(segments(), (Names{"1-8"}));
  EXPECT_EQ(difference(all(), before), "");
}

TEST_F(SegmentMergingTest, KeepsTheWindowsApart) {
  for (int flush = 0; flush < 8; ++flush) {
    const int64_t time = begin_ + flush * kSecondNs;
    ASSERT_TRUE(put(kUp, {{time, 1}, {time + options_.partition_window_ns, 2}}).ok());
    if (flush % 2 == 0) {
      ASSERT_TRUE(put(kLoad, {{time - options_.partition_window_ns, 3}}).ok());
    }
    ASSERT_TRUE(store_->flush().ok());
  }
  const Found before = all();
  merge();
  EXPECT_EQ(segments(), (Names{"1-7", "1-8", "1-8"}));
  EXPECT_EQ(all(), before);
  seal(begin_ + options_.partition_window_ns);
  EXPECT_EQ(segments(), (Names{"1-8"})) << "that goes on";
  EXPECT_EQ(all(), before);
}

TEST_F(SegmentMergingTest, LetsQueriesGoOnWithWhatTheyHold) {
  flush_some(8);
  auto query = store_->find({}, {}, 0, {});
  ASSERT_TRUE(query.ok());
  const Found before = all();
  merge();
  EXPECT_EQ(segments().size(), 9U) << "its files are there as long as it lives";
  Query::Reader reader(**query);
  std::vector<Query::Samples> found((*query)->series().size());
  ASSERT_TRUE(reader.read((*query)->series(), found).ok());
  size_t samples = 0;
  for (const Query::Samples& one : found) samples += one.columns.size();
  EXPECT_EQ(samples, 24U);
  EXPECT_EQ(all(), before);
}

TEST_F(SegmentMergingTest, RemovesWhatItReplacesAfterTheLastReader) {
  flush_some(8);
  {
    auto query = store_->find({}, {}, 0, {});
    ASSERT_TRUE(query.ok());
    merge();
    EXPECT_EQ(segments().size(), 9U);
  }
  EXPECT_EQ(segments(), (Names{"1-8"}));
}

TEST_F(SegmentMergingTest, LosesNothingWhenThePowerGoesAtAnyStep) {
  flush_some(20);
  const Found before = all();
  for (uint64_t changes = 0;; ++changes) {
    SCOPED_TRACE("power off after " + std::to_string(changes) + " changes");
    ASSERT_LT(changes, 100U);
    storage_.power_off_after(changes);
    const bool finished = store_->merge_segments().ok() && storage_.powered();
    ASSERT_EQ(all(), before) << "still running";
    close();
    const bool whole = storage_.powered();
    storage_.power_on();
    open();
    ASSERT_EQ(all(), before) << "after the restart";
    ASSERT_EQ(store_->stat()->segment_samples, 60U) << "none is there twice";
    if (finished && whole) break;
  }
  EXPECT_EQ(segments(), (Names{"1-8", "9-16", "17", "18", "19", "20"}));
}

TEST_F(SegmentMergingTest, RemovesAnInputThatACrashLeftEvenWhenItIsDamaged) {
  flush_some(8);
  const Found before = all();
  storage_.power_off_after(1);  // the merged one is there, its inputs too
  (void)store_->merge_segments().ok();
  close();
  storage_.power_on();
  ASSERT_EQ(segments().size(), 9U);
  storage_.damage(name_of(3, 3), "info");
  open();
  EXPECT_TRUE(store_->set_aside().empty());
  EXPECT_EQ(segments(), (Names{"1-8"}));
  EXPECT_EQ(all(), before);
}

TEST_F(SegmentMergingTest, SetsADamagedInputAsideAndMergesWhatLiesToOneSideOfIt) {
  flush_some(8);
  storage_.damage(name_of(3, 3), "blocks");
  merge();
  ASSERT_EQ(store_->set_aside().size(), 1U);
  EXPECT_EQ(store_->set_aside().front().name, name_of(3, 3));
  EXPECT_EQ(segments().size(), 8U) << "five are too few";
  flush_some(3);
  const Found before = all();
  EXPECT_EQ(before.at(kUp).size(), 20U);
  EXPECT_FALSE(warnings_.empty());
  merge();
  EXPECT_EQ(segments(), (Names{"1", "2", "3", "4-11"}));
  EXPECT_EQ(all(), before);
  open();
  EXPECT_EQ(all(), before) << "tried again, and set aside again";
  seal();
  EXPECT_EQ(segments(), (Names{"3"}));
  EXPECT_EQ(all(), before);
}

TEST_F(SegmentMergingTest, AMergedOneThatIsDamagedIsMissedAndNamed) {
  flush_some(9);
  merge();
  storage_.damage(name_of(1, 8), "blocks");
  EXPECT_EQ(all().at(kUp).size(), 2U);
  ASSERT_FALSE(warnings_.empty());
  EXPECT_NE(warnings_.front().find(name_of(1, 8)), std::string::npos) << warnings_.front();
  flush_some(7);
  merge();
  EXPECT_EQ(segments(), (Names{"1-8", "9-16"}));
  EXPECT_EQ(all().at(kUp).size(), 16U);
}

TEST_F(SegmentMergingTest, LeavesSegmentsWithSeriesThatNobodyKnows) {
  flush_some(8);
  close();
  storage_.damage("samples/series.4", "series");
  open();
  const Found before = all();
  EXPECT_EQ(before.size(), 8U) << "without the one that the catalog defined";
  merge();
  EXPECT_EQ(segments().size(), 8U);
  flush_some(4);
  merge();
  EXPECT_EQ(segments(), (Names{"1", "2", "3", "4", "5-12"}));
  EXPECT_EQ(all().size(), 12U);
  close();
  storage_.mend("samples/series.4");
  open();
  EXPECT_EQ(all().size(), 13U) << "the samples were kept";
}

TEST_F(SegmentMergingTest, LeavesOutWhatIsDeletedAndNothingThatCameLater) {
  flush_some(5);
  ASSERT_TRUE(store_->delete_samples({{TARSIER_MATCH_EQUAL, "__name__", "up"}}, {begin_ + kSecondNs, begin_ + 9 * kSecondNs}).ok());
  ASSERT_TRUE(store_->delete_samples({{TARSIER_MATCH_EQUAL, "flush", "2"}}, {}).ok());
  flush_some(3);
  ASSERT_TRUE(put(kUp, {{begin_ + kSecondNs, 99}}).ok());
  ASSERT_TRUE(store_->flush().ok());
  const Found before = all();
  EXPECT_EQ(before.at(kUp).size(), 9U);
  EXPECT_EQ(before.size(), 8U);
  merge();
  EXPECT_EQ(segments(), (Names{"1-8", "9"}));
  EXPECT_EQ(store_->stat()->segment_samples, 16U);
  EXPECT_EQ(all(), before);
  ASSERT_TRUE(store_->maintain(begin_ + kHourNs).ok());  // the deletions concern no file any more
  open();
  EXPECT_EQ(all(), before) << "nothing comes back";
  ASSERT_TRUE(store_->delete_samples({{TARSIER_MATCH_EQUAL, "__name__", "once"}}, {}).ok());
  EXPECT_EQ(all().size(), 1U);
  flush_some(8);
  merge();
  EXPECT_EQ(all().size(), 9U);
  EXPECT_EQ(all().at(kUp).size(), 25U);
  ASSERT_TRUE(store_->clean_deleted().ok());
  EXPECT_EQ(all().at(kUp).size(), 25U);
}

TEST_F(SegmentMergingTest, MakesNothingOfWhatIsAllDeleted) {
  flush_some(8);
  ASSERT_TRUE(store_->delete_samples({{TARSIER_MATCH_NOT_EQUAL, "__name__", ""}}, {}).ok());
  merge();
  EXPECT_EQ(segments(), Names{});
  EXPECT_TRUE(all().empty());
  open();
  EXPECT_TRUE(all().empty());
}

TEST_F(SegmentMergingTest, LosesNothingWhenTheDiskIsFull) {
  flush_some(8);
  const Found before = all();
  storage_.refuse_seals(TARSIER_RESOURCE, "samples/head.");
  EXPECT_EQ(store_->merge_segments().error().code(), TARSIER_RESOURCE);
  EXPECT_EQ(segments().size(), 8U);
  EXPECT_EQ(all(), before);
  storage_.refuse_seals(TARSIER_OK);
  merge();
  EXPECT_EQ(segments(), (Names{"1-8"}));
  EXPECT_EQ(all(), before);
}

TEST_F(SegmentMergingTest, EndsWhenItIsCancelled) {
  flush_some(8);
  store_->cancel_merge();
  merge();
  EXPECT_EQ(segments().size(), 8U);
}

TEST_F(SegmentMergingTest, GoesOnBesideFlushesSealingAndQueries) {
  std::atomic<bool> ended{false};
  std::thread merging([&] {
    while (!ended) EXPECT_TRUE(store_->merge_segments().ok());
  });
  for (int round = 0; round < 30; ++round) {
    flush_some(5);
    EXPECT_EQ(all().at(kUp).size(), static_cast<size_t>(2 * flushes_));
    if (round % 7 == 6) seal();
  }
  ended = true;
  merging.join();
  EXPECT_EQ(all().size(), 151U);
  EXPECT_EQ(all().at(kUp).size(), 300U);
  const auto stat = store_->stat();
  EXPECT_EQ(stat->segment_samples + stat->partition_samples, 450U) << "none is in two files";
  open();
  EXPECT_EQ(all().at(kUp).size(), 300U);
}

}  // namespace
}  // namespace tarsier::samples::test
