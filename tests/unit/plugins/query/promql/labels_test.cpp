#include "plugins/query/promql/exec/labels.hpp"

#include <gtest/gtest.h>

namespace tarsier::promql {
namespace {

Labels labels(std::vector<LabelView> pairs) { return Labels::from(pairs); }

TEST(Labels, FindsAndComparesPairs) {
  const Labels a = labels({{"__name__", "up"}, {"job", "node"}});
  EXPECT_EQ(a.get("job"), "node");
  EXPECT_EQ(a.get("none"), "");
  EXPECT_EQ(a, labels({{"__name__", "up"}, {"job", "node"}}));
  EXPECT_FALSE(a == labels({{"__name__", "up"}, {"job", "nodf"}}));
  EXPECT_LT(a, labels({{"__name__", "up"}, {"job", "nodf"}}));
  EXPECT_LT(labels({{"__name__", "up"}}), a);
  EXPECT_EQ(a.text_form(), "{__name__=\"up\", job=\"node\"}");
}

TEST(LabelsBuilder, MakesTheSameSetWhateverTheOrderInWhichItIsTold) {
  const Labels base = labels({{"__name__", "up"}, {"job", "node"}, {"zone", "a"}});
  LabelsBuilder builder(base);
  builder.set("zone", "b");
  builder.set("instance", "x");
  builder.set("absent", "");
  builder.remove("__name__");
  EXPECT_EQ(builder.get("zone"), "b");
  EXPECT_EQ(builder.build(), labels({{"instance", "x"}, {"job", "node"}, {"zone", "b"}}));
  builder.set("job", "");
  builder.keep_only({"zone", "job"});
  EXPECT_EQ(builder.build(), labels({{"zone", "b"}}));
}

TEST(LabelIndex, GroupsByWhatTheSignatureTakes) {
  const Signature by_job{true, {"job"}};
  LabelIndex index(&by_job);
  EXPECT_EQ(index.add(labels({{"a", "1"}, {"job", "x"}})), (std::pair<uint32_t, bool>{0, true}));
  EXPECT_EQ(index.add(labels({{"a", "2"}, {"job", "x"}})), (std::pair<uint32_t, bool>{0, false}));
  EXPECT_EQ(index.add(labels({{"a", "2"}})), (std::pair<uint32_t, bool>{1, true}));
  EXPECT_EQ(index.find(labels({{"job", "y"}})), LabelIndex::kNone);
}

TEST(LabelIndex, KeepsItsNumbersWhileItGrows) {
  LabelIndex index;
  std::vector<std::string> values;
  for (int i = 0; i < 1000; ++i) values.push_back(std::to_string(i));
  for (uint32_t i = 0; i < 1000; ++i) EXPECT_EQ(index.add(labels({{"n", values[i]}})).first, i);
  for (uint32_t i = 0; i < 1000; ++i) EXPECT_EQ(index.find(labels({{"n", values[i]}})), i);
}

TEST(Signature, LeavesTheNameOutOfWithout) {
  const Signature without{false, {"instance"}};
  EXPECT_EQ(without.project(labels({{"__name__", "up"}, {"instance", "a"}, {"job", "b"}})), labels({{"job", "b"}}));
}

TEST(Signature, ComparesAndHashesOnlyWhatItTakes) {
  const Labels a = labels({{"__name__", "x"}, {"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
  const Labels b = labels({{"__name__", "y"}, {"b", "2"}, {"bb", "9"}, {"d", "4"}});
  for (const Signature& same :
       {Signature{true, {"b", "d", "z"}}, Signature{true, {"b", "b"}}, Signature{true, {}}, Signature{false, {"a", "bb", "c"}}}) {
    EXPECT_TRUE(same.equal(a, b));
    EXPECT_EQ(same.hash(a), same.hash(b));
    EXPECT_EQ(same.project(a), same.project(b));
  }
  for (const Signature& other : {Signature{true, {"__name__"}}, Signature{true, {"a", "b"}}, Signature{false, {"a", "bb"}}}) {
    EXPECT_FALSE(other.equal(a, b));
    EXPECT_NE(other.hash(a), other.hash(b));
  }
}

}  // namespace
}  // namespace tarsier::promql
