// The set that rules work on.
#include "plugins/lib/relabel/labels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tarsier::relabel {
namespace {

using testing::ElementsAre;

TEST(RelabelLabels, KeepsWhatWasThereBeforeInFrontOfWhatIsSet) {
  Labels labels;
  labels.begin_with("a", "1");
  labels.begin_with("b", "2");
  labels.begin_with("c", "3");
  labels.set("a", "4");
  labels.set("d", "5");
  labels.set("a", "6");
  EXPECT_THAT(labels.all(), ElementsAre(Label("b", "2"), Label("c", "3"), Label("a", "6"), Label("d", "5")));
}

TEST(RelabelLabels, TakesAnEmptyValueForNoLabel) {
  Labels labels;
  labels.begin_with("a", "");
  labels.begin_with("b", "2");
  labels.set("c", "");
  labels.set("b", "");
  EXPECT_TRUE(labels.all().empty());
  EXPECT_EQ(labels.get("b"), "");
  labels.set("b", "3");
  labels.remove("nothing");
  EXPECT_THAT(labels.all(), ElementsAre(Label("b", "3")));
}

TEST(RelabelLabels, KeepsTextsWhereTheyAreUntilItIsCleared) {
  Labels labels;
  for (int i = 0; i < 100; ++i) labels.set(labels.keep("n" + std::to_string(i)), labels.keep(std::to_string(i)));
  EXPECT_EQ(labels.get("n7"), "7");
  labels.clear();
  EXPECT_TRUE(labels.all().empty());
}

}  // namespace
}  // namespace tarsier::relabel
