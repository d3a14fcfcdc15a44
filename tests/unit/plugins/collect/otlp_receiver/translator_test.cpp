#include "plugins/collect/otlp_receiver/translator.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "plugins/lib/protobuf_wire/wire_writer.hpp"
#include "tarsier/batch.hpp"

namespace tarsier::otlp {
namespace {

using protobuf::WireWriter;

constexpr uint64_t kNow = 1'700'000'000'123'456'789;
constexpr uint64_t kSecond = 1'000'000'000;

/// WireWriter has no fixed64: bits of a double are the same bytes.
WireWriter& fixed(WireWriter& out, uint32_t number, uint64_t value) { return out.float64(number, std::bit_cast<double>(value)); }

WireWriter attribute(std::string_view key, std::string_view value) {
  return WireWriter().text(1, key).message(2, WireWriter().text(1, value));
}
WireWriter number_point(uint64_t time_ns, double value) {
  WireWriter out;
  return fixed(out, 3, time_ns).float64(4, value);
}
WireWriter gauge(std::string_view name, const WireWriter& point) {
  return WireWriter().text(1, name).message(5, WireWriter().message(1, point));
}
WireWriter request(const WireWriter& resource, const WireWriter& metric) {
  return WireWriter().message(1, WireWriter().message(1, resource).message(2, WireWriter().message(2, metric)));
}

struct Outcome {
  std::vector<std::string> lines;  // name{label="value",...} value @ms
  Refusals refusals;
  std::string error;
};

Outcome translate(const WireWriter& message, const Settings& settings = {}) {
  Outcome outcome;
  batch::SamplesBuilder builder;
  Translator translator(settings, builder, outcome.refusals);
  if (auto read = translator.read(message.bytes()); !read) outcome.error = read.error().message();
  builder.finish(0, [&](batch::Assembly& assembly) {
    std::vector<uint64_t> words(assembly.size() / 8 + 1);
    auto* bytes = reinterpret_cast<uint8_t*>(words.data());
    assembly.write(bytes);
    const std::span<const uint8_t> whole(bytes, assembly.size());
    EXPECT_TRUE(batch::verify(whole).ok());
    const batch::View view(whole);
    const batch::SamplesView samples(view);
    for (uint32_t series = 0; series < samples.series_count(); ++series) {
      std::string labels;
      for (uint32_t i = 0; i < samples.labels().size(series); ++i)
        labels.append(labels.empty() ? "" : ",")
            .append(samples.labels().name(series, i))
            .append("=")
            .append(samples.labels().value(series, i));
      const auto times = samples.times(series);
      const auto values = samples.values(series);
      for (size_t i = 0; i < times.size(); ++i)
        outcome.lines.push_back("{" + labels + "} " + (std::isnan(values[i]) ? "NaN" : std::to_string(values[i])) + " @" +
                                std::to_string(times[i] / 1'000'000) + (times[i] % 1'000'000 == 0 ? "" : "!"));
    }
    return 0;
  });
  return outcome;
}

TEST(Translator, MakesTimesWholeMilliseconds) {
  const auto outcome = translate(request({}, gauge("g", number_point(kNow, 2.5))));
  EXPECT_EQ(outcome.lines, (std::vector<std::string>{"{__name__=g} 2.500000 @1700000000123"}));
}

TEST(Translator, IdentifiesSeriesByTheirResourceWhereverItStands) {
  WireWriter resource;
  resource.message(1, attribute("service.name", "s"))
      .message(1, attribute("service.namespace", "n"))
      .message(1, attribute("host.name", "h"));
  const WireWriter scope = WireWriter().message(2, gauge("g", number_point(kNow, 1)));
  const auto first = translate(WireWriter().message(1, WireWriter().message(1, resource).message(2, scope)));
  EXPECT_EQ(first.lines, (std::vector<std::string>{"{__name__=g,job=n/s} 1.000000 @1700000000123",
                                                   "{__name__=target_info,host_name=h,job=n/s} 1.000000 @1700000000123"}));
  EXPECT_EQ(translate(WireWriter().message(1, WireWriter().message(2, scope).message(1, resource))).lines, first.lines);
}

TEST(Translator, PromotesWhatTheSettingsName) {
  WireWriter resource;
  resource.message(1, attribute("host.name", "h"));
  Settings settings;
  settings.promoted = {"host.name", "absent"};
  EXPECT_EQ(translate(request(resource, gauge("g", number_point(kNow, 1))), settings).lines,
            (std::vector<std::string>{"{__name__=g,host_name=h} 1.000000 @1700000000123"}));
}

TEST(Translator, TellsOfTheTargetAsLongAsItsPointsReach) {
  WireWriter resource;
  resource.message(1, attribute("service.instance.id", "i")).message(1, attribute("a", "b"));
  WireWriter points;
  points.message(1, number_point(kNow - 400 * kSecond, 1)).message(1, number_point(kNow, 2));
  const auto outcome = translate(request(resource, WireWriter().text(1, "g").message(5, points)));
  EXPECT_EQ(outcome.lines.size(), 2U + 4U);  // every 150 s, and at the end
}

TEST(Translator, TellsOfTheTargetOfAMillenniumInReasonableRoom) {
  WireWriter resource;
  resource.message(1, attribute("service.instance.id", "i")).message(1, attribute("a", "b"));
  WireWriter points;
  points.message(1, number_point(1, 1)).message(1, number_point(kNow, 2));
  EXPECT_LT(translate(request(resource, WireWriter().text(1, "g").message(5, points))).lines.size(), 1100U);
}

TEST(Translator, MarksTheEndOfASeries) {
  WireWriter point = number_point(kNow, 7);
  point.varint(8, 1);
  EXPECT_EQ(translate(request({}, gauge("g", point))).lines, (std::vector<std::string>{"{__name__=g} NaN @1700000000123"}));
}

TEST(Translator, RefusesDeltasAndKeepsTheRest) {
  const WireWriter delta =
      WireWriter().text(1, "d").message(7, WireWriter().message(1, number_point(kNow, 1)).varint(2, 1).varint(3, 1));
  const WireWriter scope = WireWriter().message(2, delta).message(2, gauge("g", number_point(kNow, 1)));
  const auto outcome = translate(WireWriter().message(1, WireWriter().message(2, scope)));
  EXPECT_EQ(outcome.lines.size(), 1U);
  EXPECT_EQ(outcome.refusals.points, 1U);
  EXPECT_EQ(outcome.refusals.reasons, "metric \"d\": invalid temporality and type combination");
}

TEST(Translator, RefusesTimesBeyondWhatCanBeStored) {
  const auto outcome = translate(request({}, gauge("g", number_point(UINT64_MAX, 1))));
  EXPECT_TRUE(outcome.lines.empty());
  EXPECT_EQ(outcome.refusals.reasons, "metric \"g\": a time after 2262");
}

TEST(Translator, UsesNothingOfAMalformedRequest) {
  WireWriter cut;
  cut.text(1, "\x12\x05");
  EXPECT_EQ(translate(cut).error, "malformed protobuf in a resource");
}

}  // namespace
}  // namespace tarsier::otlp
