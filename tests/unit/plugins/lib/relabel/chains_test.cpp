// Chains as people have them in their configurations.
#include <gtest/gtest.h>

#include "tests/unit/plugins/lib/relabel/support.hpp"

namespace tarsier::relabel {
namespace {

TEST(RelabelChain, TakesPathPortAndSchemeFromAnnotationsOfKubernetes) {
  const std::string pod = "__meta_kubernetes_pod_";
  const std::vector<RuleText> rules = {
      {.source_labels = {pod + "annotation_prometheus_io_scrape"}, .regex = "true", .action = "keep"},
      {.source_labels = {pod + "phase"}, .regex = "Pending|Succeeded|Failed|Completed", .action = "drop"},
      {.source_labels = {pod + "annotation_prometheus_io_scheme"}, .regex = "(https?)", .target_label = "__scheme__"},
      {.source_labels = {pod + "annotation_prometheus_io_path"}, .regex = "(.+)", .target_label = "__metrics_path__"},
      {.source_labels = {"__address__", pod + "annotation_prometheus_io_port"},
       .regex = "([^:]+)(?::\\d+)?;(\\d+)",
       .target_label = "__address__",
       .replacement = "$1:$2"},
      {.regex = pod + "annotation_prometheus_io_param_(.+)", .replacement = "__param_$1", .action = "labelmap"},
      {.regex = pod + "label_(.+)", .action = "labelmap"},
      {.source_labels = {"__meta_kubernetes_namespace"}, .target_label = "namespace"},
      {.source_labels = {pod + "name"}, .target_label = "pod"},
      {.regex = "pod_template_hash", .action = "labeldrop"},
  };
  Set set = {{"__address__", "10.1.2.3:80"},
             {"__scheme__", "http"},
             {"__metrics_path__", "/metrics"},
             {"__meta_kubernetes_namespace", "shop"},
             {pod + "name", "cart-7f"},
             {pod + "phase", "Running"},
             {pod + "annotation_prometheus_io_scrape", "true"},
             {pod + "annotation_prometheus_io_scheme", "https"},
             {pod + "annotation_prometheus_io_path", "/stats/prometheus"},
             {pod + "annotation_prometheus_io_port", "9102"},
             {pod + "annotation_prometheus_io_param_format", "text"},
             {pod + "label_app", "cart"},
             {pod + "label_pod_template_hash", "7f"}};
  Set after = relabelled(set, rules);
  std::erase_if(after, [](const auto& label) { return label.first.starts_with("__meta_"); });
  EXPECT_EQ(after, (Set{{"__address__", "10.1.2.3:9102"},
                        {"__scheme__", "https"},
                        {"__metrics_path__", "/stats/prometheus"},
                        {"__param_format", "text"},
                        {"app", "cart"},
                        {"namespace", "shop"},
                        {"pod", "cart-7f"}}));
  set[pod + "phase"] = "Failed";
  EXPECT_EQ(relabelled(set, rules), kDropped);
}

TEST(RelabelChain, SendsProbesToTheBlackboxExporter) {
  EXPECT_EQ(relabelled({{"__address__", "https://example.org/health"}, {"__param_module", "http_2xx"}},
                       {{.source_labels = {"__address__"}, .target_label = "__param_target"},
                        {.source_labels = {"__param_target"}, .target_label = "instance"},
                        {.target_label = "__address__", .replacement = "127.0.0.1:9115"}}),
            (Set{{"__address__", "127.0.0.1:9115"},
                 {"__param_module", "http_2xx"},
                 {"__param_target", "https://example.org/health"},
                 {"instance", "https://example.org/health"}}));
}

TEST(RelabelChain, SharesTargetsOutByHash) {
  std::map<std::string, int> kept;
  for (int shard = 0; shard < 3; ++shard) {
    const std::vector<RuleText> rules = {
        {.source_labels = {"__address__"}, .modulus = 3, .target_label = "__tmp_hash", .action = "hashmod"},
        {.source_labels = {"__tmp_hash"}, .regex = std::to_string(shard), .action = "keep"}};
    for (int host = 0; host < 300; ++host) {
      const std::string address = "host-" + std::to_string(host) + ":9100";
      if (relabelled({{"__address__", address}}, rules) != kDropped) ++kept[address];
    }
  }
  EXPECT_EQ(kept.size(), 300U);
  for (const auto& [address, times] : kept) EXPECT_EQ(times, 1) << address;
}

TEST(RelabelChain, ReadsTagsOfADirectory) {
  const auto tag = [](const char* regex, const char* target, const char* value) {
    return RuleText{.source_labels = {"__meta_sd_tags"}, .regex = regex, .target_label = target, .replacement = value};
  };
  EXPECT_EQ(relabelled({{"__meta_sd_tags", "path:/secret,job:some-job,label:foo=bar"}},
                       {tag("(?:.+,|^)path:(/[^,]+).*", "__metrics_path__", "${1}"),
                        tag("(?:.+,|^)job:([^,]+).*", "job", "${1}"),
                        tag("(?:.+,|^)label:([^=]+)=([^,]+).*", "${1}", "${2}"),
                        {.regex = "__meta_.*", .action = "labeldrop"}}),
            (Set{{"__metrics_path__", "/secret"}, {"job", "some-job"}, {"foo", "bar"}}));
}

TEST(RelabelChain, SetsALabelAgainThatItHasDropped) {
  EXPECT_EQ(relabelled({{"port_name", "web"}, {"metrics_port", "9091"}},
                       {{.regex = "^port_name$", .action = "labeldrop"},
                        {.source_labels = {"metrics_port"}, .regex = "(.+)", .target_label = "port_name", .replacement = "metrics"},
                        {.source_labels = {"port_name"}, .regex = "^metrics$", .action = "keep"}}),
            (Set{{"port_name", "metrics"}, {"metrics_port", "9091"}}));
}

TEST(RelabelChain, DropsAndRenamesSeries) {
  const std::vector<RuleText> rules = {
      {.source_labels = {"__name__"}, .regex = "go_(gc|memstats)_.*", .action = "drop"},
      {.source_labels = {"__name__", "le"}, .regex = "request_seconds_bucket;(0\\.00.*|.*e-.*)", .action = "drop"},
      {.source_labels = {"__name__"}, .regex = "old_(.*)", .target_label = "__name__", .replacement = "new_$1"},
      {.regex = "pod_uid", .action = "labeldrop"},
  };
  EXPECT_EQ(relabelled({{"__name__", "go_gc_duration_seconds"}}, rules), kDropped);
  EXPECT_EQ(relabelled({{"__name__", "request_seconds_bucket"}, {"le", "0.005"}}, rules), kDropped);
  EXPECT_EQ(relabelled({{"__name__", "request_seconds_bucket"}, {"le", "0.5"}}, rules).size(), 2U);
  EXPECT_EQ(relabelled({{"__name__", "old_total"}, {"pod_uid", "1"}}, rules), (Set{{"__name__", "new_total"}}));
}

}  // namespace
}  // namespace tarsier::relabel
