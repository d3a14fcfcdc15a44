// Names and values of labels that series have which match: the same from the head and from a partition as from asking every series.
#include <random>
#include <set>

#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'990'000 * kSecondNs;
using Texts = std::vector<std::string>;

class LabelListingTest : public StoreFixture {
 protected:
  /// 6000 series: `id` is the series' own, `x` and `y` are shared by many and may be absent, `half` is there where `id` is even.
  void fill() {
    std::mt19937 random(11);
    batch::SamplesBuilder builder;
    for (int i = 0; i < 6000; ++i) {
      LabelSet labels = {{"__name__", "m" + std::to_string(i % 3)}, {"id", "id-" + std::to_string(i)}};
      if (random() % 4 != 0) labels["x"] = "x" + std::to_string(random() % 5);
      if (random() % 4 != 0) labels["y"] = "y" + std::to_string(random() % 700);
      if (i % 2 == 0) labels["half"] = "yes";
      if (i == 17) labels["rare"] = "one";
      sets_.push_back(labels);
      add(builder, labels, {{kBase, 1}});
    }
    ASSERT_TRUE((*write(builder))->ok());
  }
  static std::vector<Matcher> compile(const std::vector<Matching>& matching) {
    std::vector<Matcher> matchers;
    for (const Matching& one : matching) matchers.push_back(*Matcher::compile(one.op, one.name, one.value));
    return matchers;
  }
  /// The names where `name` is empty, else its values.
  Texts expected(const std::vector<Matching>& matching, const std::string& name) const {
    const auto matchers = compile(matching);
    std::set<std::string> texts;
    for (const LabelSet& labels : sets_) {
      const bool matches = std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
        const auto label = labels.find(matcher.name());
        return matcher.matches(label == labels.end() ? "" : label->second);
      });
      if (!matches) continue;
      for (const auto& [label, value] : labels) {
        if (name.empty()) texts.insert(label);
        if (name == label) texts.insert(value);
      }
    }
    return {texts.begin(), texts.end()};
  }
  static Texts of_index(const LabelIndex& index, const std::vector<Matching>& matching, const std::string& name) {
    const auto series = match(index, compile(matching));
    const auto symbols = name.empty() ? names_of(index, &*series) : values_of(index, name, &*series);
    Texts texts;
    for (const uint32_t symbol : *symbols) texts.emplace_back(*index.text(symbol));
    std::sort(texts.begin(), texts.end());
    return texts;
  }
  std::string partition() const {
    Cover cover;
    for (const std::string& name : storage_.names()) {
      if (parse_partition_name(name, cover)) return name;
    }
    return "";
  }
  const std::vector<std::vector<Matching>> questions_ = {
      {{TARSIER_MATCH_EQUAL, "id", "id-17"}},
      {{TARSIER_MATCH_EQUAL, "__name__", "m1"}},
      {{TARSIER_MATCH_EQUAL, "__name__", "m1"}, {TARSIER_MATCH_NOT_EQUAL, "x", "x1"}, {TARSIER_MATCH_REGEX, "id", "id-1.*"}},
      {{TARSIER_MATCH_EQUAL, "half", "yes"}, {TARSIER_MATCH_EQUAL, "y", "y3"}},
      {{TARSIER_MATCH_NOT_EQUAL, "id", ""}},
      {{TARSIER_MATCH_NOT_REGEX, "id", "id-[0-9]{2}"}},
      {{TARSIER_MATCH_EQUAL, "x", ""}},
      {{TARSIER_MATCH_EQUAL, "x", "none"}},
  };
  const Texts names_ = {"", "__name__", "half", "id", "x", "y", "rare", "none"};
  std::vector<LabelSet> sets_;
};

TEST_F(LabelListingTest, AgreesWithAskingEverySeriesInHeadAndPartition) {
  open();
  fill();
  const auto in_head = [&](const std::vector<Matching>& matching, const std::string& name) {
    if (!name.empty()) return values(name, matching);
    return *store_->label_names(compile(matching), {});
  };
  for (const auto& matching : questions_) {
    for (const std::string& name : names_) EXPECT_EQ(in_head(matching, name), expected(matching, name)) << name;
  }
  seal();
  const auto index = PartitionIndex::open(*Partition::open(host(), partition()));
  ASSERT_TRUE(index.ok());
  for (const auto& matching : questions_) {
    for (const std::string& name : names_) EXPECT_EQ(of_index(**index, matching, name), expected(matching, name)) << name;
  }
}

TEST_F(LabelListingTest, LeavesOutSeriesThatEndedBeforeTheRange) {
  open();
  ASSERT_TRUE(put({{"__name__", "m"}, {"job", "old"}}, {{kBase, 1}}).ok());
  ASSERT_TRUE(put({{"__name__", "m"}, {"job", "new"}}, {{kBase + kHourNs, 1}}).ok());
  const auto matchers = compile({{TARSIER_MATCH_EQUAL, "__name__", "m"}});
  EXPECT_EQ(*store_->label_values("job", matchers, {kBase + kSecondNs, INT64_MAX}), (Texts{"new"}));
  EXPECT_EQ(*store_->label_values("job", matchers, {kBase, INT64_MAX}), (Texts{"new", "old"}));
}

TEST_F(LabelListingTest, RefusesAPartitionOfAnotherFormatByItsNumber) {
  std::vector<uint8_t> bytes;
  PartitionInfo info;
  info.slot_ns = 1;
  info.names = {{1, 7}, {5, 9}};
  info.encode(bytes);
  const auto again = PartitionInfo::decode(bytes);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->names[1].symbol, 5U);
  EXPECT_EQ(again->names[1].values, 9U);
  bytes[0] = 2;
  const auto refused = PartitionInfo::decode(bytes);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), TARSIER_UNSUPPORTED);
  EXPECT_NE(refused.error().message().find("format 2"), std::string::npos) << refused.error().message();
}

class LabelRangeTest : public StoreFixture {
 protected:
  void SetUp() override {
    options_.out_of_order_window_ns = INT64_MAX;
    open();
  }
  Texts names_at(int64_t start, int64_t end) {
    const auto names = store_->label_values("__name__", {}, {start, end});
    EXPECT_TRUE(names.ok());
    std::vector<Matcher> any;
    any.push_back(*Matcher::compile(TARSIER_MATCH_NOT_EQUAL, "__name__", ""));
    EXPECT_EQ(*store_->label_values("__name__", any, {start, end}), *names) << "with a matcher as without";
    EXPECT_EQ(store_->label_names({}, {start, end})->empty(), names->empty());
    Texts found;
    auto query = store_->find(any, {start, end}, true, 0, {});
    EXPECT_TRUE(query.ok());
    std::vector<Label> labels;
    for (const auto& entry : (*query)->series()) {
      labels.clear();
      (*query)->labels(entry, labels);
      found.emplace_back(label_value(labels, "__name__"));
    }
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, *names) << "series as values";
    return *names;
  }
};

TEST_F(LabelRangeTest, HasNoSeriesWhoseSamplesLieElsewhere) {
  const int64_t late = kBase + kHourNs;
  ASSERT_TRUE(put({{"__name__", "early"}}, {{kBase, 1}, {kBase + kSecondNs, 2}}).ok());
  ASSERT_TRUE(put({{"__name__", "late"}}, {{late, 1}, {late + kSecondNs, 2}}).ok());
  const auto check = [&](const char* where) {
    SCOPED_TRACE(where);
    EXPECT_EQ(names_at(0, kBase - 1), Texts{});
    EXPECT_EQ(names_at(late + kSecondNs + 1, INT64_MAX), Texts{});
    EXPECT_EQ(names_at(kBase, late), (Texts{"early", "late"}));
    EXPECT_EQ(names_at(INT64_MIN, INT64_MAX), (Texts{"early", "late"}));
  };
  check("in memory");
  EXPECT_EQ(names_at(kBase, kBase + kSecondNs), Texts{"early"});
  ASSERT_TRUE(store_->flush().ok());
  check("in a segment");
  seal();
  check("in partitions");
  EXPECT_EQ(names_at(late, late), Texts{"late"});
  open();
  check("after a start");
}

}  // namespace
}  // namespace tarsier::samples::test
