// Head segments: their names, the bytes of their keys, and the order of series in them.
#include <random>
#include <set>

#include "plugins/storage/samples/bytes.hpp"
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBegin = 1'799'992'800 * kSecondNs;
constexpr int64_t kWindow = 2 * kHourNs;

std::optional<SegmentName> parse(const std::string& text) { return SegmentName::parse(text); }

TEST(SegmentNames, TellFlushesAndWindow) {
  EXPECT_EQ((SegmentName{7, 7, kBegin, kWindow}.text()), "samples/head.7.1799992800.2h");
  EXPECT_EQ((SegmentName{7, 14, kBegin, kHourNs}.text()), "samples/head.7-14.1799992800.1h");
  EXPECT_EQ((SegmentName{7, 14, -12 * kSecondNs, 6 * kSecondNs}.text()), "samples/head.7-14.m12.6s");
  for (const SegmentName& name : {SegmentName{7, 7, kBegin, kWindow}, SegmentName{7, 140, kBegin, kHourNs},
                                  SegmentName{1, 2, -kWindow, kWindow}, SegmentName{3, 3, INT64_MIN, kWindow}}) {
    const auto again = parse(name.text());
    ASSERT_TRUE(again.has_value()) << name.text();
    EXPECT_EQ(again->cover(), name.cover()) << name.text();
  }
  EXPECT_EQ((SegmentName{7, 14, kBegin, kHourNs}.cover()), (Cover{kBegin, kBegin + kHourNs, 7, 14}));
}

TEST(SegmentNames, AreNotThoseOfAnythingElse) {
  for (const char* text : {"samples/active",
                           "samples/journal.7",
                           "samples/head.",
                           "samples/head.7",
                           "samples/head.7.",
                           "samples/head.x.1.2h",
                           "samples/head.7-.1.2h",
                           "samples/head.7-7.1.2h",
                           "samples/head.7-6.1.2h",
                           "samples/head.-7.1.2h",
                           "samples/head.7.1-2.2h",
                           "samples/head.7.1",
                           "samples/head.7.1.",
                           "samples/head.7.1.0s",
                           "samples/head.7.1.2",
                           "samples/head.7.1.2h.3",
                           "samples/head.7.1.9999999999d",
                           "samples/head.7.m.2h",
                           "samples/head.7.-1.2h",
                           "samples/head.7-9-11.1.2h",
                           "samples/damaged.head.7.1.2h",
                           ""}) {
    EXPECT_FALSE(parse(text).has_value()) << text;
  }
}

using Keys = std::vector<SeriesKey>;

Keys decoded(const std::vector<uint8_t>& bytes, bool expected) {
  Keys keys = {{1, 1}};
  EXPECT_EQ(decode_keys(bytes, keys), expected);
  return keys;
}

TEST(SeriesKeys, GoThroughTheirBytes) {
  std::mt19937_64 random(3);
  std::set<SeriesKey> some = {{0, 0}, {0, 1}, {0, UINT64_MAX}, {UINT32_MAX, 0}, {UINT32_MAX, UINT64_MAX}};
  for (int i = 0; i < 1000; ++i) some.insert({static_cast<uint32_t>(random() % 7 * 600'000'000), random() >> (random() % 64)});
  const Keys keys(some.begin(), some.end());
  std::vector<uint8_t> bytes;
  encode_keys(keys, bytes);
  EXPECT_EQ(decoded(bytes, true), keys);
  for (size_t size = 1; size < bytes.size(); ++size) {
    Keys part;
    if (decode_keys(std::span(bytes).first(size), part)) {
      EXPECT_LT(part.size(), keys.size());
    }
  }
}

TEST(SeriesKeys, RefuseWhatNoEncoderWrote) {
  const auto of = [](std::initializer_list<uint64_t> numbers) {
    std::vector<uint8_t> bytes;
    ByteWriter writer(bytes);
    for (const uint64_t number : numbers) writer.varint(number);
    return bytes;
  };
  EXPECT_EQ(decoded(of({5, 2, 3, 4}), true), (Keys{{5, 3}, {5, 7}}));
  (void)decoded(of({5, 0}), false);                       // a metric without series
  (void)decoded(of({5, 3, 3, 4}), false);                 // more series than bytes
  (void)decoded(of({5, UINT64_MAX, 3, 4}), false);        // many more
  (void)decoded(of({uint64_t{1} << 32U, 1, 3}), false);   // no metric's hash
  (void)decoded(of({UINT32_MAX, 1, 3, 1, 1, 3}), false);  // likewise, as a sum
  (void)decoded(of({5, 2, 3, 0}), false);                 // twice the same
  (void)decoded(of({5, 2, 3, UINT64_MAX}), false);        // descending, by a difference that wraps
  (void)decoded(of({5, 1, 7, 0, 1, 3}), false);           // descending, from one metric to the same
  (void)decoded({0x80}, false);
}

TEST(SegmentInfos, RefuseKeysThatDescendAndFlushesThatDo) {
  const SegmentInfo whole = {
      .name = {3, 9, kBegin, kHourNs}, .series = 2, .samples = 2, .highest_ref = 8, .first_keys = {{1, 8}, {2, 7}}};
  const auto again = [](const SegmentInfo& info) {
    std::vector<uint8_t> bytes;
    info.encode(bytes);
    return SegmentInfo::decode(bytes);
  };
  ASSERT_TRUE(again(whole).ok());
  EXPECT_EQ(again(whole)->first_keys, whole.first_keys);
  EXPECT_EQ(again(whole)->name.cover(), whole.name.cover());
  SegmentInfo wrong = whole;
  std::swap(wrong.first_keys[0], wrong.first_keys[1]);
  EXPECT_EQ(again(wrong).error().code(), TARSIER_CORRUPT);
  wrong = whole;
  wrong.name.last_flush = 2;
  EXPECT_EQ(again(wrong).error().code(), TARSIER_CORRUPT);
  wrong = whole;
  wrong.name.window_ns = 0;
  EXPECT_EQ(again(wrong).error().code(), TARSIER_CORRUPT);
}

class SegmentTest : public StoreFixture {
 protected:
  void SetUp() override { open(); }
};

/// In the order in which a reader finds them.
std::vector<std::pair<SeriesKey, Columns>> contents(const Host& host, const std::string& name) {
  std::vector<std::pair<SeriesKey, Columns>> all;
  auto segment = HeadSegment::open(host, name);
  EXPECT_TRUE(segment.ok());
  auto reader = SegmentReader::open(*segment);
  EXPECT_TRUE(reader.ok());
  for (auto more = reader->next(); more.ok() && *more; more = reader->next()) {
    all.emplace_back(reader->key(), Columns{});
    EXPECT_TRUE(reader->read(all.back().second).ok());
  }
  EXPECT_EQ(all.size(), (*segment)->info().series);
  return all;
}

TEST_F(SegmentTest, HasTheSeriesOfOneMetricSideBySide) {
  batch::SamplesBuilder builder;
  const int64_t time = window_start(now_, kWindow);
  for (int target = 0; target < 700; ++target) {
    for (const char* metric : {"up", "load", "memory"})
      add(builder, {{"__name__", metric}, {"target", std::to_string(target)}}, {{time, 1.0 * target}});
  }
  ASSERT_TRUE(write_wait(builder).ok());
  ASSERT_TRUE(store_->flush().ok());
  const auto all = contents(storage_.host(), SegmentName{1, 1, time, kWindow}.text());
  ASSERT_EQ(all.size(), 2100U);
  std::set<uint32_t> metrics;
  for (size_t i = 0; i < all.size(); ++i) {
    if (i != 0) {
      EXPECT_LT(all[i - 1].first, all[i].first);
    }
    EXPECT_TRUE(metrics.contains(all[i].first.metric) == (i % 700 != 0)) << "a metric ends where the next begins";
    metrics.insert(all[i].first.metric);
    EXPECT_EQ(all[i].second.values, (std::vector<double>{1.0 * static_cast<double>(i % 700)})) << "its targets as they came";
  }
  open();
  const Found found = find({{TARSIER_MATCH_EQUAL, "__name__", "load"}, {TARSIER_MATCH_EQUAL, "target", "333"}});
  EXPECT_EQ(found, (Found{{{{"__name__", "load"}, {"target", "333"}}, {{time, 333}}}}));
}

}  // namespace
}  // namespace tarsier::samples::test
