// Pages as batches: stable symbols, staleness markers, forgetting.
#include "plugins/collect/node/page.hpp"

#include <algorithm>
#include <bit>
#include <gtest/gtest.h>
#include <map>

#include "tarsier/batch.hpp"

namespace tarsier::node {
namespace {

/// Samples of the batch in the builder: labels to value ("stale" for markers).
std::map<std::string, std::string> samples(batch::SamplesBuilder& builder) {
  std::vector<uint64_t> words;
  const uint64_t size = builder.finish(0, [&](batch::Assembly& assembly) {
    const uint64_t bytes = assembly.size();
    words.assign((bytes + 7) / 8, 0);
    assembly.write(reinterpret_cast<uint8_t*>(words.data()));
    return bytes;
  });
  const std::span<const uint8_t> data(reinterpret_cast<const uint8_t*>(words.data()), static_cast<size_t>(size));
  EXPECT_TRUE(batch::verify(data));
  const batch::SamplesView view{batch::View(data)};
  std::map<std::string, std::string> out;
  for (uint32_t series = 0; series < view.series_count(); ++series) {
    std::string labels;
    for (uint32_t i = 0; i < view.labels().size(series); ++i)
      labels.append(labels.empty() ? "" : ",")
          .append(view.labels().name(series, i))
          .append("=")
          .append(view.labels().value(series, i));
    const double value = view.values(series)[0];
    out[labels] = std::bit_cast<uint64_t>(value) == TARSIER_STALE_NAN_BITS ? "stale" : std::to_string(static_cast<int>(value));
  }
  return out;
}

class PageTest : public testing::Test {
 protected:
  std::map<std::string, std::string> publish() {
    builder.clear(false);
    page.write_batch(builder, 1'000'000);
    return samples(builder);
  }
  Page page{{{"instance", "i"}, {"job", "node"}}};
  batch::SamplesBuilder builder;
  Page::FamilyId family = page.family({"f", "Help.", TARSIER_SERIES_GAUGE, {"a", "z"}});
};

TEST_F(PageTest, BatchesHaveTheTargetsLabelsAndNoEmptyOnes) {
  page.begin_round();
  page.add(family, {"1", ""}, 5);
  page.add(family, {"1", ""}, 6);  // repeated: the first is kept
  EXPECT_EQ(publish(), (std::map<std::string, std::string>{{"__name__=f,a=1,instance=i,job=node", "5"}}));
  EXPECT_EQ(page.series_added(), 1U);
  std::string text;
  page.write_text(text);
  EXPECT_EQ(text, "# HELP f Help.\n# TYPE f gauge\nf{a=\"1\",z=\"\"} 5\n");
}

TEST_F(PageTest, VanishedSeriesBecomeStaleOnceAndMayComeBack) {
  page.begin_round();
  page.add(family, {"1", "x"}, 1);
  page.add(family, {"2", "x"}, 2);
  (void)publish();
  page.begin_round();
  page.add(family, {"2", "x"}, 3);
  const std::string one = "__name__=f,a=1,instance=i,job=node,z=x", two = "__name__=f,a=2,instance=i,job=node,z=x";
  EXPECT_EQ(publish(), (std::map<std::string, std::string>{{one, "stale"}, {two, "3"}}));
  page.begin_round();
  page.add(family, {"2", "x"}, 4);
  EXPECT_EQ(publish(), (std::map<std::string, std::string>{{two, "4"}}));
  page.begin_round();
  page.add(family, {"1", "x"}, 5);
  EXPECT_EQ(publish(), (std::map<std::string, std::string>{{one, "5"}, {two, "stale"}}));
}

TEST_F(PageTest, ARoundForTheTextDoesNotHideAVanishedSeries) {
  page.begin_round();
  page.add(family, {"1", "x"}, 1);
  (void)publish();
  page.begin_round();  // a request for the page
  page.begin_round();
  EXPECT_EQ(publish(), (std::map<std::string, std::string>{{"__name__=f,a=1,instance=i,job=node,z=x", "stale"}}));
}

TEST_F(PageTest, AllBecomesStaleAtTheEnd) {
  page.begin_round();
  page.add(family, {"1", "x"}, 1);
  (void)publish();
  builder.clear(false);
  page.write_stale(builder, 0);
  EXPECT_EQ(samples(builder), (std::map<std::string, std::string>{{"__name__=f,a=1,instance=i,job=node,z=x", "stale"}}));
}

TEST_F(PageTest, ForgetsDevicesThatCameAndWent) {
  uint32_t most = 0;
  for (int round = 0; round < 40; ++round) {
    page.begin_round();
    for (int i = 0; i < 50; ++i) page.add(family, {std::to_string(round) + "-" + std::to_string(i), "x"}, round);
    EXPECT_EQ(publish().size(), round == 0 ? 50U : 100U);
    most = std::max(most, builder.labels().symbol("probe"));
  }
  EXPECT_LT(most, 600U);
}

}  // namespace
}  // namespace tarsier::node
