// Groups of series by what a signature takes of their labels.
#include "plugins/query/promql/exec/group_table.hpp"

#include <gtest/gtest.h>

#include "tarsier/result.hpp"

namespace tarsier::promql {
namespace {

class GroupTableTest : public testing::Test {
 protected:
  static std::string group_of(const Signature& signature, std::vector<LabelView> labels) {
    GroupTable table(signature);
    return GroupTable::labels_of(table.key(add(table, labels))).text_form();
  }
  static uint32_t add(GroupTable& table, const std::vector<LabelView>& labels) {
    std::vector<tarsier_pair> pairs;
    for (const auto& [name, value] : labels) pairs.push_back({str(name), str(value)});
    tarsier_series series{};
    series.size = sizeof(series);
    series.label_count = static_cast<uint32_t>(pairs.size());
    series.labels = pairs.data();
    return table.number(series);
  }
  const std::vector<LabelView> labels_ = {{"__name__", "x"}, {"a", "1"}, {"b", ""}, {"c", "3"}, {"d", "4"}};
};

TEST_F(GroupTableTest, TakesTheLabelsThatAreListed) {
  EXPECT_EQ(group_of({true, {"a", "d"}}, labels_), R"({a="1", d="4"})");
  EXPECT_EQ(group_of({true, {"__name__", "c"}}, labels_), R"({__name__="x", c="3"})");
  EXPECT_EQ(group_of({true, {"A", "b", "bb", "e"}}, labels_), "{}");
  EXPECT_EQ(group_of({true, {}}, labels_), "{}");
}

TEST_F(GroupTableTest, TakesAllOthersButTheName) {
  EXPECT_EQ(group_of({false, {"a", "d"}}, labels_), R"({c="3"})");
  EXPECT_EQ(group_of({false, {}}, labels_), R"({a="1", c="3", d="4"})");
  EXPECT_EQ(group_of({false, {"0", "cc", "z"}}, labels_), R"({a="1", c="3", d="4"})");
}

TEST_F(GroupTableTest, NumbersGroupsAsTheyAppear) {
  const Signature by_a = {true, {"a"}};
  GroupTable table(by_a);
  EXPECT_EQ(add(table, {{"a", "1"}, {"b", "x"}}), 0U);
  EXPECT_EQ(add(table, {{"a", "2"}}), 1U);
  EXPECT_EQ(add(table, {{"a", "1"}}), 0U);
  EXPECT_EQ(add(table, {{"b", "1"}}), 2U) << "without the label";
  EXPECT_EQ(add(table, {{"a", ""}}), 2U) << "an empty label is none";
  EXPECT_EQ(table.number(table.key(1)), 1U);
  EXPECT_EQ(table.size(), 3U);
}

TEST_F(GroupTableTest, TellsApartWhatIsTheSameTextInARow) {
  const Signature without = {false, {}};
  GroupTable table(without);
  EXPECT_NE(add(table, {{"a", "bc"}}), add(table, {{"ab", "c"}}));
  EXPECT_NE(add(table, {{"a", std::string_view("\0\0\0\0", 4)}}), add(table, {{"a", std::string_view("\0", 1)}}));
}

}  // namespace
}  // namespace tarsier::promql
