#include "plugins/query/promql/api/name_escaping.hpp"

#include <gtest/gtest.h>

namespace tarsier::promql {
namespace {

TEST(NameEscaping, WritesNamesAsTheReaderAsksFor) {
  struct Case {
    std::string_view name, underscores, dots, values;
  };
  const Case cases[] = {{"up_1:x", "up_1:x", "up_1:x", "up_1:x"},
                        {"my.metric_x", "my_metric_x", "my_dot_metric__x", "U__my_2e_metric__x"},
                        {"1a", "_a", "__a", "U___31_a"},
                        {"\xc3\xbc x", "__x", "____x", "U___fc__20_x"},
                        {"a\xff", "a_", "a__", "U__a_FFFD_"}};
  for (const auto& [name, underscores, dots, values] : cases) {
    EXPECT_EQ(escape_name(name, Escaping::kUnderscores, true), underscores) << name;
    EXPECT_EQ(escape_name(name, Escaping::kDots, true), dots) << name;
    EXPECT_EQ(escape_name(name, Escaping::kValues, true), values) << name;
    EXPECT_EQ(escape_name(name, Escaping::kUtf8, true), name);
  }
}

TEST(NameEscaping, IsReadFromAccept) {
  EXPECT_EQ(read_escaping("text/plain;version=0.0.4;escaping=dots"), Escaping::kDots);
  EXPECT_EQ(read_escaping("text/plain; escaping=values;q=0.5, */*"), Escaping::kValues);
  EXPECT_EQ(read_escaping("a/b; escaping=allow-utf-8,text/plain;q=0.5"), Escaping::kUtf8);
  EXPECT_EQ(read_escaping("text/plain;escaping=what"), Escaping::kUnderscores);
  EXPECT_EQ(name_of(Escaping::kValues), "values");
}

}  // namespace
}  // namespace tarsier::promql
