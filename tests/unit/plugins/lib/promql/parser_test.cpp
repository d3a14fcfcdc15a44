#include "plugins/lib/promql/parser.hpp"

#include <gtest/gtest.h>
#include <string>

#include "plugins/lib/promql/printer.hpp"

namespace tarsier::promql {
namespace {

std::string error_of(std::string_view query) {
  auto tree = parse(query);
  return tree ? "no error: " + print(**tree) : tree.error().message();
}

struct Refusal {
  std::string_view query;
  std::string_view error;
};

TEST(Parser, RefusesWithTheOriginalsWordsAndPositions) {
  const Refusal refusals[] = {
      {"", "unknown position: parse error: no expression found in input"},
      {"1+", "1:3: parse error: unexpected end of input"},
      {"*1", "1:1: parse error: unexpected <op:*>"},
      {" ", "1:1: parse error: no expression found in input"},
      {"(1))", "1:5: parse error: unexpected right parenthesis ')'"},
      {"1 2", "1:3: parse error: unexpected number \"2\""},
      {"0deadbeef", "1:1: parse error: bad number or duration syntax: \"0deadbeef\""},
      {"1 =~ 1", "1:3: parse error: unexpected character after '=': '~'"},
      {"1 !~ 1", "1:3: parse error: unexpected character after '!': '~'"},
      {"1}", "1:2: parse error: unexpected character: '}'"},
      {"1]", "1:2: parse error: unexpected right bracket ']'"},
      {"x{a!\"b\"}", "1:4: parse error: unexpected character after '!' inside braces: '\"'"},
      {"1e400", "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"1e400\": value out of range"},
      {"0x8000000000000000",
       "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"0x8000000000000000\": invalid syntax"},
      {"1_", "1:1: parse error: bad number or duration syntax: \"1_\""},
      {"temp[1000000y]", "1:6: parse error: duration out of range"},
      {"temp offset 300y", "1:13: parse error: duration out of range"},
      {"foo[5s/0d]", "1:7: parse error: division by zero"},
      {"foo offset (4d%0)", "1:15: parse error: modulo by zero"},
      {"1m1h", "1:1: parse error: bad number or duration syntax: \"1m1h\""},
      {"\"\\q\"", "1:1: parse error: unknown escape sequence U+0071 'q'"},
      {"\"\\\xc3\xa9\"", "1:1: parse error: unknown escape sequence U+00E9 '\xc3\xa9'"},
      {"'\\x4'", "1:1: parse error: illegal character U+0027 ''' in escape sequence"},
      {"'\\x4g'", "1:1: parse error: illegal character U+0067 'g' in escape sequence"},
      {"'\\400'", "1:1: parse error: escape sequence is an invalid Unicode code point"},
      {"\"\\ud800\"", "1:1: parse error: escape sequence is an invalid Unicode code point"},
      {"1 + \"\xff\"", "1:5: parse error: invalid UTF-8 rune"},
      {"temp @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"},
      {"temp @ 9223372036854775807", "1:1: parse error: timestamp out of bounds for @ modifier: 9223372036854775808.000000"},
      {"1 and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"},
      {"1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"},
      {"foo + bool bar", "1:5: parse error: bool modifier can only be used on comparison operators"},
      {"foo or on(bar) group_left(baz) bar", "1:1: parse error: no grouping allowed for \"or\" operation"},
      {"-\"string\"",
       "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"string\""},
      {"1 offset 1d",
       "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery"},
      {"foo offset 1s offset 2s", "1:1: parse error: offset may not be set multiple times"},
      {"{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"foo{a=b}", "1:7: parse error: unexpected identifier \"b\" in label matching, expected string"},
      {"foo{__name__=\"bar\"}", "1:1: parse error: metric name must not be set twice: \"foo\" or \"bar\""},
      {"(foo + bar)[5m]", "1:12: parse error: ranges only allowed for vector selectors"},
      {"foo[0m]", "1:5: parse error: duration must be greater than 0"},
      {"rate(foo)", "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"},
      {"floor()", "1:1: parse error: expected 1 argument(s) in call to \"floor\", got 0"},
      {"nothing(foo)", "1:1: parse error: unknown function with name \"nothing\""},
      {"topk(foo)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1"},
      {"sum without(==)(foo)", "1:13: parse error: unexpected <op:==> in grouping opts, expected label"},
      {"a - on(b) ignoring(c) d", "1:11: parse error: unexpected <ignoring>"},
      {"foo\n  + +", "2:6: parse error: unexpected end of input"},
  };
  for (const auto& [query, error] : refusals) EXPECT_EQ(error_of(query), error) << query;
}

TEST(Parser, EchoesNoMoreThanALittleOfWhatIsWrong) {
  EXPECT_LT(error_of("0x" + std::string(1000, 'f')).size(), 300U);
  EXPECT_LT(error_of("1 " + std::string(1000, 'x')).size(), 300U);
  EXPECT_LT(error_of(std::string(1000, 'x') + "(1)").size(), 300U);
}

TEST(Parser, TakesTimesThatCannotBeStored) { EXPECT_EQ(error_of("temp @ 1e10"), "no error: temp @ 10000000000.000"); }

TEST(Parser, BindsOperatorsAsTheOriginal) {
  const auto reading = [](std::string_view query) {
    auto tree = parse(query);
    if (!tree || (*tree)->kind != NodeKind::kBinary) return std::string("not a binary expression");
    const auto& node = static_cast<const BinaryNode&>(**tree);
    return print(*node.left) + " | " + std::string(spelling(node.op)) + " | " + print(*node.right);
  };
  EXPECT_EQ(reading("1 + 2 * 3"), "1 | + | 2 * 3");
  EXPECT_EQ(reading("2 ^ 3 ^ 2"), "2 | ^ | 3 ^ 2");
  EXPECT_EQ(reading("10 - 4 - 3"), "10 - 4 | - | 3");
  EXPECT_EQ(reading("a or b and c"), "a | or | b and c");
  EXPECT_EQ(reading("a > 1 or b"), "a > 1 | or | b");
  auto negative = parse("-1 ^ 2");
  ASSERT_TRUE(negative.ok());
  EXPECT_EQ((*negative)->kind, NodeKind::kUnary);
}

TEST(Parser, TakesKeywordsAsNames) {
  for (const std::string_view query :
       {"sum", "offset", "min{by=\"x\"}", "sum(sum) by (by)", "start", "count{bool=\"1\"}", "a{on=\"b\",end=\"c\"}"})
    EXPECT_TRUE(parse(query).ok()) << query << ": " << error_of(query);
}

TEST(Parser, RefusesTreesThatAreTooDeep) {
  EXPECT_NE(error_of(std::string(100000, '(') + "1" + std::string(100000, ')')).find("nested too deeply"), std::string::npos);
  EXPECT_NE(error_of(std::string(100000, '-') + "1").find("nested too deeply"), std::string::npos);
  std::string powers = "2";
  for (int i = 0; i < 100000; ++i) powers += "^2";
  EXPECT_NE(error_of(powers).find("nested too deeply"), std::string::npos);
}

TEST(Parser, TakesAChainOfOperatorsOfAMegabyte) {
  for (const std::string_view link : {"+1", " or a", "*a+1"}) {
    std::string chain = "a";
    while (chain.size() < size_t{1} << 20U) chain += link;
    EXPECT_TRUE(parse(chain).ok()) << link << ": " << error_of(chain);
    chain += "+";
    EXPECT_NE(error_of(chain).find("unexpected end of input"), std::string::npos) << link;
  }
}

TEST(Parser, RefusesAQueryThatIsLongerThanItsLimit) {
  EXPECT_EQ(error_of(std::string(kMaxQueryBytes, ' ') + "1"), "1:1: parse error: expression is longer than 2 MiB");
}

TEST(Parser, ReadsSelectorsForMatchParameters) {
  auto matchers = parse_selector("up{job=~\"a.*\"}");
  ASSERT_TRUE(matchers.ok());
  ASSERT_EQ(matchers->size(), 2U);
  EXPECT_EQ((*matchers)[0].value, "a.*");
  EXPECT_FALSE(parse_selector("up[5m]").ok());
  EXPECT_FALSE(parse_selector("sum(up)").ok());
}

}  // namespace
}  // namespace tarsier::promql
