// Which lists of target groups are taken, and where it says that others are wrong.
#include "plugins/lib/discovery/target_groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tarsier::discovery {
namespace {

using testing::HasSubstr;
using Targets = std::vector<TargetLabels>;
using Parse = Result<Targets> (*)(std::string_view, const TargetLabels&);

Targets taken(Parse parse, std::string_view text, const TargetLabels& extra = {}) {
  auto targets = parse(text, extra);
  EXPECT_TRUE(targets.ok()) << text << ": " << targets.error().message();
  return targets ? *targets : Targets{};
}
std::string why(Parse parse, std::string_view text) {
  const auto targets = parse(text, {});
  return targets ? "taken" : targets.error().message();
}

const Targets kTwoGroups = {{{"__address__", "a:1"}, {"env", "prod"}, {"n", "1"}},
                            {{"__address__", "b:1"}, {"env", "prod"}, {"n", "1"}},
                            {{"__address__", "c:1"}}};

TEST(TargetGroups, JsonAndYamlSayTheSame) {
  EXPECT_EQ(taken(parse_json_groups,
                  R"([{"targets": ["a:1", "b:1"], "labels": {"env": "prod", "n": "1"}}, {"Targets": ["c:1"], "labels": null}])"),
            kTwoGroups);
  EXPECT_EQ(taken(parse_yaml_groups, "- targets: [a:1, 'b:1']\n  labels:\n    env: prod\n    n: 1\n- targets:\n  - c:1\n"),
            kTwoGroups);
}

TEST(TargetGroups, NothingIsAList) {
  for (const char* text : {"[]", " null ", "[{}]", R"([{"targets": null}])"}) EXPECT_EQ(taken(parse_json_groups, text), Targets{});
  for (const char* text : {"", "# nothing\n", "[]", "- labels: {a: b}\n", "- targets:\n"})
    EXPECT_EQ(taken(parse_yaml_groups, text), Targets{});
}

TEST(TargetGroups, WhereItWasFoundAndTheAddressWinOverLabels) {
  const Targets expected = {{{"__address__", "a:1"}, {"__meta_filepath", "/f"}, {"__metrics_path__", "/m"}}};
  const TargetLabels extra = {{"__meta_filepath", "/f"}};
  EXPECT_EQ(taken(parse_json_groups,
                  R"([{"labels":{"__address__":"x","__meta_filepath":"y","__metrics_path__":"/m"},"targets":["a:1"]}])", extra),
            expected);
  EXPECT_EQ(
      taken(parse_yaml_groups, "[{labels: {__address__: x, __meta_filepath: y, __metrics_path__: /m}, targets: [a:1]}]", extra),
      expected);
}

TEST(TargetGroups, JsonEscapesMeanWhatGoReads) {
  const auto read = taken(parse_json_groups, R"([{"targets": ["\u0041\/\n\ud83d\ude00\ud83dx\udc00\ud800\u0041\\\""]}])");
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].at("__address__"),
            "A/\n\xf0\x9f\x98\x80\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd"
            "A\\\"");
}

TEST(TargetGroups, BrokenJsonIsToldByLineAndColumn) {
  EXPECT_EQ(why(parse_json_groups, ""), "1:1: expected a list of target groups, found the end");
  EXPECT_EQ(why(parse_json_groups, R"({"targets": []})"), "1:1: expected a list of target groups");
  EXPECT_EQ(why(parse_json_groups, "[\n {\"targets\": [1]}]"), "2:15: expected an address: \"host:port\"");
  EXPECT_EQ(why(parse_json_groups, "[\n {\"targets\": \"a\"}]"), "2:14: expected a list of addresses");
  EXPECT_EQ(why(parse_json_groups, "[\n\n null]"), "3:2: a target group is null");
  EXPECT_EQ(why(parse_json_groups, R"([{"target": []}])"),
            "1:3: unknown field \"target\": a target group has \"targets\" and \"labels\"");
  EXPECT_EQ(why(parse_json_groups, R"([{"labels": {"": "x"}}])"), "1:14: \"\" is not a valid label name");
  EXPECT_EQ(why(parse_json_groups, R"([{"labels": {"a": 1}}])"), "1:19: expected the value of a label, a string");
  EXPECT_EQ(why(parse_json_groups, R"([{"labels": {"a": "b",}}])"), "1:23: expected the name of a label");
  EXPECT_EQ(why(parse_json_groups, "[]]"), "1:3: nothing may follow the list");
  EXPECT_EQ(why(parse_json_groups, std::string_view("[]\0", 3)), "1:3: unexpected character");
  EXPECT_EQ(why(parse_json_groups, "[{}"), "1:4: expected ',' or ']', found the end");
  EXPECT_EQ(why(parse_json_groups, "[{\"targets\": [\"a\xff\"]}]"),
            "1:16: a string with bytes that are not UTF-8, or with control characters");
  EXPECT_EQ(why(parse_json_groups, R"([{"targets": ["\x41"]}])"), "1:17: an escape that JSON does not have");
  EXPECT_EQ(why(parse_json_groups, R"([{"targets": ["a)"), "1:16: a string does not end");
}

TEST(TargetGroups, BrokenYamlIsToldByLineAndColumn) {
  EXPECT_EQ(why(parse_yaml_groups, "targets: [a]\n"), "1:1: expected a list of target groups");
  EXPECT_EQ(why(parse_yaml_groups, "- targets: [a]\n- a\n"), "2:3: expected a target group: a mapping with targets and labels");
  EXPECT_EQ(why(parse_yaml_groups, "- targets: [a]\n-\n"), "3:1: a target group is null");
  EXPECT_EQ(why(parse_yaml_groups, "- targets: a\n"), "1:12: targets: expected a list of addresses");
  EXPECT_EQ(why(parse_yaml_groups, "- targets: [a]\n  label: {}\n"),
            "2:3: unknown field \"label\": a target group has targets and labels");
  EXPECT_EQ(why(parse_yaml_groups, "- targets: [a]\n  targets: [b]\n"), "2:3: field \"targets\" is given twice");
  EXPECT_EQ(why(parse_yaml_groups, "- labels: {a: 1, a: 2}\n"), "1:18: label \"a\" is given twice");
  EXPECT_EQ(why(parse_yaml_groups, "- labels: {a: [1]}\n"), "1:15: labels: expected a string");
  EXPECT_THAT(why(parse_yaml_groups, "- targets: [a\n"), HasSubstr("2:1: "));
}

TEST(TargetGroups, AFewLinesCannotStandForTooMuch) {
  std::string text = "- labels: &l {a: " + std::string(1 << 20, 'x') + "}\n  targets: &t [";
  for (int i = 0; i < 300; ++i) text += "a,";
  EXPECT_THAT(why(parse_yaml_groups, text + "a]\n"), HasSubstr("1:3: more than 1048576 targets, or labels of more than 256 MiB"));
  std::string many = "- targets: &t [";
  for (int i = 0; i < 4000; ++i) many += "a,";
  many += "a]\n";
  for (int i = 0; i < 300; ++i) many += "- targets: *t\n";
  EXPECT_THAT(why(parse_yaml_groups, many), HasSubstr(": more than 1048576 targets"));
}

TEST(TargetGroups, DepthIsRefusedAndNotFollowed) {
  EXPECT_NE(why(parse_json_groups, std::string(1'000'000, '[')), "taken");
  EXPECT_NE(why(parse_yaml_groups, std::string(100'000, '[')), "taken");
}

}  // namespace
}  // namespace tarsier::discovery
