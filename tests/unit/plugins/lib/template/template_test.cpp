#include <gtest/gtest.h>

#include "plugins/lib/template/execute.hpp"

namespace tarsier::tmpl {
namespace {

const Value& labels() {
  static const Value kLabels = Value::map({{"instance", "web-1:9100"}, {"job", "node"}});
  return kLabels;
}

std::string render(const std::string& text, Environment environment = {}) {
  static constexpr std::string_view kVariables[] = {"$labels", "$value"};
  const auto parsed = parse(text, kVariables);
  if (!parsed) return "parse error: " + parsed.error().message();
  const Value data = Value::map({{"Labels", labels()}, {"Value", Value(0.25)}, {"List", Value::list({Value("a"), Value("b")})}});
  auto out = execute(*parsed, data, {{"$labels", labels()}, {"$value", Value(0.25)}}, environment);
  return out ? *out : "error: " + out.error().message();
}

struct Case {
  const char* text;
  const char* expected;
};

class Renders : public testing::TestWithParam<Case> {};

TEST_P(Renders, AsGoDoes) { EXPECT_EQ(render(GetParam().text), GetParam().expected) << GetParam().text; }

INSTANTIATE_TEST_SUITE_P(
    Actions, Renders,
    testing::Values(
        Case{"plain", "plain"}, Case{"{{ $labels.instance }} of {{ .Labels.job }}: {{ $value }}", "web-1:9100 of node: 0.25"},
        Case{"{{ $labels.absent }}", ""}, Case{"a {{- \" b \" -}} c", "a b c"}, Case{"x{{/* a comment */}}y", "xy"},
        Case{"{{ if gt $value 0.1 }}high{{ else }}low{{ end }}", "high"},
        Case{"{{ if false }}1{{ else if true }}2{{ else }}3{{ end }}", "2"},
        Case{"{{ range $i, $e := .List }}{{ $i }}={{ $e }};{{ end }}", "0=a;1=b;"},
        Case{"{{ range .List }}{{ . }}{{ break }}{{ end }}", "a"}, Case{"{{ range .None }}x{{ else }}none{{ end }}", "none"},
        Case{"{{ with .Labels }}{{ .job }}{{ end }}", "node"}, Case{"{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"},
        Case{"{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" \"q\" }}", "<q>"},
        Case{"{{ and true 0 \"x\" }} {{ or 0 \"y\" }} {{ not false }}", "0 y true"},
        Case{"{{ printf \"%.2f %s %d%%\" 1.005 \"a\" 7 }}", "1.00 a 7%"},
        Case{"{{ (printf \"%s\" \"x\") | toUpper | printf \"[%s]\" }}", "[X]"}, Case{"{{ len .List }} {{ index .List 1 }}", "2 b"},
        Case{"{{ eq 1 2 1 }} {{ ne \"a\" \"b\" }} {{ le 1 1.5 }}", "true true true"}));

INSTANTIATE_TEST_SUITE_P(Functions, Renders,
                         testing::Values(Case{"{{ humanize 1234567 }} {{ humanize 0.001234 }} {{ humanize 0 }}", "1.235M 1.234m 0"},
                                         Case{"{{ humanize1024 1048576 }} {{ humanize1024 0.5 }}", "1Mi 0.5"},
                                         Case{
                                             "{{ humanizeDuration 3661 }} {{ humanizeDuration 0.0012 }} {{ humanizeDuration 899 }}",
                                             "1h 1m 1s 1.2ms 14m 59s"},
                                         Case{"{{ humanizePercentage 0.1234567 }}", "12.35%"},
                                         Case{"{{ humanizeTimestamp 1435781451.781 }}", "2015-07-01 20:10:51.781 +0000 UTC"},
                                         Case{"{{ reReplaceAll \"(.*):.*\" \"$1\" $labels.instance }}", "web-1"},
                                         Case{"{{ match \"^web\" $labels.instance }}", "true"},
                                         Case{"{{ stripPort \"h:9100\" }} {{ stripDomain \"a.b.c:1\" }}", "h a:1"},
                                         Case{"{{ title \"disk full\" }} {{ parseDuration \"1h30m\" }}", "Disk Full 5400"},
                                         Case{"{{ \"up == 0\" | urlquery }}", "up+%3D%3D+0"}));

INSTANTIATE_TEST_SUITE_P(
    Errors, Renders,
    testing::Values(Case{"{{ if }}", "parse error: 1:7: missing value"},
                    Case{"{{ nosuch 1 }}", "parse error: 1:4: function \"nosuch\" is not defined"},
                    Case{"a\n{{ if true }}", "parse error: 2:14: {{if}} without {{end}}"},
                    Case{"{{ \"open }}", "parse error: 1:4: unclosed string"},
                    Case{"{{ end }}", "parse error: 1:8: unexpected {{end}}"},
                    Case{"{{ $nosuch }}", "parse error: 1:4: undefined variable \"$nosuch\""},
                    Case{"{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}", "parse error: 1:39: undefined variable \"$x\""},
                    Case{"{{ $x = 1 }}", "parse error: 1:4: undefined variable \"$x\""},
                    Case{"{{ $x := 1 }}{{ define \"t\" }}{{ $x }}{{ end }}", "parse error: 1:33: undefined variable \"$x\""},
                    Case{"{{ humanize \"x\" }}", "error: 1:4: humanize: expected a number, got string \"x\""}));

TEST(Template, AsksForSamplesThroughQuery) {
  Environment environment;
  environment.query = [](const std::string& expression) -> Result<Value> {
    EXPECT_EQ(expression, "up");
    return Value::list({Value::map({{"Labels", labels()}, {"Value", Value(3.0)}})});
  };
  EXPECT_EQ(render("{{ with query \"up\" }}{{ . | first | value }} {{ . | first | label \"job\" }}{{ end }}", environment),
            "3 node");
}

TEST(Template, EndsHostileOnes) {
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "{{ if true }}";
  EXPECT_NE(render(deep).find("nested too deeply"), std::string::npos);
  EXPECT_NE(render("{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}").find("64 deep"), std::string::npos);
}

}  // namespace
}  // namespace tarsier::tmpl
