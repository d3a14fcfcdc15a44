#include "plugins/query/promql/api/host_state.hpp"

#include <gtest/gtest.h>

namespace tarsier::promql {
namespace {

TEST(ConfigText, IsTheValueBelowItsHeader) {
  constexpr std::string_view document =
      "[host]\nlevel = \"wrong\"\n\n[host.log]\nlevel = \"in\\\"fo\"\nlevels = 1\n\n[other]\nformat = \"x\"\n";
  EXPECT_EQ(config_text(document, "host.log", "level"), "in\"fo");
  EXPECT_EQ(config_text(document, "host.log", "format"), std::nullopt);
  EXPECT_EQ(config_text(document, "host.log", "levels"), std::nullopt) << "no text";
  EXPECT_EQ(config_text("", "host", "x"), std::nullopt);
}

/// What a host of that build_json is read as.
Result<HostState> state_of(const char* build_json) {
  tarsier_control control{};
  control.size = sizeof(control);
  control.build_json = [](const tarsier_host* raw, tarsier_sink out) {
    out.write(out.user, bytes(static_cast<const char*>(raw->ctx)));
  };
  tarsier_host raw{};
  raw.ctx = const_cast<char*>(build_json);
  Host host(&raw);
  host.control = &control;
  return HostState::of(host);
}

TEST(HostState, IsWhatTheHostTellsOfItself) {
  const auto state = state_of(
      R"({"version":"0.1.0","revision":"7dfd6e6c","built":"2026-11-29T06:39:10Z","started_at":"2026-11-29T07:00:00Z","config_ok":false})");
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(state->revision, "7dfd6e6c");
  EXPECT_EQ(state->built_at, "2026-11-29T06:39:10Z");
  EXPECT_EQ(state->started_at, "2026-11-29T07:00:00Z");
  EXPECT_EQ(state->config_ok, false);
  EXPECT_EQ(state_of("{}")->config_ok, std::nullopt) << "an older host does not say";
  EXPECT_FALSE(state_of("[1"));
}

TEST(BuildDate, IsWrittenAsPrometheusDoes) {
  EXPECT_EQ(build_date("2026-11-29T06:39:10Z"), "20261129-06:39:10");
  EXPECT_EQ(build_date(""), "");
}

}  // namespace
}  // namespace tarsier::promql
