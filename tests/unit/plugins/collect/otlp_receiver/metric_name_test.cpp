#include "plugins/collect/otlp_receiver/metric_name.hpp"

#include <gtest/gtest.h>

namespace tarsier::otlp {
namespace {

std::string named(std::string_view name, std::string_view unit, MetricKind kind, Naming naming = {}) {
  auto made = metric_name(name, unit, kind, naming);
  return made ? *made : made.error().message();
}
std::string label(std::string_view name, Naming naming = {}) {
  auto made = label_name(name, naming);
  return made ? *made : made.error().message();
}
constexpr auto kGauge = MetricKind::gauge;

TEST(MetricName, HasUnitAndKindAtItsEnd) {
  EXPECT_EQ(named("http.server.duration", "s", MetricKind::histogram), "http_server_duration_seconds");
  EXPECT_EQ(named("memory.usage", "By", kGauge), "memory_usage_bytes");
  EXPECT_EQ(named("requests", "{request}", MetricKind::counter), "requests_total");
  EXPECT_EQ(named("cpu.utilization", "1", kGauge), "cpu_utilization_ratio");
  EXPECT_EQ(named("hits", "1", MetricKind::counter), "hits_total");
  EXPECT_EQ(named("io", "By/s", MetricKind::up_down_counter), "io_bytes_per_second");
  EXPECT_EQ(named("speed", "m/{turn}", kGauge), "speed_meters");
  EXPECT_EQ(named("odd", "__a-b  /c/d", kGauge), "odd_a_b_per_c_d");
}

TEST(MetricName, SaysNothingTwice) {
  EXPECT_EQ(named("queue.total.length", "", MetricKind::counter), "queue_length_total");
  EXPECT_EQ(named("time_seconds", "s", kGauge), "time_seconds");
  EXPECT_EQ(named("ratio.of.it", "1", kGauge), "of_it_ratio");
}

TEST(MetricName, EscapesWhatPrometheusNamesHadNotInFormerTimes) {
  EXPECT_EQ(named("2xx..rate/x", "%", kGauge), "_2xx_rate_x_percent");
  EXPECT_EQ(named("süß", "", kGauge), "s");
  EXPECT_EQ(named("a:b", "", kGauge), "a:b");
  EXPECT_EQ(named("...", "", kGauge), "of the metric \"...\" no name remains");
}

TEST(MetricName, FollowsTheStrategy) {
  EXPECT_EQ(named("a.b__c", "s", MetricKind::counter, naming_of("UnderscoreEscapingWithoutSuffixes")), "a_b__c");
  EXPECT_EQ(named("a.b", "s", MetricKind::counter, naming_of("NoUTF8EscapingWithSuffixes")), "a.b_seconds_total");
  EXPECT_EQ(named("a.total", "By/s", MetricKind::counter, naming_of("NoUTF8EscapingWithSuffixes")), "a_bytes_per_second_total");
  EXPECT_EQ(named("a.ratio", "1", kGauge, naming_of("NoUTF8EscapingWithSuffixes")), "a_ratio");
  EXPECT_EQ(named("a.b", "s", MetricKind::counter, naming_of("NoTranslation")), "a.b");
}

TEST(LabelName, KeepsWhatIsPlain) {
  EXPECT_EQ(label("http.method"), "http_method");
  EXPECT_EQ(label("a__b"), "a__b");
  EXPECT_EQ(label("1st"), "key_1st");
  EXPECT_EQ(label("_private"), "key_private");
  EXPECT_EQ(label("__reserved__"), "__reserved__");
  EXPECT_EQ(label("ß"), "key_");
  EXPECT_EQ(label("ßß"), "of the label \"ßß\" no name remains");
  EXPECT_EQ(label("http.method", naming_of("NoTranslation")), "http.method");
}

TEST(UnitName, IsInWords) {
  EXPECT_EQ(unit_name("By/s"), "bytes_per_second");
  EXPECT_EQ(unit_name("{request}/h"), "per_hour");
  EXPECT_EQ(unit_name("1"), "");
}

}  // namespace
}  // namespace tarsier::otlp
