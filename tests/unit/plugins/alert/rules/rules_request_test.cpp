#include "plugins/alert/rules/rules_request.hpp"

#include <gtest/gtest.h>

namespace tarsier::rules {
namespace {

std::string refusal(std::string_view form) {
  const auto read = RulesRequest::read(http::Form(form));
  return read ? "taken" : read.error().message();
}

Rule rule(bool alerting, std::string name, std::string_view severity) {
  Rule made;
  made.alerting = alerting;
  made.name = std::move(name);
  if (!severity.empty()) made.labels.push_back({"severity", std::string(severity), nullptr});
  return made;
}

bool wants(std::string_view form, const Rule& rule) {
  const auto read = RulesRequest::read(http::Form(form));
  EXPECT_TRUE(read) << form;
  return read && read->wants(rule);
}

TEST(RulesRequest, SelectsRulesByTheirLabels) {
  const Rule page = rule(true, "Down", "page");
  EXPECT_TRUE(wants("match[]={severity=%22page%22}", page));
  EXPECT_TRUE(wants("match[]={severity=%22other%22}&match[]={severity=~%22p.*%22}", page));
  EXPECT_FALSE(wants("match[]={severity=%22other%22}", page));
  EXPECT_FALSE(wants("match[]={severity=%22page%22}", rule(true, "Down", "")));
  EXPECT_EQ(refusal("match[]={}"), "match[] must contain at least one non-empty matcher");
  EXPECT_EQ(refusal("match[]=sum(temp)"), "1:4: parse error: unexpected \"(\"");
}

TEST(RulesRequest, TakesTypesInAnyCase) {
  EXPECT_TRUE(wants("type=ALERT", rule(true, "a", "")));
  EXPECT_FALSE(wants("type=Record", rule(true, "a", "")));
  EXPECT_EQ(refusal("type=BAD"), "invalid parameter \"type\": not supported value \"bad\"");
}

TEST(RulesRequest, ReadsBooleansAsGo) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true"})
    EXPECT_FALSE(RulesRequest::read(http::Form("exclude_alerts=" + std::string(yes)))->with_alerts()) << yes;
  for (const char* no : {"", "0", "f", "False"})
    EXPECT_TRUE(RulesRequest::read(http::Form("exclude_alerts=" + std::string(no)))->with_alerts()) << no;
  EXPECT_EQ(refusal("exclude_alerts=yes"),
            "invalid parameter \"exclude_alerts\": error converting exclude_alerts: "
            "strconv.ParseBool: parsing \"yes\": invalid syntax");
}

TEST(RulesRequest, PagesOverGroups) {
  const Group first{.file = "f", .name = "a", .rules = {}}, second{.file = "f", .name = "b", .rules = {}};
  const auto page = RulesRequest::read(http::Form("group_limit=1&group_next_token=" + RulesRequest::token_of(second)));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->group_limit(), 1U);
  EXPECT_FALSE(page->begins_at(first));
  EXPECT_EQ(RulesRequest::read(http::Form("group_limit=1&group_next_token=x"))->unknown_token(),
            "invalid parameter \"group_next_token\": invalid group_next_token 'x'. were rule groups changed?");
  EXPECT_TRUE(page->begins_at(second));
  EXPECT_FALSE(RulesRequest::read(http::Form(""))->group_limit());
}

TEST(RulesRequest, RefusesPagesThatCannotBe) {
  EXPECT_EQ(refusal("group_limit=0"), "invalid parameter \"group_limit\": group_limit needs to be greater than 0");
  EXPECT_EQ(refusal("group_limit=abc"),
            "invalid parameter \"group_limit\": group_limit needs to be a valid number: "
            "strconv.ParseInt: parsing \"abc\": invalid syntax");
  EXPECT_EQ(refusal("group_limit=3000000000"),
            "invalid parameter \"group_limit\": group_limit needs to be a valid number: "
            "strconv.ParseInt: parsing \"3000000000\": value out of range");
  EXPECT_EQ(refusal("group_next_token=x"),
            "invalid parameter \"group_next_token\": group_limit needs to be present in order to "
            "paginate over the groups");
}

}  // namespace
}  // namespace tarsier::rules
