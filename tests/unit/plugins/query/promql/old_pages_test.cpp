#include <gtest/gtest.h>

#include "plugins/query/promql/api/handlers.hpp"

namespace tarsier::promql {
namespace {

TEST(OldPages, LeadFromTheLinkOfAnAlertToItsQuery) {
  EXPECT_EQ(old_page_target("/graph", "g0.expr=up%7Ba%3D%22b%22%7D+%3D%3D+0&g0.tab=1"),
            "/api/v1/query?query=up%7Ba%3D%22b%22%7D+%3D%3D+0");
  EXPECT_EQ(old_page_target("/query", "g0.tab=1&g0%2Eexpr=up"), "/api/v1/query?query=up");
}

TEST(OldPages, LeadToTheAnswerOnTheirSubject) {
  EXPECT_EQ(old_page_target("/alerts", "search=x"), "/api/v1/alerts");
  EXPECT_EQ(old_page_target("/tsdb-status", ""), "/api/v1/status/tsdb");
  EXPECT_EQ(old_page_target("/", ""), "/api/v1/status/buildinfo");
}

}  // namespace
}  // namespace tarsier::promql
