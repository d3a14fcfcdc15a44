// Names and values of labels that series have which match: the same from the head and from a partition as from asking every series.
#include <malloc.h>
#include <random>
#include <set>

#include "store_fixture.hpp"

#ifdef __SANITIZE_ADDRESS__
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'990'000 * kSecondNs;
using Texts = std::vector<std::string>;

size_t allocated_bytes() {
#ifdef __SANITIZE_ADDRESS__
  return __sanitizer_get_current_allocated_bytes();
#else
  return mallinfo2().uordblks;
#endif
}

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
    std::set<std::string> texts;
    const auto use = [&](uint32_t symbol) -> Result<bool> { return texts.emplace(*index.text(symbol)), true; };
    EXPECT_TRUE((name.empty() ? names_of(index, &*series, use) : values_of(index, name, &*series, use)).ok());
    return {texts.begin(), texts.end()};
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

TEST_F(LabelListingTest, GivesTheFirstOnesUpToALimit) {
  open();
  fill();
  const auto check = [&](const char* where) {
    for (const auto& matching : questions_) {
      for (const std::string& name : names_) {
        for (const uint64_t most : {1U, 3U, 2000U}) {
          SCOPED_TRACE(where + (" " + name) + " up to " + std::to_string(most));
          Texts first = expected(matching, name);
          first.resize(std::min<size_t>(first.size(), most));
          const auto matchers = compile(matching);
          const auto found =
              name.empty() ? store_->label_names(matchers, {}, most) : store_->label_values(name, matchers, {}, most);
          ASSERT_EQ(*found, first);
        }
      }
    }
  };
  check("in memory");
  seal();
  check("in a partition");
  now_ += 4 * kHourNs;
  batch::SamplesBuilder again;
  for (size_t i = 0; i < sets_.size(); i += 2) add(again, sets_[i], {{kBase + kHourNs * 3, 1}});
  ASSERT_TRUE((*write(again))->ok());
  check("in memory and in a partition");
}

/// Lists series as a reader of the service does.
class SeriesListingTest : public LabelListingTest {
 protected:
  /// `on_each` is called with each, and as often as the store asks whether to go on.
  std::vector<LabelSet> list(uint64_t limit, std::function<void()> on_each = [] {}) {
    std::pair<std::vector<LabelSet>, std::function<void()>> told = {{}, std::move(on_each)};
    tarsier_select select = select_of(any_, INT64_MIN, INT64_MAX);
    select.max_series = most_;
    select.cancel = {&told.second, [](void* user) -> int32_t { return (*static_cast<std::function<void()>*>(user))(), 0; }};
    tarsier_error error = empty_error();
    last_status_ = service_->table()->series(
        service_->table()->self, &select, limit, &told,
        [](void* user, const tarsier_series* series) -> int32_t {
          auto& to = *static_cast<decltype(told)*>(user);
          to.first.push_back(label_set(*series));
          to.second();
          return 1;
        },
        &error);
    std::sort(told.first.begin(), told.first.end());
    return told.first;
  }
  const std::vector<Matching> any_ = {{TARSIER_MATCH_NOT_EQUAL, "__name__", ""}};
  uint64_t most_ = 0;
};

TEST_F(SeriesListingTest, TellsEachOnceWhereverItLies) {
  open();
  fill();
  std::vector<LabelSet> whole = sets_;
  std::sort(whole.begin(), whole.end());
  EXPECT_EQ(list(0), whole) << "in memory";
  seal();
  EXPECT_EQ(list(0), whole) << "in a partition";
  for (int part = 1; part < 4; ++part) {
    batch::SamplesBuilder again;
    for (size_t i = 0; i < sets_.size(); i += static_cast<size_t>(part)) add(again, sets_[i], {{kBase + kHourNs * 3 * part, 1}});
    now_ += 3 * kHourNs;
    ASSERT_TRUE((*write(again))->ok());
    if (part != 3) seal();
  }
  EXPECT_EQ(list(0), whole) << "in three partitions and in memory";
  for (const uint64_t limit : {1U, 5U, 2500U, 7000U}) {
    const auto some = list(limit);
    EXPECT_EQ(some.size(), std::min<size_t>(limit, whole.size()));
    EXPECT_EQ(std::adjacent_find(some.begin(), some.end()), some.end()) << "twice";
    EXPECT_TRUE(std::includes(whole.begin(), whole.end(), some.begin(), some.end()));
  }
  most_ = whole.size();
  EXPECT_EQ(list(0), whole);
  --most_;
  (void)list(0);
  EXPECT_EQ(last_status_, TARSIER_RESOURCE);
}

TEST_F(SeriesListingTest, TakesMemoryForWhatIsAskedForOnly) {
  constexpr size_t kMost = 400'000;  // what each of 30,000 takes would be more
  open();
  for (int part = 0; part < 2; ++part) {
    SCOPED_TRACE(part == 0 ? "in memory" : "in a partition");
    batch::SamplesBuilder builder;
    for (int i = 0; i < 30'000 && part == 0; ++i)
      add(builder, {{"__name__", "m"}, {"id", "a text that is too long for a small string " + std::to_string(i)}}, {{kBase, 1}});
    if (part == 0) {
      ASSERT_TRUE((*write(builder))->ok());
    }
    if (part == 1) seal();
    (void)list(10);
    const size_t before = allocated_bytes();
    size_t peak = 0;
    const auto look = [&] { peak = std::max(peak, allocated_bytes()); };
    EXPECT_EQ(list(10, look).size(), 10U);
    EXPECT_LT(peak, before + kMost) << "series";
    peak = 0;
    for (const auto& matching : {std::vector<Matching>{}, {{TARSIER_MATCH_EQUAL, "__name__", "m"}}}) {
      const auto cancelled = [&] { return look(), false; };
      EXPECT_EQ(store_->label_values("id", compile(matching), {}, 10, cancelled)->size(), 10U);
      EXPECT_LT(peak, before + kMost) << "values";
    }
  }
}

TEST_F(SeriesListingTest, EndsWhenItIsCancelled) {
  open();
  fill();
  for (const char* name : {"", "id"}) {
    const auto cancelled = [] { return true; };
    const auto names = *name == 0 ? store_->label_names({}, {}, 0, cancelled) : store_->label_values(name, {}, {}, 0, cancelled);
    ASSERT_FALSE(names.ok());
    EXPECT_EQ(names.error().code(), TARSIER_CANCELLED);
  }
  const auto listed = store_->list_series({}, {}, 0, [] { return true; }, [](uint64_t, Labels) -> Result<bool> { return true; });
  EXPECT_EQ(listed.error().code(), TARSIER_CANCELLED);
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
    const auto add = [&](uint64_t, Labels labels) -> Result<bool> {
      return found.emplace_back(label_value(labels, "__name__")), true;
    };
    EXPECT_TRUE(store_->list_series(any, {start, end}, 0, {}, add).ok());
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
