#include "core/telemetry/log_format.hpp"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tarsier::telemetry {
namespace {

constexpr int64_t kTime = 1764067414123456789;  // 2025-11-25T10:43:34.123456789Z

LogRecord record(std::string_view message, std::span<const LogField> fields = {}) {
  return {Level::warn, kTime, "oncall", "pagerduty", message, fields};
}

TEST(LogFormat, WritesTimesInUtcWithMilliseconds) {
  EXPECT_EQ(format_time(kTime), "2025-11-25T10:43:34.123Z");
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999Z");
}

TEST(LogFormat, WritesTextWithFields) {
  const std::array<LogField, 3> fields = {{{"code", "503"}, {"reason", "no \"route\""}, {"empty", ""}}};
  EXPECT_EQ(format_text(record("refused", fields), false),
            "2025-11-25T10:43:34.123Z WARN  oncall: refused code=503 reason=\"no \\\"route\\\"\" empty=\"\"\n");
}

TEST(LogFormat, ColoursTheLevelOnATerminal) {
  EXPECT_EQ(format_text(record("x"), true), "\033[90m2025-11-25T10:43:34.123Z\033[0m \033[33mWARN\033[0m  oncall: x\n");
}

TEST(LogFormat, KeepsAForgedLineOnOneLine) {
  const std::string forged = "a\n2025-11-25T10:43:34.123Z ERROR host: b\r\t\x1b[31m\x07\xff\xc2\x85\xe2\x80\xae";
  EXPECT_EQ(
      format_text(record(forged), false),
      "2025-11-25T10:43:34.123Z WARN  oncall: a\\n2025-11-25T10:43:34.123Z ERROR host: b\\r\\t\\x1b[31m\\x07\\xff\\u0085\\u202e\n");
  const std::array<LogField, 1> fields = {{{"k\n\"", "v\n\" level=\"error"}}};
  const std::string text = format_text(record("m", fields), false);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
}

TEST(LogFormat, WritesJson) {
  const std::array<LogField, 4> fields = {{{"code", "503"}, {"level", "forged"}, {"code", "again"}, {"", "\xff\"\\\x01"}}};
  EXPECT_EQ(format_json(record("line\nbreak", fields)),
            "{\"time\":\"2025-11-25T10:43:34.123Z\",\"level\":\"warn\",\"source\":\"oncall\",\"plugin\":\"pagerduty\",\"message\":"
            "\"line\\nbreak\","
            "\"code\":\"503\",\"level_\":\"forged\",\"code_\":\"again\",\"_\":\"\xef\xbf\xbd\\\"\\\\\\u0001\"}\n");
}

TEST(LogFormat, WritesJournalEntriesThatCannotSetOtherFields) {
  const std::array<LogField, 2> fields = {{{"http-code", "503"}, {"x", "1\nPRIORITY=0"}}};
  EXPECT_EQ(
      format_journal(record("a\nPRIORITY=0", fields)),
      "MESSAGE=oncall: a\\nPRIORITY=0\nPRIORITY=4\nSYSLOG_IDENTIFIER=tarsier\nTARSIER_SOURCE=oncall\nTARSIER_PLUGIN=pagerduty\n"
      "TARSIER_HTTP_CODE=503\nTARSIER_X=1\\nPRIORITY=0\n");
}

TEST(LogFormat, CutsWhatIsTooLong) {
  const std::string text = format_text(record(std::string(kMaxLogText + 10, 'x')), false);
  EXPECT_LT(text.size(), kMaxLogText + 100);
  EXPECT_THAT(text, ::testing::EndsWith("xxx... (cut)\n"));
}

}  // namespace
}  // namespace tarsier::telemetry
