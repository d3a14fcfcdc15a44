#include "plugins/query/promql/api/tree_json.hpp"

#include <gtest/gtest.h>

#include "plugins/lib/promql/parser.hpp"

namespace tarsier::promql {
namespace {

std::string tree_of(std::string_view query) {
  const auto tree = parse(query);
  if (!tree) return tree.error().message();
  json::Writer json;
  write_tree(json, **tree);
  return json.text();
}

constexpr std::string_view kUp =
    R"({"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":0,"offsetExpr":null,)"
    R"("smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"})";

TEST(TreeJson, ShowsLiterals) {
  EXPECT_EQ(tree_of("1e3"), R"({"type":"numberLiteral","val":"1000"})");
  EXPECT_EQ(tree_of("-Inf"), R"({"type":"numberLiteral","val":"-Inf"})");
  EXPECT_EQ(tree_of("\"a\""), R"({"type":"stringLiteral","val":"a"})");
}

TEST(TreeJson, ShowsSelectorsWithTheirTimes) {
  EXPECT_EQ(tree_of("up"), kUp);
  EXPECT_EQ(tree_of("x[5m] @ 1.5 offset -1m"),
            R"({"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"x"}],"name":"x","offset":-60000,)"
            R"("offsetExpr":null,"range":300000,"rangeExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":1500,)"
            R"("type":"matrixSelector"})");
  EXPECT_NE(tree_of("x smoothed @ end()").find(R"("smoothed":true,"startOrEnd":"end")"), std::string::npos);
  EXPECT_NE(tree_of("x[1m + 5]")
                .find(R"("range":0,"rangeExpr":{"lhs":{"duration":true,"type":"numberLiteral","val":"60"},"op":"+",)"
                      R"("rhs":{"duration":false,"type":"numberLiteral","val":"5"},"type":"durationExpr","wrapped":false})"),
            std::string::npos);
}

TEST(TreeJson, ShowsOperatorsWithWhatTheyMatch) {
  const std::string up(kUp);
  EXPECT_EQ(tree_of("up > bool 1"), R"({"bool":true,"lhs":)" + up + R"(,"matching":null,"op":">","rhs":)" +
                                        R"({"type":"numberLiteral","val":"1"},"type":"binaryExpr"})");
  EXPECT_EQ(tree_of("up * on (a) group_left (b) up"),
            R"({"bool":false,"lhs":)" + up + R"(,"matching":{"card":"many-to-one","fillValues":{"lhs":null,"rhs":null},)" +
                R"("include":["b"],"labels":["a"],"on":true},"op":"*","rhs":)" + up + R"(,"type":"binaryExpr"})");
}

TEST(TreeJson, ShowsCallsAndAggregations) {
  const std::string up(kUp);
  EXPECT_EQ(tree_of("topk without (a) (3, up)"),
            R"({"expr":)" + up + R"(,"grouping":["a"],"op":"topk","param":{"type":"numberLiteral","val":"3"},)" +
                R"("type":"aggregation","without":true})");
  EXPECT_EQ(tree_of("round(up)"), R"({"args":[)" + up +
                                      R"(],"func":{"argTypes":["vector","scalar"],"name":"round","returnType":"vector",)" +
                                      R"("variadic":1},"type":"call"})");
}

TEST(TreeJson, WritesChainsOfAnyLength) {
  std::string query = "1";
  for (int i = 0; i < 100000; ++i) query += "+1";
  EXPECT_GT(tree_of(query).size(), query.size());
}

}  // namespace
}  // namespace tarsier::promql
