#include "plugins/collect/scrape/job_toml.hpp"

#include <gtest/gtest.h>

namespace tarsier::scrape {
namespace {

constexpr std::string_view kDocument = R"([host]
data_dir = "data"

[plugin.scrape]
scrape_interval = "5s"

[[plugin.scrape.job]]
job_name = "a"
metrics_path = "/metrics"

[[plugin.scrape.job.static_configs]]
targets = ["b:1"]

[plugin.scrape.job.static_configs.labels]
job_name = "b \"quoted\""

[[plugin.scrape.job]]
metrics_path = "/[x]"
job_name = "b \"quoted\""

[plugin.scrape.job.basic_auth]
password = "<secret>"

[plugin.scrape2]
[[plugin.scrape2.job]]
job_name = "other"
)";

TEST(JobToml, IsThePartOfTheDocumentWithoutItsPlace) {
  EXPECT_EQ(job_toml(kDocument, "plugin.scrape.job", "a"),
            "job_name = \"a\"\nmetrics_path = \"/metrics\"\n\n[[static_configs]]\ntargets = [\"b:1\"]\n\n"
            "[static_configs.labels]\njob_name = \"b \\\"quoted\\\"\"\n");
  EXPECT_EQ(job_toml(kDocument, "plugin.scrape.job", "b \"quoted\""),
            "metrics_path = \"/[x]\"\njob_name = \"b \\\"quoted\\\"\"\n\n[basic_auth]\npassword = \"<secret>\"\n");
  EXPECT_EQ(job_toml(kDocument, "plugin.scrape2.job", "other"), "job_name = \"other\"\n");
}

TEST(JobToml, IsNoneForAJobThatIsNotThere) {
  EXPECT_EQ(job_toml(kDocument, "plugin.scrape.job", "other"), std::nullopt);
  EXPECT_EQ(job_toml(kDocument, "plugin.scrape.job", ""), std::nullopt);
  EXPECT_EQ(job_toml("", "plugin.scrape.job", "a"), std::nullopt);
}

TEST(JobToml, FindsTheArrayInThePlaceOfAnElement) {
  EXPECT_EQ(array_of("conf: d/tarsier.toml:14:3: plugin.scrape.job[2]"), "plugin.scrape.job");
  EXPECT_EQ(array_of("plugin.a.job[0]"), "plugin.a.job");
}

}  // namespace
}  // namespace tarsier::scrape
