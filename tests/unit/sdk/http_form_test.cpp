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

/// A request with a body.
struct Posted {
  explicit Posted(std::string_view content_type, std::string_view query, std::string_view body,
                  uint32_t method = TARSIER_HTTP_POST) {
    type = {str("content-type"), str(content_type)};
    raw.size = sizeof(raw);
    raw.method = method;
    raw.query = str(query);
    raw.body = bytes(body);
    raw.headers = &type;
    raw.header_count = 1;
  }
  Request request() const { return Request(&raw); }

  tarsier_pair type{};
  tarsier_http_request raw{};
};

TEST(Form, TakesTheBodyBeforeTheQuery) {
  const Posted posted("application/x-www-form-urlencoded", "query=5&time=1&match[]=b", "query=1%2B1&match[]=a");
  const Form form(posted.request());
  EXPECT_EQ(form.get("query"), "1+1");
  EXPECT_EQ(form.get("time"), "1");
  EXPECT_EQ(form.all("match[]"), (std::vector<std::string_view>{"a", "b"}));
}

TEST(Form, KnowsFormsByTheirMediaType) {
  for (const char* type : {"application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8",
                           "Application/X-WWW-Form-URLencoded", "application/x-www-form-urlencoded ;;;"})
    EXPECT_EQ(Form(Posted(type, "", "a=1").request()).get("a"), "1") << type;
  for (const char* type : {"application/x-www-form-urlencodedx", "application/json", "", "text/plain"})
    EXPECT_FALSE(Form(Posted(type, "", "a=1").request()).has("a")) << type;
  EXPECT_FALSE(Form(Posted("application/x-www-form-urlencoded", "", "a=1", TARSIER_HTTP_GET).request()).has("a"));
}

TEST(FormFault, NamesTheEscapeThatIsNone) {
  EXPECT_EQ(form_fault("a=1&b=%41+x"), "");
  EXPECT_EQ(form_fault("a=1&b=%zz1"), "invalid URL escape \"%zz\"");
  EXPECT_EQ(form_fault("a=1%&b=2"), "invalid URL escape \"%\"");
  EXPECT_EQ(form_fault("a=1%4"), "invalid URL escape \"%4\"");
  EXPECT_EQ(form_fault("a=1;b=2"), "invalid semicolon separator in query");
}

TEST(FormFault, LooksAtBodyAndQueryAndRefusesMultipart) {
  EXPECT_EQ(form_fault(Posted("application/x-www-form-urlencoded", "b=1", "a=%zz").request()), "invalid URL escape \"%zz\"");
  EXPECT_EQ(form_fault(Posted("application/x-www-form-urlencoded", "b=%qq", "a=1").request()), "invalid URL escape \"%qq\"");
  EXPECT_EQ(form_fault(Posted("application/x-protobuf", "", "%zz").request()), "");
  EXPECT_NE(form_fault(Posted("multipart/form-data; boundary=X", "", "--X--").request()), "");
}

}  // namespace
}  // namespace tarsier::http
