#include "plugins/query/promql/api/host_state.hpp"

#include <gtest/gtest.h>

namespace tarsier::promql {
namespace {

TEST(ConfigText, IsTheValueBelowItsHeader) {
  constexpr std::string_view document =
      "[host]\nlevel = \"wrong\"\n\n[host.log]\nlevel = \"in\\\"fo\"\nlevels = 1\n\n[other]\nformat = \"x\"\n";
  EXPECT_EQ(config_text(document, "host.log", "level"), "in\"fo");
  EXPECT_EQ(config_text(document, "host.log", "format"), std::nullopt);
  EXPECT_EQ(config_text(document, "host.log", "levels"), std::nullopt) << "no text";
  EXPECT_EQ(config_text("", "host", "x"), std::nullopt);
}

}  // namespace
}  // namespace tarsier::promql
