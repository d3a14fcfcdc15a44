#include <gtest/gtest.h>

#include "tarsier/http.hpp"

namespace tarsier::http {
namespace {

TEST(Form, DecodesEscapesAndPlus) {
  const Form form("query=sum%28rate(x%5B5m%5D))&name=a+b&flag");
  EXPECT_EQ(form.get("query"), "sum(rate(x[5m]))");
  EXPECT_EQ(form.get("name"), "a b");
  EXPECT_TRUE(form.has("flag"));
  EXPECT_EQ(form.get("absent"), "");
}

TEST(Form, KeepsRepeatedNamesInOrder) {
  const Form form("match[]=up&match[]=down&x=1");
  EXPECT_EQ(form.all("match[]"), (std::vector<std::string_view>{"up", "down"}));
}

TEST(Form, LeavesMalformedEscapesAlone) {
  const Form form("a=%zz%4&&=&b=%41");
  EXPECT_EQ(form.get("a"), "%zz%4");
  EXPECT_EQ(form.get("b"), "A");
}

}  // namespace
}  // namespace tarsier::http
