// Label sets that come as bytes: known again by a hash, whatever the order of their labels, and the same series as the same labels
// in symbols.
#include "store_fixture.hpp"
#include "tarsier/flat_set.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'999'000 * kSecondNs;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class FlatIngest : public StoreFixture {
 protected:
  void SetUp() override { open(); }
  static std::vector<uint8_t> set_of(const Pairs& labels) {
    std::vector<uint8_t> set;
    for (const auto& [name, value] : labels) append_flat_label(set, name, value);
    return set;
  }
  Result<void> put_flat(const std::vector<uint8_t>& set, int64_t time, double value) {
    batch::SamplesBuilder builder;
    builder.flat_series(set);
    builder.sample(time, value);
    return write_wait(builder);
  }
};

TEST_F(FlatIngest, IsTheSameSeriesInEveryOrderAndInSymbols) {
  ASSERT_TRUE(put_flat(set_of({{"__name__", "up"}, {"job", "node"}}), kBase, 1).ok());
  ASSERT_TRUE(put_flat(set_of({{"job", "node"}, {"__name__", "up"}}), kBase + 1, 2).ok());
  ASSERT_TRUE(put_flat(set_of({{"__name__", "up"}, {"empty", ""}, {"job", "node"}}), kBase + 2, 3).ok());
  ASSERT_TRUE(put({{"__name__", "up"}, {"job", "node"}}, {{kBase + 3, 4}}).ok());
  const Found expected = {{{{"__name__", "up"}, {"job", "node"}}, {{kBase, 1}, {kBase + 1, 2}, {kBase + 2, 3}, {kBase + 3, 4}}}};
  EXPECT_EQ(difference(all(), expected), "");
  EXPECT_EQ(store_->stat()->head.series, 1U);
  open();
  EXPECT_EQ(difference(all(), expected), "") << "after a restart";
}

TEST_F(FlatIngest, RefusesSetsThatCannotBeReadAndKeepsTheRest) {
  batch::SamplesBuilder builder;
  builder.flat_series(set_of({{"__name__", "good"}}));
  builder.sample(kBase, 1);
  const std::vector<uint8_t> cut_off = {0x0a, 0x05, 0x0a};
  for (const auto& set : {cut_off, set_of({{"a", "1"}, {"a", "2"}}), set_of({{"__name__", "\xff"}}), set_of({{"a", ""}})}) {
    builder.flat_series(set);
    builder.sample(kBase, 1);
  }
  const auto outcome = write_wait(builder);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), TARSIER_INVALID);
  EXPECT_EQ(outcome.error().message().substr(0, 7), "4 of 5 ");
  EXPECT_EQ(difference(all(), {{{{"__name__", "good"}}, {{kBase, 1}}}}), "");
}

TEST_F(FlatIngest, SaysWhatIsWrongWithLabels) {
  options_.max_labels = 2;
  options_.max_label_bytes = 100;
  open();
  const auto why = [this](const Pairs& labels) {
    const auto outcome = put_flat(set_of(labels), kBase, 1);
    return outcome.ok() ? std::string() : outcome.error().message();
  };
  const std::string begin = "1 of 1 samples refused: unusable labels (";
  EXPECT_EQ(why({{"__name__", "a"}, {"b", "\xff"}}), begin + "label 2 is not UTF-8): {}");
  EXPECT_EQ(why({{"a", "1"}, {"a", "2"}}), begin + "the label name \"a\" is there twice): {}");
  EXPECT_EQ(why({{"", "1"}}), begin + "a label with an empty name, of the value \"1\"): {}");
  EXPECT_EQ(why({{"a", "1"}, {"b", "2"}, {"c", "3"}}), begin + "3 labels, max_labels = 2): {a=\"1\", b=\"2\", c=\"3\"}");
  EXPECT_EQ(why({{"a", ""}}), begin + "none that has a value): {}");
  EXPECT_TRUE(why({{"a", std::string(101, 'x')}}).starts_with(begin + "102 bytes of labels, max_label_size = 100): {"));
  EXPECT_TRUE(why({{"a", std::string(1000, 'x')}}).ends_with(" bytes of labels, max_label_size = 100): {}"));
}

TEST_F(FlatIngest, HoldsTheLimitsOfLabelsAndSeries) {
  options_.max_label_bytes = 1000;
  options_.max_series = 2;
  open();
  EXPECT_FALSE(put_flat(set_of({{"__name__", std::string(10'000'000, 'x')}}), kBase, 1).ok());
  EXPECT_FALSE(put_flat(set_of({{"__name__", std::string(1001, 'x')}}), kBase, 1).ok());
  EXPECT_TRUE(put_flat(set_of({{"__name__", "a"}}), kBase, 1).ok());
  EXPECT_TRUE(put_flat(set_of({{"__name__", "b"}}), kBase, 1).ok());
  EXPECT_FALSE(put_flat(set_of({{"__name__", "c"}}), kBase, 1).ok());
  EXPECT_TRUE(put_flat(set_of({{"__name__", "a"}}), kBase + 1, 1).ok()) << "a series that is there goes on";
  EXPECT_EQ(store_->counters().refused_series_limit.load(), 1U);
}

TEST_F(FlatIngest, TakesTheMetadataThatComesWithThem) {
  batch::SamplesBuilder builder;
  for (const char* metric : {"a_total", "b"}) {
    builder.flat_series(set_of({{"job", "node"}, {"__name__", metric}}));
    builder.sample(kBase, 1);
    if (metric[0] == 'a') builder.metadata(TARSIER_SERIES_COUNTER, "help of a", "seconds");
  }
  ASSERT_TRUE(write_wait(builder).ok());
  for (const char* when : {"at once", "after a restart"}) {
    std::map<std::string, Metadata> found;
    store_->metadata().each("",
                            [&](const std::string& metric, const Metadata& metadata) { return found[metric] = metadata, true; });
    ASSERT_EQ(found.size(), 1U) << when;
    EXPECT_EQ(found["a_total"], (Metadata{TARSIER_SERIES_COUNTER, "help of a", "seconds"})) << when;
    open();
  }
}

TEST_F(FlatIngest, FindsSeriesAgainAfterTheyWereForgotten) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put_flat(set_of({{"__name__", "m"}, {"i", std::to_string(i)}}), kBase, 1).ok());
  now_ += 3 * kHourNs;
  ASSERT_TRUE(put({{"__name__", "later"}}, {{now_, 1}}).ok());
  seal();
  EXPECT_EQ(store_->stat()->head.series, 1U);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(put_flat(set_of({{"__name__", "m"}, {"i", std::to_string(i)}}), now_, 2).ok());
  Found found = all();
  found.erase({{"__name__", "later"}});
  ASSERT_EQ(found.size(), 100U);
  for (const auto& [labels, points] : found) EXPECT_EQ(points.size(), 2U);
}

TEST(SetAliases, AreForgottenWhenThereAreTooMany) {
  SetAliases aliases;
  const auto hash_of = [](uint32_t number) { return hash_set({reinterpret_cast<const uint8_t*>(&number), sizeof(number)}); };
  for (uint32_t i = 0; i < 1000; ++i) aliases.add(hash_of(i), i, 1000);
  for (uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(aliases.find(hash_of(i)), i);
  EXPECT_EQ(aliases.find(hash_of(1000)), SetAliases::kNone);
  aliases.add(hash_of(1000), 1000, 1000);
  EXPECT_EQ(aliases.find(hash_of(1000)), 1000U);
  EXPECT_EQ(aliases.find(hash_of(0)), SetAliases::kNone);
}

}  // namespace
}  // namespace tarsier::samples::test
