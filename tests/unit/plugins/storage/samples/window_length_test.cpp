// A store whose partition_window is changed: windows of several lengths lie beside and within one another, and nothing is lost.
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

const LabelSet kUp = {{"__name__", "up"}};

class WindowLengthTest : public StoreFixture {
 protected:
  void SetUp() override {
    options_.out_of_order_window_ns = INT64_MAX;
    options_.future_limit_ns = 0;
    open_with(kHourNs);
  }
  void open_with(int64_t window_ns) {
    close();
    options_.partition_window_ns = window_ns;
    open();
  }
  /// At this time after the begin of a window of four hours; the values are those of no other sample.
  void put_and_flush(std::initializer_list<int64_t> offsets) {
    std::vector<Point> points;
    for (const int64_t offset : offsets) points.push_back({begin_ + offset, ++value_});
    ASSERT_TRUE(put(kUp, points).ok());
    auto& all = model_[kUp];
    all.insert(all.end(), points.begin(), points.end());
    std::sort(all.begin(), all.end(), [](const Point& a, const Point& b) { return a.time < b.time; });
    ASSERT_TRUE(store_->flush().ok());
  }
  void expect_all(const char* when) {
    EXPECT_EQ(difference(all(), model_), "") << when;
    EXPECT_TRUE(warnings_.empty()) << when << ": " << warnings_.front();
  }
  /// After everything that may remove a file: a start, merging of segments, sealing, merging of partitions, a start.
  void expect_all_to_the_end() {
    expect_all("at first");
    open();
    expect_all("after a start");
    ASSERT_TRUE(store_->merge_segments().ok());
    open();
    expect_all("after segments were merged");
    seal();
    expect_all("sealed");
    open();
    expect_all("sealed, after a start");
    ASSERT_TRUE(store_->merge(now_).ok());
    open();
    expect_all("merged, after a start");
  }

  const int64_t begin_ = window_start(now_ - 48 * kHourNs, 4 * kHourNs);
  double value_ = 0;
  Found model_;
};

TEST_F(WindowLengthTest, MayBeMadeLarger) {
  put_and_flush({1, kHourNs - 1, kHourNs, kHourNs + 1, 2 * kHourNs});
  open_with(2 * kHourNs);
  expect_all("after a start");
  put_and_flush({2, kHourNs + 2, 2 * kHourNs + 2});
  expect_all_to_the_end();
}

TEST_F(WindowLengthTest, MayBeMadeSmaller) {
  open_with(4 * kHourNs);
  put_and_flush({1, kHourNs, 3 * kHourNs});
  open_with(kHourNs);
  put_and_flush({2, kHourNs + 2, 3 * kHourNs + 2});
  expect_all_to_the_end();
}

TEST_F(WindowLengthTest, MayBeChangedForthAndBackWithTheWindowsOpen) {
  open_with(2 * kHourNs);
  put_and_flush({1});
  put_and_flush({2});
  open_with(kHourNs);
  put_and_flush({kHourNs + 3});  // within the longer window, and between its flushes
  open_with(2 * kHourNs);
  put_and_flush({4});
  put_and_flush({kHourNs + 5});
  expect_all_to_the_end();
}

TEST_F(WindowLengthTest, MayDifferAmongSegmentsThatAreMany) {
  for (int64_t i = 0; i < 60; ++i) {
    if (i % 20 == 0) open_with(i == 20 ? kHourNs : 2 * kHourNs);
    put_and_flush({i, kHourNs + i});
  }
  expect_all_to_the_end();
}

TEST_F(WindowLengthTest, MayDifferAmongWhatIsSealedAndWhatIsNot) {
  put_and_flush({1, kHourNs + 1});
  seal();
  open_with(4 * kHourNs);
  put_and_flush({2, kHourNs + 2, 3 * kHourNs});
  seal();
  open_with(2 * kHourNs);
  put_and_flush({3, kHourNs + 3, 3 * kHourNs + 3});
  expect_all_to_the_end();
}

TEST_F(WindowLengthTest, DoesNotChangeWhichOfTwoValuesHolds) {
  open_with(kHourNs);
  put_and_flush({kHourNs});
  put_and_flush({kHourNs + 1});
  open_with(4 * kHourNs);
  ASSERT_TRUE(put(kUp, {{begin_ + kHourNs, 77}}).ok()) << "a conflict with what is on the disk is not seen";
  ASSERT_TRUE(store_->flush().ok());
  expect_all_to_the_end();
}

TEST_F(WindowLengthTest, SetsAsideWhatIsCalledAsASegmentWasBefore) {
  put_and_flush({1});
  const std::string former = "samples/head.1.1799992800";
  auto sealer = seal_anew(host(), former);
  ASSERT_TRUE(sealer.ok() && sealer->append("info", "info", "x").ok() && sealer->finish().ok());
  open();
  EXPECT_EQ(difference(all(), model_), "");
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_.front().find(former), std::string::npos) << warnings_.front();
  put_and_flush({2});
  seal();
  open();
  EXPECT_TRUE(storage_.exists(former));
}

}  // namespace
}  // namespace tarsier::samples::test
