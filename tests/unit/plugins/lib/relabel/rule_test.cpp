// Every action by a table, and what makes a rule invalid.
#include "plugins/lib/relabel/rule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plugins/lib/relabel/support.hpp"

namespace tarsier::relabel {
namespace {

using testing::HasSubstr;

struct Case {
  const char* what;
  Set before;
  RuleText rule;
  Set after;
};

void check(const std::vector<Case>& cases) {
  for (const Case& one : cases) EXPECT_EQ(relabelled(one.before, {one.rule}), one.after) << one.what;
}

TEST(Rule, Replaces) {
  check({
      {"copies by default", {{"a", "x"}}, {.source_labels = {"a"}, .target_label = "b"}, {{"a", "x"}, {"b", "x"}}},
      {"a part",
       {{"a", "foo"}},
       {.source_labels = {"a"}, .regex = "f(.*)", .target_label = "d", .replacement = "ch${1}-ch${1}"},
       {{"a", "foo"}, {"d", "choo-choo"}}},
      {"joined values",
       {{"a", "foo"}, {"b", "bar"}},
       {.source_labels = {"a", "b"}, .regex = "f(.*);(.*)r", .target_label = "a", .replacement = "b$2${1}m"},
       {{"a", "bbaoom"}, {"b", "bar"}}},
      {"another separator",
       {{"a", "1"}, {"b", "2"}},
       {.source_labels = {"a", "b", "none", "a"}, .separator = "", .target_label = "c"},
       {{"a", "1"}, {"b", "2"}, {"c", "121"}}},
      {"nothing without a match",
       {{"a", "boo"}},
       {.source_labels = {"a"}, .regex = "f", .target_label = "b", .replacement = "bar"},
       {{"a", "boo"}}},
      {"a constant", {{"a", "x"}}, {.target_label = "b", .replacement = "bar"}, {{"a", "x"}, {"b", "bar"}}},
      {"an empty result takes the label away",
       {{"a", "x"}, {"b", "y"}},
       {.source_labels = {"a"}, .target_label = "b", .replacement = ""},
       {{"a", "x"}}},
      {"so does an absent source", {{"b", "y"}}, {.source_labels = {"a"}, .target_label = "b"}, {}},
      {"and a group that is not there",
       {{"a", "foo"}, {"f", "baz"}},
       {.source_labels = {"a"}, .regex = "(f).*", .target_label = "$1", .replacement = "$2"},
       {{"a", "foo"}}},
      {"a target from the value",
       {{"a", "some-name-value"}},
       {.source_labels = {"a"}, .regex = "some-([^-]+)-([^,]+)", .target_label = "${1}", .replacement = "${2}"},
       {{"a", "some-name-value"}, {"name", "value"}}},
      {"a target that becomes no name is skipped",
       {{"a", "some-name"}},
       {.source_labels = {"a"}, .target_label = "$2", .replacement = "x"},
       {{"a", "some-name"}}},
      {"a target of any characters",
       {{"a", "x"}},
       {.source_labels = {"a"}, .target_label = "utf-8.läbel", .replacement = "v$1"},
       {{"a", "x"}, {"utf-8.läbel", "vx"}}},
      {"its own source",
       {{"a", "x.y"}},
       {.source_labels = {"a"}, .regex = "(.*)\\.(.*)", .target_label = "a", .replacement = "$2"},
       {{"a", "y"}}},
      {"values of several lines",
       {{"a", "l1\nl2"}},
       {.source_labels = {"a"}, .regex = "(l1).*(?<second>l2)", .target_label = "n_$1", .replacement = "v_$second"},
       {{"a", "l1\nl2"}, {"n_l1", "v_l2"}}},
      {"any case of the action",
       {{"a", "x"}},
       {.source_labels = {"a"}, .target_label = "b", .action = "Replace"},
       {{"a", "x"}, {"b", "x"}}},
  });
}

TEST(Rule, KeepsAndDrops) {
  const Set set = {{"a", "foo"}};
  const auto with = [](const char* action, const char* regex) {
    return RuleText{.source_labels = {"a"}, .regex = regex, .action = action};
  };
  check({
      {"keep what matches", set, with("keep", "f.*"), set},
      {"keep nothing else", set, with("keep", "no"), kDropped},
      {"keep by an absent label", {{"b", "x"}}, with("keep", ".+"), kDropped},
      {"drop what matches", set, with("drop", ".*o.*"), kDropped},
      {"drop nothing else", set, with("drop", "f|o"), set},
      {"drop by an absent label", {{"b", "x"}}, with("drop", ""), kDropped},
  });
}

TEST(Rule, ComparesLabels) {
  const Set set = {{"port", "1"}, {"first", "1"}, {"second", "2"}};
  const auto with = [](const char* action, const char* target) {
    return RuleText{.source_labels = {"port"}, .target_label = target, .action = action};
  };
  check({
      {"keepequal", set, with("keepequal", "first"), set},
      {"keepequal of others", set, with("keepequal", "second"), kDropped},
      {"keepequal with none", set, with("keepequal", "third"), kDropped},
      {"dropequal", set, with("dropequal", "first"), kDropped},
      {"dropequal of others", set, with("dropequal", "second"), set},
      {"dropequal of nothing and nothing", {}, with("dropequal", "third"), kDropped},
  });
}

TEST(Rule, HashesAndChangesCase) {
  check({
      {"hashmod",
       {{"c", "baz"}},
       {.source_labels = {"c"}, .modulus = 1000, .target_label = "d", .action = "hashmod"},
       {{"c", "baz"}, {"d", "976"}}},
      {"hashmod of nothing", {}, {.source_labels = {"c"}, .modulus = 1, .target_label = "d", .action = "hashmod"}, {{"d", "0"}}},
      {"lowercase",
       {{"a", "bAr1Ü"}},
       {.source_labels = {"a"}, .target_label = "b", .action = "lowercase"},
       {{"a", "bAr1Ü"}, {"b", "bar1ü"}}},
      {"uppercase", {{"a", "bAr1ü"}}, {.source_labels = {"a"}, .target_label = "a", .action = "uppercase"}, {{"a", "BAR1Ü"}}},
      {"lowercase of nothing", {{"b", "x"}}, {.source_labels = {"a"}, .target_label = "b", .action = "lowercase"}, {}},
  });
}

TEST(Rule, MapsDropsAndKeepsNames) {
  const Set set = {{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}};
  check({
      {"labelmap",
       set,
       {.regex = "(b.*)", .replacement = "bar_${1}", .action = "labelmap"},
       {{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}, {"bar_b1", "bar"}, {"bar_b2", "baz"}}},
      {"labelmap of meta labels",
       {{"__meta_my_bar", "1"}, {"__meta_other", "2"}},
       {.regex = "__meta_(my.*)", .action = "labelmap"},
       {{"__meta_my_bar", "1"}, {"__meta_other", "2"}, {"my_bar", "1"}}},
      {"labelmap onto one name: the last wins",
       set,
       {.regex = "b.*", .replacement = "a", .action = "labelmap"},
       {{"a", "baz"}, {"b1", "bar"}, {"b2", "baz"}}},
      {"labelmap reads all before it sets one",
       {{"a", "1"}, {"xa", "2"}},
       {.regex = "(.*)a", .replacement = "x${1}a", .action = "labelmap"},
       {{"a", "1"}, {"xa", "1"}, {"xxa", "2"}}},
      {"labeldrop", set, {.regex = "b.*", .action = "labeldrop"}, {{"a", "foo"}}},
      {"labelkeep", set, {.regex = "b.*", .action = "labelkeep"}, {{"b1", "bar"}, {"b2", "baz"}}},
      {"labelkeep of none", set, {.regex = "x", .action = "labelkeep"}, {}},
  });
}

TEST(Rule, StopsAtTheFirstThatDrops) {
  EXPECT_EQ(relabelled({{"a", "foo"}},
                       {{.source_labels = {"a"}, .regex = ".*o.*", .action = "drop"}, {.target_label = "b", .replacement = "x"}}),
            kDropped);
}

struct Wrong {
  RuleText rule;
  const char* key;
  const char* what;
};

TEST(Rule, SaysWhichKeyIsWrong) {
  const Wrong wrongs[] = {
      {{.action = ""}, "action", "relabel action cannot be empty"},
      {{.target_label = "a", .action = "rename"}, "action", "unknown relabel action \"rename\""},
      {{}, "target_label", "relabel configuration for replace action requires 'target_label' value"},
      {{.modulus = 2, .action = "hashmod"},
       "target_label",
       "relabel configuration for hashmod action requires 'target_label' value"},
      {{.action = "Lowercase"}, "target_label", "relabel configuration for lowercase action requires 'target_label' value"},
      {{.target_label = "a", .action = "hashmod"}, "modulus", "relabel configuration for hashmod requires non-zero modulus"},
      {{.target_label = "\xff"}, "target_label", "\"\\xff\" is invalid 'target_label' for replace action"},
      {{.replacement = "", .action = "labelmap"}, "replacement", "\"\" is invalid 'replacement' for labelmap action"},
      {{.target_label = "a", .replacement = "x", .action = "uppercase"},
       "replacement",
       "'replacement' can not be set for uppercase action"},
      {{.target_label = "a", .replacement = "x", .action = "keepequal"},
       "replacement",
       "'replacement' can not be set for keepequal action"},
      {{.regex = "x", .target_label = "a", .action = "dropequal"},
       "regex",
       "dropequal action requires only 'source_labels' and `target_label`, and no other fields"},
      {{.separator = "-", .target_label = "a", .action = "keepequal"},
       "separator",
       "keepequal action requires only 'source_labels' and `target_label`, and no other fields"},
      {{.source_labels = {"a"}, .action = "labeldrop"},
       "source_labels",
       "labeldrop action requires only 'regex', and no other fields"},
      {{.target_label = "a", .action = "labelkeep"}, "target_label", "labelkeep action requires only 'regex', and no other fields"},
      {{.modulus = 1, .action = "labelkeep"}, "modulus", "labelkeep action requires only 'regex', and no other fields"},
  };
  for (const Wrong& wrong : wrongs) {
    const auto fault = find_fault(wrong.rule);
    ASSERT_TRUE(fault) << wrong.what;
    EXPECT_EQ(fault->key, wrong.key) << wrong.what;
    EXPECT_EQ(fault->what, wrong.what);
    EXPECT_EQ(Rule::compile(wrong.rule).error().message(), wrong.what);
  }
  EXPECT_THAT(Rule::compile({.regex = "a(", .target_label = "b"}).error().message(), HasSubstr("missing closing )"));
}

TEST(Rule, TakesWhatUtf8NamesAllow) {
  for (const char* name : {"${3}", "0${3}", "-$3", "a.b", "$"}) EXPECT_FALSE(find_fault({.target_label = name})) << name;
  EXPECT_FALSE(find_fault({.target_label = "${3}", .action = "lowercase"}));
}

TEST(Rule, IsEqualWhenItIsWrittenAlike) {
  EXPECT_EQ(compiled({{.target_label = "a"}}), compiled({{.target_label = "a"}}));
  EXPECT_NE(compiled({{.target_label = "a"}}), compiled({{.target_label = "b"}}));
  EXPECT_EQ(compiled({{.target_label = "a", .action = "REPLACE"}}).front().text().action, "replace");
}

}  // namespace
}  // namespace tarsier::relabel
