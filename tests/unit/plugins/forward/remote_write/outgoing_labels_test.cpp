// Labels on their way out, and which shard they belong to.
#include "plugins/forward/remote_write/outgoing_labels.hpp"

#include <gtest/gtest.h>

#include "sender_fixture.hpp"
#include "tarsier/flat_set.hpp"

namespace tarsier::forward {
namespace {

using Texts = std::vector<std::pair<std::string, std::string>>;

Texts texts(std::span<const batch::Label> labels) {
  Texts out;
  for (const auto& [name, value] : labels) out.emplace_back(name, value);
  return out;
}

/// "dropped" and "refused" stand for what is not sent.
Texts outgoing(OutgoingLabels& labels) {
  const auto made = labels.outgoing();
  if (!made) return {{"refused", ""}};
  return *made ? texts(**made) : Texts{{"dropped", ""}};
}

relabel::Rule rule(relabel::RuleText text) {
  auto compiled = relabel::Rule::compile(std::move(text));
  EXPECT_TRUE(compiled);
  return *compiled;
}

std::vector<uint64_t> one_series(std::vector<batch::Label> labels) {
  batch::SamplesBuilder builder;
  builder.series(labels);
  builder.sample(1, 1);
  return test::finish(builder);
}

TEST(OutgoingLabels, ExternalLabelsDoNotOverwrite) {
  const auto words = one_series({{"__name__", "m"}, {"region", "own"}, {"z", "1"}});
  const batch::View view(test::bytes_of(words));
  const batch::SamplesView samples(view);
  const Labels external = {{"a", "first"}, {"region", "north"}, {"zz", "last"}};
  OutgoingLabels labels(external);
  ASSERT_TRUE(labels.read(samples, 0));
  EXPECT_EQ(outgoing(labels), (Texts{{"__name__", "m"}, {"a", "first"}, {"region", "own"}, {"z", "1"}, {"zz", "last"}}));
}

TEST(OutgoingLabels, RulesSeeExternalLabelsAndComeLast) {
  const auto words = one_series({{"__name__", "m"}, {"pod_app", "shop"}, {"pod_hash", "7"}});
  const batch::View view(test::bytes_of(words));
  const Labels external = {{"region", "north"}};
  const std::vector<relabel::Rule> rules = {rule({.regex = "pod_(.*)", .action = "labelmap"}),
                                            rule({.regex = "pod_.*", .action = "labeldrop"}),
                                            rule({.source_labels = {"region"}, .target_label = "a", .replacement = "in-$1"})};
  OutgoingLabels labels(external, rules);
  for (int times = 0; times < 2; ++times) {  // by the rules, then from memory
    ASSERT_TRUE(labels.read(batch::SamplesView(view), 0));
    EXPECT_EQ(outgoing(labels), (Texts{{"__name__", "m"}, {"a", "in-north"}, {"app", "shop"}, {"hash", "7"}, {"region", "north"}}));
  }
}

TEST(OutgoingLabels, RulesDropSeriesOrLeaveNothingOfThem) {
  const auto words = one_series({{"__name__", "m"}, {"x", "1"}});
  const batch::View view(test::bytes_of(words));
  const auto with = [&](relabel::RuleText text) {
    const std::vector<relabel::Rule> rules = {rule(std::move(text))};
    const Labels none;
    OutgoingLabels labels(none, rules);
    EXPECT_TRUE(labels.read(batch::SamplesView(view), 0));
    return outgoing(labels);
  };
  EXPECT_EQ(with({.source_labels = {"__name__"}, .regex = "m", .action = "drop"}), (Texts{{"dropped", ""}}));
  EXPECT_EQ(with({.source_labels = {"__name__"}, .regex = "n", .action = "keep"}), (Texts{{"dropped", ""}}));
  EXPECT_EQ(with({.regex = ".*", .action = "labeldrop"}), (Texts{{"refused", ""}}));
  EXPECT_EQ(with({.regex = "x(y?)", .action = "labelmap"}), (Texts{{"refused", ""}})) << "a label without a name";
  EXPECT_EQ(with({.regex = "__name__", .action = "labeldrop"}), (Texts{{"x", "1"}})) << "the receiver says what it thinks of it";
}

TEST(RelabelledLabels, ForgetsWhatWasNotAskedForLately) {
  const std::vector<relabel::Rule> rules = {rule({.source_labels = {"i"}, .target_label = "j"})};
  RelabelledLabels labels(rules, 20'000);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 500; ++i) {
      const std::string number = std::to_string(i);
      const batch::Label own[] = {{"__name__", "m"}, {"i", number}};
      const auto& outcome = labels.of(own, {});
      ASSERT_EQ(outcome.labels.size(), 3U);
      EXPECT_EQ(outcome.labels[2].second, number);
    }
    EXPECT_LE(labels.remembered(), 20'000U / 200);
  }
}

TEST(OutgoingLabels, FlatSetsAreReadAndSorted) {
  std::vector<uint8_t> set;
  append_flat_label(set, "z", "1");
  append_flat_label(set, "__name__", "m");
  append_flat_label(set, "empty", "");
  batch::SamplesBuilder builder;
  builder.flat_series(set);
  builder.sample(1, 1);
  const auto words = test::finish(builder);
  const batch::View view(test::bytes_of(words));
  const batch::SamplesView samples(view);
  OutgoingLabels labels({});
  const auto own = labels.read(samples, 0);
  ASSERT_TRUE(own);
  EXPECT_EQ(texts(*own), (Texts{{"__name__", "m"}, {"z", "1"}}));
}

TEST(OutgoingLabels, TheSameSeriesHasTheSameHashInBothForms) {
  std::vector<uint8_t> set;
  append_flat_label(set, "__name__", "m");
  append_flat_label(set, "i", "7");
  batch::SamplesBuilder builder;
  builder.flat_series(set);
  builder.sample(1, 1);
  const auto flat = test::finish(builder), plain = one_series({{"__name__", "m"}, {"i", "7"}});
  const batch::View a(test::bytes_of(flat)), b(test::bytes_of(plain));
  OutgoingLabels labels({});
  const uint64_t first = series_hash(*labels.read(batch::SamplesView(a), 0));
  EXPECT_EQ(series_hash(*labels.read(batch::SamplesView(b), 0)), first);
}

TEST(OutgoingLabels, HashesStayAsTheyAre) {
  const batch::Label labels[] = {{"__name__", "m"}, {"instance", "10.0.0.1:9100"}};
  EXPECT_EQ(series_hash(labels), UINT64_C(3138880150325156657)) << "cursors on the disk count on it";
}

TEST(OutgoingLabels, HashesSpreadOverShards) {
  for (const uint64_t shards : {2U, 3U, 8U, 50U}) {
    std::vector<uint64_t> counts(shards);
    for (int i = 0; i < 50'000; ++i) {
      const std::string instance = "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
      const batch::Label labels[] = {{"__name__", "up"}, {"instance", instance}};
      ++counts[series_hash(labels) % shards];
    }
    const auto [least, most] = std::ranges::minmax(counts);
    EXPECT_LT(static_cast<double>(most), 1.2 * static_cast<double>(least)) << shards;
  }
}

}  // namespace
}  // namespace tarsier::forward
