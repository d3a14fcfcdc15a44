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

}  // namespace
}  // namespace tarsier::promql
