#include "plugins/lib/promql/printer.hpp"

#include <gtest/gtest.h>

#include "plugins/lib/promql/parser.hpp"

namespace tarsier::promql {
namespace {

std::string printed(std::string_view query) {
  auto tree = parse(query);
  return tree ? print(**tree) : tree.error().message();
}

TEST(Printer, WritesTheCanonicalForm) {
  EXPECT_EQ(printed("sum by(code)(task:errors:rate10s{job=\"s\"})"), "sum by (code) (task:errors:rate10s{job=\"s\"})");
  EXPECT_EQ(printed("sum(x) without(a,)"), "sum without (a) (x)");
  EXPECT_EQ(printed("a -ignoring(b) group_left c"), "a - ignoring (b) group_left () c");
  EXPECT_EQ(printed("up > bool 0"), "up > bool 0");
  EXPECT_EQ(printed("a offset 1h30m"), "a offset 1h30m");
  EXPECT_EQ(printed("a offset -7m @ 10"), "a @ 10.000 offset -7m");
  EXPECT_EQ(printed("rate(a[300])"), "rate(a[5m])");
  EXPECT_EQ(printed("a[1h:5m] @ end()"), "a[1h:5m] @ end()");
  EXPECT_EQ(printed("-1e23"), "-100000000000000000000000");
  EXPECT_EQ(printed("1.25e16"), "12500000000000000");
  EXPECT_EQ(printed("{\"my.name\",\"a.b\"='c'}"), "{\"a.b\"=\"c\",__name__=\"my.name\"}");
  EXPECT_EQ(printed("1e3 + 0x1F + 5m + Inf"), "1000 + 31 + 5m + +Inf");
}

TEST(Printer, WritesDurationsAsTheOriginal) {
  EXPECT_EQ(printed("foo[11s+10s-5*2^2]"), "foo[11s + 10s - 5 * 2 ^ 2]");
  EXPECT_EQ(printed("foo[5m+30]"), "foo[5m + 30]");
  EXPECT_EQ(printed("foo[5]"), "foo[5s]");
  EXPECT_EQ(printed("foo[1.5]"), "foo[1s500ms]");
  EXPECT_EQ(printed("1d1h1m1s1ms"), "1d1h1m1s1ms");
  EXPECT_EQ(printed("1y2w"), "379d");
  EXPECT_EQ(printed("365d"), "1y");
  EXPECT_EQ(printed("1w1d"), "8d");
  EXPECT_EQ(printed("36h"), "1d12h");
  EXPECT_EQ(printed("foo offset (5m)"), "foo offset 5m");
  EXPECT_EQ(printed("foo offset -(5m)"), "foo offset -5m");
  EXPECT_EQ(printed("foo offset (-1m)"), "foo offset -1m");
  EXPECT_EQ(printed("foo offset 0"), "foo");
  EXPECT_EQ(printed("foo[(-2)^2]"), "foo[(-2) ^ 2]");
  EXPECT_EQ(printed("foo @ 3.3335"), "foo @ 3.334");
  EXPECT_EQ(printed("foo offset (1m*2)"), "foo offset (1m * 2)");
}

TEST(Printer, PrintsWhatItPrintedAgain) {
  for (const std::string_view query :
       {"-a ^ 2", "(-1) ^ 2", "a[5m:] offset -1m", "x{a!=\"\\n\\\"\"}", "count_values(\"v\", a)",
        "label_join(a, \"b\", \",\", \"c\")", "a * on (b) group_right (c) d", "a[5m + step()]", "limitk(2, a)", "a + fill (0) b"}) {
    const std::string once = printed(query);
    EXPECT_EQ(printed(once), once) << query;
  }
}

TEST(Printer, BreaksLongQueriesOverLines) {
  auto tree = parse(
      "sum by (job) (rate(http_requests_total{job=\"api-server\", handler=\"/api/v1/query_range\"}[5m])) / sum(rate(x_total[5m]))");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(print_pretty(**tree),
            "  sum by (job) (rate(http_requests_total{handler=\"/api/v1/query_range\",job=\"api-server\"}[5m]))\n/\n"
            "  sum(rate(x_total[5m]))");
}

TEST(Printer, BreaksAChainWhereItsLineIsFull) {
  const std::string long_name(60, 'x');
  auto tree = parse("a + b + " + long_name + " + " + long_name + " + c");
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(print_pretty(**tree), "    a + b + " + long_name + "\n  +\n    " + long_name + "\n+\n  c");
}

TEST(Printer, TakesAChainOfOperatorsOfAMegabyte) {
  std::string chain = "1";
  while (chain.size() < size_t{1} << 20U) chain += " + 1";
  auto tree = parse(chain);
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(print(**tree), chain);
  EXPECT_TRUE(parse(print_pretty(**parse(chain.substr(0, 4001)))).ok());
}

}  // namespace
}  // namespace tarsier::promql
