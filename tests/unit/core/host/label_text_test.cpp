// Labels as a person writes them on a command line.
#include "core/host/cli/doctor/label_text.hpp"

#include <gtest/gtest.h>

namespace tarsier::host::cli {
namespace {

std::string read(std::string_view text) {
  const auto labels = read_label_text(text);
  return labels ? json_of(*labels) : labels.error().message();
}

TEST(LabelText, TakesEveryFormThatIsNotAmbiguous) {
  EXPECT_EQ(read(R"({__address__="a:1",job="x"})"), R"({"__address__":"a:1","job":"x"})");
  EXPECT_EQ(read(R"( a = 'b' , c="d" )"), R"({"a":"b","c":"d"})");
  EXPECT_EQ(read(R"({"a b"="c", })"), R"({"a b":"c"})");
  EXPECT_EQ(read(R"({"a":"b"})"), R"({"a":"b"})") << "JSON";
  EXPECT_EQ(read(R"({a="q\"\\n\n"})"), R"({"a":"q\"\\n\n"})");
  EXPECT_EQ(read("{}"), "{}");
  EXPECT_EQ(read(""), "{}");
}

TEST(LabelText, SaysWhereItCannotBeRead) {
  EXPECT_EQ(read("{a}"), "labels, at character 3: expected = and a value in quotes");
  EXPECT_EQ(read("{a=b}"), "labels, at character 4: expected a value in quotes");
  EXPECT_EQ(read("{a=\"b}"), "labels, at character 7: the quotes do not end");
  EXPECT_EQ(read("{a=\"b\" c=\"d\"}"), "labels, at character 8: expected a comma or the end");
  EXPECT_EQ(read("{a=\"b\"} x"), "labels, at character 9: expected the end");
  EXPECT_EQ(read("=\"b\""), "labels, at character 1: expected the name of a label");
}

}  // namespace
}  // namespace tarsier::host::cli
