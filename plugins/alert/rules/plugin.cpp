// rules - evaluates recording and alerting rules: Prometheus' files as they are, read again when they change.
#include "tarsier/plugin.hpp"

#include <filesystem>
#include <map>
#include <set>

#include "plugins/alert/rules/alert_store.hpp"
#include "plugins/alert/rules/api.hpp"
#include "plugins/alert/rules/bus_sink.hpp"
#include "plugins/alert/rules/promql_querier.hpp"
#include "plugins/alert/rules/rule_files.hpp"
#include "tarsier/http.hpp"
#include "tarsier/metrics.hpp"
#include "tarsier/scheduler.hpp"
#include "tarsier/service/samples_sink.h"

namespace tarsier::rules {
namespace {

struct Settings {
  std::vector<std::string> patterns;
  GroupSettings groups;
  int64_t timeout_ns = 0;
  int64_t outage_tolerance_ns = 0;
};

Settings read_settings(const Config& config) {
  Settings settings;
  const Config files = config["rule_files"];
  for (uint64_t i = 0; i < files.size(); ++i) settings.patterns.push_back(files.at(i).path());
  settings.groups.interval_ns = config["evaluation_interval"].duration_ns();
  settings.groups.resend_ns = config["resend_delay"].duration_ns();
  settings.groups.context.environment.external_url = config["external_url"].string();
  const Config labels = config["external_labels"];
  for (uint64_t i = 0; i < labels.size(); ++i)
    settings.groups.context.external_labels.emplace_back(labels.key_at(i), labels.at(i).string());
  std::sort(settings.groups.context.external_labels.begin(), settings.groups.context.external_labels.end());
  settings.timeout_ns = config["timeout"].duration_ns();
  settings.outage_tolerance_ns = config["for_outage_tolerance"].duration_ns();
  return settings;
}

class RulesPlugin final : public Plugin {
 public:
  using Plugin::Plugin;

  Result<void> configure(const Config& config) override {
    settings_ = read_settings(config);
    auto groups = read_rule_files(settings_.patterns);
    if (!groups) return std::move(groups).error();
    warn_of_duplicates(*groups);
    return {};
  }

  Result<void> start() override {
    querier_ = std::make_unique<PromqlQuerier>(host(), settings_.timeout_ns);
    sink_ = std::make_unique<BusSink>(host());
    evaluations_ = Counter(host(), "tarsier_rules_evaluations_total", "Rule groups evaluated.");
    failures_ = Counter(host(), "tarsier_rules_evaluation_failures_total", "Rules whose evaluation failed.");
    auto store = AlertStore::open(host());
    if (!store) return std::move(store).error();
    store_ = std::move(*store);
    if (auto loaded = load(); !loaded) return loaded;
    if (auto watched = watch_files(); !watched) return watched;
    return add_routes(routes_, [this] { return current(); });
  }

  Result<void> reconfigure(const Config& config) override {
    Settings before = std::exchange(settings_, read_settings(config));
    auto loaded = load();
    if (!loaded) {
      settings_ = std::move(before);
      return loaded;
    }
    host().ok();
    return watch_files();
  }

  Result<void> stop(int64_t) override {
    watches_.clear();
    routes_.clear();
    const std::lock_guard lock(groups_mutex_);
    running_.clear();
    return {};
  }

 private:
  struct Running {
    std::shared_ptr<RuleGroup> group;
    Timer timer;
  };

  Groups current() const {
    const std::lock_guard lock(groups_mutex_);
    Groups groups;
    for (const auto& entry : running_) groups.push_back(entry->group);
    return groups;
  }

  /// Once: files are read when they are configured and when they are started.
  void warn_of_duplicates(const std::vector<Group>& groups) {
    std::vector<std::string> found = duplicate_rules(groups);
    if (found == duplicates_) return;
    duplicates_ = std::move(found);
    for (const std::string& duplicate : duplicates_) host().warn(duplicate);
  }

  /// Reads the files and swaps the groups, keeping the state of rules that stayed; on an error everything goes on as it was.
  Result<void> load() {
    const std::lock_guard loading(load_mutex_);
    auto definitions = read_rule_files(settings_.patterns);
    if (!definitions) return std::move(definitions).error();
    warn_of_duplicates(*definitions);

    std::map<std::pair<std::string, std::string>, std::unique_ptr<Running>> before;
    {
      const std::lock_guard lock(groups_mutex_);
      for (auto& entry : running_) before[{entry->group->definition().file, entry->group->definition().name}] = std::move(entry);
      running_.clear();
    }
    for (auto& [key, entry] : before) entry->timer.reset();  // nothing is evaluated while groups change
    for (Group& definition : *definitions) {
      auto entry = std::make_unique<Running>();
      const std::pair key{definition.file, definition.name};
      entry->group = std::make_shared<RuleGroup>(std::move(definition), settings_.groups);
      const auto old = before.find(key);
      if (old != before.end()) {
        entry->group->continue_from(*old->second->group);
      } else if (auto restored = store_->restore(*entry->group, host().now_ns(), settings_.outage_tolerance_ns); !restored) {
        host().warn("alerts of an earlier run are lost", {field("group", key.second), field("error", restored.error().message())});
      }
      if (auto started = run(*entry); !started) return started;
      const std::lock_guard lock(groups_mutex_);
      running_.push_back(std::move(entry));
    }
    for (auto& [key, entry] : before) {
      entry->group->retire(host().now_ns(), *sink_);
    }
    return {};
  }

  Result<void> run(Running& entry) {
    const std::string name = "group " + entry.group->definition().name;
    auto timer = every(
        host(), {.name = name, .interval_ns = entry.group->interval_ns(), .flags = TARSIER_TIMER_ALIGNED | TARSIER_TIMER_SPREAD},
        [this, group = entry.group] { evaluate(*group); });
    if (!timer) return std::move(timer).error();
    entry.timer = std::move(*timer);
    return {};
  }

  void evaluate(RuleGroup& group) {
    const int64_t now_ns = host().now_ns();
    const size_t failures = group.evaluate(now_ns, *querier_, *sink_);
    evaluations_.add();
    failures_.add(static_cast<double>(failures));
    if (auto saved = store_->save(group); !saved)
      host().warn("alerts were not saved", {field("group", group.definition().name), field("error", saved.error().message())});
  }

  /// The directories that the patterns name: a changed, new or removed file is read at once.
  Result<void> watch_files() {
    watches_.clear();
    std::set<std::string> directories;
    for (const std::string& pattern : settings_.patterns) directories.insert(std::filesystem::path(pattern).parent_path().string());
    for (const std::string& directory : directories) {
      if (!std::filesystem::is_directory(directory)) continue;
      auto watched = watch(host(), directory, [this](std::string_view, uint32_t) { reload(); });
      if (!watched) return std::move(watched).error();
      watches_.push_back(std::move(*watched));
    }
    return {};
  }

  void reload() {
    if (auto loaded = load(); !loaded) {
      host().degraded("the earlier rules stay: " + loaded.error().message());
    } else {
      host().ok();
      host().info("rule files were read again");
    }
  }

  Settings settings_;
  std::unique_ptr<PromqlQuerier> querier_;
  std::unique_ptr<BusSink> sink_;
  std::unique_ptr<AlertStore> store_;
  Counter evaluations_;
  Counter failures_;
  http::Routes routes_{host()};
  std::mutex load_mutex_;
  std::vector<std::string> duplicates_;  // told; by load_mutex_ once it runs
  mutable std::mutex groups_mutex_;
  std::vector<std::unique_ptr<Running>> running_;
  std::vector<Watch> watches_;
};

constexpr tarsier_config_key kKeys[] = {
    key("rule_files[]", TARSIER_KEY_STRING, nullptr, "Rule files; * and ? match. Relative to the configuration file."),
    key("evaluation_interval", TARSIER_KEY_DURATION, "15s", "How often groups that name no interval are evaluated.", "1s..",
        TARSIER_KEY_RELOADABLE),
    key("timeout", TARSIER_KEY_DURATION, "10s", "Of one rule's query.", "1ms.."),
    key("resend_delay", TARSIER_KEY_DURATION, "1m", "How often a firing alert is told again to the alerts plugin.", "1s.."),
    key("for_outage_tolerance", TARSIER_KEY_DURATION, "1h", "After a longer outage a pending alert begins its `for` anew."),
    key("external_url", TARSIER_KEY_STRING, "http://127.0.0.1:9090",
        "Where people reach the Prometheus API: the base of links in alerts."),
    key("external_labels.*", TARSIER_KEY_STRING, nullptr, "Labels added to every alert that is sent."),
};
TARSIER_TABLE(kKeyTable, kKeys);
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE), need(TARSIER_PROMQL_SERVICE),
                                   optional_need(TARSIER_SAMPLES_SINK_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr const char* kKinds[] = {"rule-engine", nullptr};

constexpr tarsier_plugin kPlugin = describe<RulesPlugin>({
    .id = "rules",
    .version = "0.1.0",
    .summary = "Evaluates recording and alerting rules in Prometheus' format.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .sample_toml = "[plugin.rules]\nrule_files = [\"rules/*.yml\"]\nevaluation_interval = \"15s\"\n",
    .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL | TARSIER_PLUGIN_SINGLETON | TARSIER_PLUGIN_READS_FILES,
});

}  // namespace
}  // namespace tarsier::rules

TARSIER_PLUGIN(tarsier::rules::kPlugin, "rules", "rule-engine", "0.1.0")
