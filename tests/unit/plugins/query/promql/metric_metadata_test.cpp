// /metadata: what pages say now, and what the store knows of other metrics.
#include <gmock/gmock.h>
#include <tuple>

#include "tarsier/service/metadata.h"
#include "tests/conformance/memory_store.hpp"
#include "tests/unit/plugins/query/promql/api_fixture.hpp"

namespace tarsier::promql {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

/// A collector whose pages say this.
class Pages {
 public:
  explicit Pages(std::vector<std::tuple<std::string, uint32_t, std::string>> families) : families_(std::move(families)) {}
  const tarsier_metadata_source table{sizeof(tarsier_metadata_source), 0, this, tell};

 private:
  static void tell(void* self, tarsier_str family, void* user, void (*each)(void*, const tarsier_metadata*)) {
    for (const auto& [name, type, help] : static_cast<Pages*>(self)->families_) {
      const tarsier_metadata plain = {sizeof(plain), type, str(name), str(help), str("")};
      if (family.size == 0 || view(family) == name) each(user, &plain);
    }
  }
  const std::vector<std::tuple<std::string, uint32_t, std::string>> families_;
};

class MetricMetadataTest : public test::ApiFixture {
 protected:
  void add_pages(const std::string& instance, const Pages& pages) {
    fake_.providers[TARSIER_METADATA_SERVICE].push_back(instance);
    fake_.offered[TARSIER_METADATA_SERVICE "@" + instance] = &pages.table;
  }
  std::string ask(const std::string& query = "") { return fake_.ask("/api/v1/metadata", query).body; }
  tarsier::test::MemoryStore store_of_samples_;
};

TEST_F(MetricMetadataTest, PagesCountBeforeTheStoreAndEachOfThem) {
  store_of_samples_.add_metadata("old", TARSIER_SERIES_GAUGE, "In the store.", "");
  store_of_samples_.add_metadata("x", TARSIER_SERIES_GAUGE, "As it was.", "");
  const Pages one({{"x", TARSIER_SERIES_COUNTER, "Of one."}, {"y", TARSIER_SERIES_UNKNOWN, "Help only."}});
  const Pages other({{"x", TARSIER_SERIES_COUNTER, "Of one."}, {"x", TARSIER_SERIES_COUNTER, "Of another."}});
  add_pages("scrape", one);
  add_pages("more", other);
  serve(*store_of_samples_.table());
  EXPECT_EQ(ask(), R"({"status":"success","data":{"old":[{"type":"gauge","help":"In the store.","unit":""}],)"
                   R"("x":[{"type":"counter","help":"Of one.","unit":""},{"type":"counter","help":"Of another.","unit":""}],)"
                   R"("y":[{"type":"unknown","help":"Help only.","unit":""}]}})");
  EXPECT_EQ(ask("metric=y"), R"({"status":"success","data":{"y":[{"type":"unknown","help":"Help only.","unit":""}]}})");
  EXPECT_EQ(ask("metric=z"), R"({"status":"success","data":{}})");
}

TEST_F(MetricMetadataTest, LimitsAreOfAllTogether) {
  for (const char* name : {"a", "c", "e"}) store_of_samples_.add_metadata(name, TARSIER_SERIES_GAUGE, "", "");
  const Pages pages({{"b", TARSIER_SERIES_GAUGE, ""}, {"c", TARSIER_SERIES_GAUGE, "1"}, {"c", TARSIER_SERIES_GAUGE, "2"}});
  add_pages("scrape", pages);
  serve(*store_of_samples_.table());
  const std::string three = ask("limit=3&limit_per_metric=1");
  EXPECT_THAT(three, HasSubstr(R"({"a":[)"));
  EXPECT_THAT(three, HasSubstr(R"("b":[)"));
  EXPECT_THAT(three, EndsWith(R"("c":[{"type":"gauge","help":"1","unit":""}]}})"));
  EXPECT_EQ(ask("limit=0"), R"({"status":"success","data":{}})");
}

TEST_F(MetricMetadataTest, TargetsThatAllSayOtherThingsDoNotFillTheAnswer) {
  std::vector<std::tuple<std::string, uint32_t, std::string>> families;
  for (int i = 0; i < 3000; ++i) families.emplace_back("x", TARSIER_SERIES_GAUGE, "help " + std::to_string(i));
  const Pages pages(std::move(families));
  add_pages("scrape", pages);
  serve(*store_of_samples_.table());
  const std::string body = ask();
  EXPECT_THAT(body, HasSubstr("help 999\""));
  EXPECT_EQ(body.find("help 1000\""), std::string::npos);
}

}  // namespace
}  // namespace tarsier::promql
