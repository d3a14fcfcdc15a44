#include "core/host/start_order.hpp"

#include "gmock/gmock.h"

namespace tarsier::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

StartNode node(std::string name, std::vector<std::string> needs, std::vector<std::string> offers,
               std::vector<std::string> wishes = {}) {
  return {name, name + "-plugin", "/plugins/" + name + ".so", std::move(needs), std::move(wishes), std::move(offers)};
}

TEST(StartOrder, ProvidersComeBeforeTheirConsumers) {
  const auto order = order_start({node("ui", {"http/1", "promql/1"}, {}), node("promql", {"store/1", "http/1"}, {"promql/1"}),
                                  node("net", {}, {"http/1"}), node("samples", {}, {"store/1"})});
  EXPECT_THAT(order.levels, ElementsAre(ElementsAre(2, 3), ElementsAre(1), ElementsAre(0)));
  EXPECT_THAT(order.refused, IsEmpty());
}

TEST(StartOrder, AMissingNeedIsNamedAndTakesItsConsumersWithIt) {
  const auto order =
      order_start({node("rules", {"promql/1"}, {}), node("promql", {"store/1"}, {"promql/1"}), node("node", {}, {})});
  EXPECT_THAT(order.levels, ElementsAre(ElementsAre(2)));
  ASSERT_THAT(order.refused, SizeIs(2));
  EXPECT_EQ(order.refused[0].node, 1U);
  EXPECT_EQ(order.refused[0].reason, "needs store/1, which no configured plugin offers");
  EXPECT_EQ(order.refused[1].reason, "needs promql/1 of promql, which cannot start");
}

TEST(StartOrder, AllMissingNeedsAreNamedAtOnce) {
  const auto order = order_start({node("a", {"x/1", "s/1", "y/1"}, {"a/1"}), node("s", {}, {"s/1"}), node("b", {"z/1"}, {"b/1"}),
                                  node("c", {"a/1", "s/1", "b/1"}, {})});
  ASSERT_THAT(order.refused, SizeIs(3));
  EXPECT_EQ(order.refused[0].reason, "needs x/1, y/1, which no configured plugin offers");
  EXPECT_EQ(order.refused[2].reason, "needs a/1 of a, b/1 of b, which cannot start");
}

TEST(StartOrder, AnotherProviderMeetsTheNeed) {
  const auto order = order_start({node("a", {"missing/1"}, {"s/1"}), node("b", {}, {"s/1"}), node("c", {"s/1"}, {})});
  EXPECT_THAT(order.levels, ElementsAre(ElementsAre(1), ElementsAre(2)));
}

TEST(StartOrder, ACycleIsNamedWithInstancesAndFiles) {
  const auto order = order_start({node("a", {"y/1"}, {"x/1"}), node("b", {"x/1"}, {"y/1"}), node("c", {"x/1"}, {})});
  ASSERT_THAT(order.refused, SizeIs(3));
  EXPECT_THAT(
      order.refused[0].reason,
      HasSubstr("needs go in a circle: a (a-plugin, /plugins/a.so) needs y/1 of b, b (b-plugin, /plugins/b.so) needs x/1 of a"));
  EXPECT_THAT(order.refused[2].reason, HasSubstr("needs x/1 of a, which cannot start"));
  EXPECT_THAT(order.levels, IsEmpty());
}

TEST(StartOrder, AWishOrdersButDoesNotBind) {
  const auto order = order_start({node("a", {}, {}, {"s/1", "absent/1"}), node("b", {}, {"s/1"})});
  EXPECT_THAT(order.levels, ElementsAre(ElementsAre(1), ElementsAre(0)));
  EXPECT_THAT(order.providers[0], ElementsAre(1));
}

TEST(StartOrder, ACycleThroughAWishIsOpenedThere) {
  const auto order = order_start({node("a", {"y/1"}, {"x/1"}), node("b", {}, {"y/1"}, {"x/1"})});
  EXPECT_THAT(order.refused, IsEmpty());
  EXPECT_THAT(order.levels, ElementsAre(ElementsAre(1), ElementsAre(0)));
}

TEST(StartOrder, ANeedMayNameTheInstance) {
  const auto order = order_start({node("a", {"s/1@c"}, {}), node("b", {}, {"s/1"})});
  ASSERT_THAT(order.refused, SizeIs(1));
  EXPECT_THAT(order.refused[0].reason, HasSubstr("needs s/1@c, which no configured plugin offers"));
}

}  // namespace
}  // namespace tarsier::host
