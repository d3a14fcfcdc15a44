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
  EXPECT_EQ(texts(labels.outgoing()), (Texts{{"__name__", "m"}, {"a", "first"}, {"region", "own"}, {"z", "1"}, {"zz", "last"}}));
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
