// alerts - groups alerts and has them told: from the bus and from POST /api/v2/alerts to the notifiers that a receiver names.
#include "tarsier/plugin.hpp"

#include <map>
#include <mutex>
#include <set>

#include "plugins/alert/alerts/api.hpp"
#include "plugins/alert/alerts/dispatcher.hpp"
#include "plugins/alert/alerts/notification.hpp"
#include "plugins/alert/alerts/notification_log.hpp"
#include "tarsier/bus.hpp"
#include "tarsier/http.hpp"
#include "tarsier/metrics.hpp"
#include "tarsier/scheduler.hpp"

namespace tarsier::alerts {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kFirstRetryNs = kSecond;
constexpr int64_t kLongestRetryNs = 60 * kSecond;

struct Settings {
  Route route;
  int64_t resolve_timeout_ns = 0;
  int64_t notify_timeout_ns = 0;
  std::string external_url;
};

Result<Settings> read_settings(const Config& config) {
  Settings settings;
  const Config route = config["route"];
  settings.route.receiver = route["receiver"].string();
  for (uint64_t i = 0; i < route["group_by"].size(); ++i) settings.route.group_by.push_back(route["group_by"].at(i).string());
  settings.route.group_wait_ns = route["group_wait"].duration_ns();
  settings.route.group_interval_ns = route["group_interval"].duration_ns();
  settings.route.repeat_interval_ns = route["repeat_interval"].duration_ns();
  settings.resolve_timeout_ns = config["resolve_timeout"].duration_ns();
  settings.notify_timeout_ns = config["notify_timeout"].duration_ns();
  settings.external_url = config["external_url"].string();

  std::set<std::string> names;
  bool found = settings.route.receiver.empty();
  const Config receivers = config["receivers"];
  for (uint64_t i = 0; i < receivers.size(); ++i) {
    const Config receiver = receivers.at(i);
    const std::string name = receiver["name"].string();
    if (!names.insert(name).second) return receiver["name"].invalid("receiver \"" + name + "\" is there twice");
    if (name != settings.route.receiver) continue;
    found = true;
    for (uint64_t n = 0; n < receiver["notifiers"].size(); ++n)
      settings.route.notifiers.push_back(receiver["notifiers"].at(n).string());
  }
  if (!found) return route["receiver"].invalid("receiver \"" + settings.route.receiver + "\" is not among the receivers");
  return settings;
}

class AlertsPlugin final : public Plugin, private Inbox {
 public:
  using Plugin::Plugin;

  Result<void> configure(const Config& config) override {
    auto settings = read_settings(config);
    if (!settings) return std::move(settings).error();
    settings_ = std::move(*settings);
    return {};
  }

  Result<void> start() override {
    started_ns_ = host().now_ns();
    sent_ = Counter(host(), "tarsier_alerts_notifications_total", "Notifications delivered.");
    failed_ = Counter(host(), "tarsier_alerts_notifications_failed_total", "Notifications given up.");
    auto env = open_env(host(), "alerts", TARSIER_ENV_CREATE);
    if (!env) return std::move(env).error();
    log_ = std::make_unique<NotificationLog>(std::move(*env));
    dispatcher_ = std::make_unique<Dispatcher>(settings_.route, settings_.resolve_timeout_ns);
    auto loaded =
        log_->load([this](const std::string& key, Told told) { dispatcher_->remember(key, std::move(told)); },
                   [this](const std::string& why) { host().warn("a notification may be told again", {field("error", why)}); });
    if (!loaded) return loaded;
    auto subscription = subscribe_required(host(), TARSIER_TOPIC_ALERTS, uint64_t{16} << 20U,
                                           [this](const Batch& batch, Delivery delivery) { receive(batch, delivery); });
    if (!subscription) return std::move(subscription).error();
    subscription_ = std::move(*subscription);
    return add_routes(routes_, *this);
  }

  Result<void> reconfigure(const Config& config) override {
    auto settings = read_settings(config);
    if (!settings) return std::move(settings).error();
    {
      const std::lock_guard lock(mutex_);
      settings_ = std::move(*settings);
      dispatcher_->set_route(settings_.route, host().now_ns());
    }
    wake();
    return {};
  }

  Result<void> stop(int64_t) override {
    routes_.clear();
    subscription_.reset();
    Timer last;  // ends outside of the lock, which a running flush may want
    {
      const std::lock_guard lock(timer_mutex_);
      std::swap(last, timer_);
    }
    return {};
  }

 private:
  struct Attempt {
    Due due;
    int64_t give_up_ns = 0;
    int64_t backoff_ns = kFirstRetryNs;
  };

  // ---- alerts come in ----------------------------------------------------------------------------------------------------

  void receive(const Batch& batch, Delivery delivery) {
    const batch::View view = batch.view();
    const batch::Sets sets(view);
    const auto labels = view.column<uint32_t>(TARSIER_COL_ALERT_LABELS);
    const auto annotations = view.column<uint32_t>(TARSIER_COL_ALERT_ANNOTATIONS);
    const auto starts = view.column<int64_t>(TARSIER_COL_ALERT_STARTS);
    const auto ends = view.column<int64_t>(TARSIER_COL_ALERT_ENDS);
    const auto generators = view.column<uint32_t>(TARSIER_COL_ALERT_GENERATOR);
    std::vector<Alert> alerts;
    for (uint32_t row = 0; row < view.rows(); ++row) {
      Alert alert;
      for (uint32_t i = 0; i < sets.size(labels[row]); ++i)
        alert.labels.emplace_back(sets.name(labels[row], i), sets.value(labels[row], i));
      for (uint32_t i = 0; i < sets.size(annotations[row]); ++i)
        alert.annotations.emplace_back(sets.name(annotations[row], i), sets.value(annotations[row], i));
      alert.starts_ns = starts[row];
      alert.ends_ns = ends[row];
      alert.generator_url = sets.symbol(generators[row]);
      alerts.push_back(std::move(alert));
    }
    const std::string refused = take(std::move(alerts));
    if (refused.empty()) {
      delivery.complete();
    } else {
      delivery.fail(Error::invalid(refused));
    }
  }

  /// The good ones are taken; says what was wrong with the others.
  std::string take(std::vector<Alert> alerts) override {
    std::string refused;
    {
      const std::lock_guard lock(mutex_);
      const int64_t now_ns = host().now_ns();
      for (Alert& alert : alerts) {
        const std::string why = dispatcher_->take(std::move(alert), now_ns);
        if (!why.empty()) refused += (refused.empty() ? "" : "; ") + why;
      }
    }
    wake();
    return refused;
  }

  // ---- notifications go out ----------------------------------------------------------------------------------------------

  /// Sets the timer for the next thing to do.
  void wake() {
    std::optional<int64_t> next;
    {
      const std::lock_guard lock(mutex_);
      next = dispatcher_->next_ns();
    }
    Timer before;  // ends outside of the lock, which a running flush may want
    const std::lock_guard lock(timer_mutex_);
    if (!next || (timer_ && timer_at_ns_ <= *next && timer_at_ns_ > host().now_ns())) return;
    auto timer = after(host(), "flush", std::max<int64_t>(*next - host().now_ns(), 0), [this] { flush(); });
    if (!timer) {
      host().degraded("no timer for notifications: " + timer.error().message());
      return;
    }
    timer_at_ns_ = *next;
    before = std::exchange(timer_, std::move(*timer));
  }

  void flush() {
    std::vector<Due> due;
    std::vector<std::string> gone;
    int64_t patience_ns = 0;
    {
      const std::lock_guard lock(mutex_);
      patience_ns = std::max(settings_.route.group_interval_ns, settings_.notify_timeout_ns);
      const int64_t now_ns = host().now_ns();
      due = dispatcher_->due(now_ns);
      gone = dispatcher_->forget(now_ns);
      // One attempt at a time for a group and notifier: what is being told now covers it, or its next turn does.
      std::erase_if(due,
                    [this](const Due& one) { return !busy_.insert(Dispatcher::told_key(one.group_key, one.notifier)).second; });
    }
    if (auto forgotten = log_->forget(gone); !forgotten)
      host().warn("the notification log was not cleaned", {field("error", forgotten.error().message())});
    for (Due& one : due) {
      send(std::make_shared<Attempt>(Attempt{std::move(one), host().now_ns() + patience_ns}));
    }
    wake();
  }

  void send(const std::shared_ptr<Attempt>& attempt) {
    const ServiceRef<tarsier_notifier> notifier(host(), std::string(TARSIER_NOTIFIER_SERVICE) + "@" + attempt->due.notifier);
    auto use = notifier.acquire();
    if (!use) return finish(attempt, std::move(use).error());
    std::string external_url;
    int64_t timeout_ns = 0;
    {
      const std::lock_guard lock(mutex_);
      external_url = settings_.external_url;
      timeout_ns = settings_.notify_timeout_ns;
    }
    const Notification notification(attempt->due, external_url, host().now_ns(), timeout_ns, (*use)->send_resolved != 0);
    if (notification.empty()) return finish(attempt, Result<void>());
    struct Answer {
      AlertsPlugin* plugin;
      std::shared_ptr<Attempt> attempt;
    };
    (*use)->notify((*use)->self, &notification.raw(), new Answer{this, attempt},
                   [](void* user, tarsier_status status, tarsier_str message, int64_t retry_after_ns) {
                     const std::unique_ptr<Answer> answer(static_cast<Answer*>(user));
                     answer->plugin->finish(answer->attempt, status == TARSIER_OK
                                                                 ? Result<void>()
                                                                 : Error(status, std::string(view(message)), retry_after_ns));
                   });
  }

  void finish(const std::shared_ptr<Attempt>& attempt, const Result<void>& outcome) {
    const Due& due = attempt->due;
    const std::string key = Dispatcher::told_key(due.group_key, due.notifier);
    if (outcome) {
      Told told;
      {
        const std::lock_guard lock(mutex_);
        told = dispatcher_->told(due, host().now_ns());
        busy_.erase(key);
      }
      sent_.add();
      host().ok();
      if (auto kept = log_->keep(key, told); !kept)
        host().warn("after a restart this may be told again",
                    {field("group", due.group_key), field("error", kept.error().message())});
      return;
    }
    const Error& error = outcome.error();
    const bool retryable = error.code() == TARSIER_UNAVAILABLE || error.code() == TARSIER_AGAIN || error.code() == TARSIER_DEADLINE;
    const int64_t wait_ns = std::max(attempt->backoff_ns, error.retry_after_ns());
    if (retryable && host().now_ns() + wait_ns < attempt->give_up_ns) {
      attempt->backoff_ns = std::min(2 * attempt->backoff_ns, kLongestRetryNs);
      retry(attempt, wait_ns);
      return;
    }
    failed_.add();
    host().degraded("notifier \"" + due.notifier + "\" did not take group " + due.group_key + ": " + error.message());
    const std::lock_guard lock(mutex_);
    busy_.erase(key);  // still untold, so the group's next turn tries again
  }

  void retry(const std::shared_ptr<Attempt>& attempt, int64_t wait_ns) {
    struct Retry {
      AlertsPlugin* plugin;
      std::shared_ptr<Attempt> attempt;
    };
    auto* retry = new Retry{this, attempt};
    tarsier_job job{};
    job.size = sizeof(job);
    job.priority = TARSIER_PRIORITY_NORMAL;
    job.name = str("retry notification");
    job.user = retry;
    job.run = [](void* user) {
      const std::unique_ptr<Retry> owned(static_cast<Retry*>(user));
      owned->plugin->send(owned->attempt);
    };
    job.drop = [](void* user) { delete static_cast<Retry*>(user); };
    tarsier_error error = empty_error();
    if (host().scheduler->after(host().raw(), wait_ns, &job, nullptr, &error) != TARSIER_OK) delete retry;
  }

  // ---- what the API shows ------------------------------------------------------------------------------------------------

  std::vector<Alert> alerts() override {
    const std::lock_guard lock(mutex_);
    return dispatcher_->alerts(host().now_ns());
  }
  std::vector<GroupView> groups() override {
    const std::lock_guard lock(mutex_);
    return dispatcher_->groups();
  }
  std::string receiver() override {
    const std::lock_guard lock(mutex_);
    return settings_.route.receiver;
  }
  int64_t now_ns() override { return host().now_ns(); }
  int64_t started_ns() override { return started_ns_; }
  std::string config_toml() override { return collect(host().control->config_toml); }
  std::string build_json() override { return collect(host().control->build_json); }
  std::string collect(void (*write)(const tarsier_host*, tarsier_sink)) {
    std::string text;
    write(host().raw(), {&text, [](void* user, tarsier_bytes piece) { static_cast<std::string*>(user)->append(view(piece)); }});
    return text;
  }

  Settings settings_;
  std::mutex mutex_;  // dispatcher_, busy_, settings_ after start
  std::unique_ptr<Dispatcher> dispatcher_;
  std::set<std::string> busy_;
  std::unique_ptr<NotificationLog> log_;
  Subscription subscription_;
  std::mutex timer_mutex_;
  Timer timer_;
  int64_t timer_at_ns_ = 0;
  int64_t started_ns_ = 0;
  http::Routes routes_{host()};
  Counter sent_;
  Counter failed_;
};

constexpr tarsier_config_key kKeys[] = {
    key("route", TARSIER_KEY_TABLE, nullptr, "Who is told, and how alerts are put together."),
    key("route.receiver", TARSIER_KEY_STRING, "", "The receiver's name; without one nobody is told."),
    key("route.group_by[]", TARSIER_KEY_STRING, nullptr,
        "Labels whose values make a group; [\"...\"]: all of them. None: one group."),
    key("route.group_wait", TARSIER_KEY_DURATION, "30s", "How long a new group waits for company."),
    key("route.group_interval", TARSIER_KEY_DURATION, "5m", "How often a group's news is told.", "1s.."),
    key("route.repeat_interval", TARSIER_KEY_DURATION, "4h", "How often a group without news is told again.", "1s.."),
    key("receivers[]", TARSIER_KEY_TABLE, nullptr, "Receivers."),
    key("receivers[].name", TARSIER_KEY_STRING, nullptr, "The name that routes use.", nullptr, TARSIER_KEY_REQUIRED),
    key("receivers[].notifiers[]", TARSIER_KEY_STRING, nullptr, "Instances of notifier plugins, e.g. \"webhook\".",
        "@" TARSIER_NOTIFIER_SERVICE),
    key("resolve_timeout", TARSIER_KEY_DURATION, "5m", "When an alert without an end counts as resolved if nobody renews it.",
        "1s.."),
    key("notify_timeout", TARSIER_KEY_DURATION, "10s", "Of one attempt.", "1s.."),
    key("external_url", TARSIER_KEY_STRING, "http://127.0.0.1:9093",
        "Where people reach this Alertmanager API: the base of links in notifications."),
};
TARSIER_TABLE(kKeyTable, kKeys);
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE), optional_need(TARSIER_NOTIFIER_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr const char* kKinds[] = {"alert-router", nullptr};

constexpr tarsier_plugin kPlugin = describe<AlertsPlugin>({
    .id = "alerts",
    .version = "0.1.0",
    .summary = "Groups alerts and has receivers told of them.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .sample_toml = "[plugin.alerts]\nroute = { receiver = \"default\", group_by = [\"alertname\"] }\nreceivers = [{ name = "
                   "\"default\", notifiers = [\"webhook\"] }]\n[plugin.webhook]\nurl = \"http://127.0.0.1:9099/hook\"\n",
    .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL | TARSIER_PLUGIN_SINGLETON,
});

}  // namespace
}  // namespace tarsier::alerts

TARSIER_PLUGIN(tarsier::alerts::kPlugin, "alerts", "alert-router", "0.1.0")
