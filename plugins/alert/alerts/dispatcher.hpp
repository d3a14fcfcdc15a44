// Dispatcher: alerts to groups, and groups to notifications, by Alertmanager's rules: wait group_wait for company, tell of news
// every group_interval, repeat every repeat_interval. Pure logic over a given time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tarsier::alerts {

using LabelMap = std::vector<std::pair<std::string, std::string>>;  // sorted by name

struct Alert {
  LabelMap labels;
  LabelMap annotations;
  int64_t starts_ns = 0;
  int64_t ends_ns = 0;  // in the past: resolved
  std::string generator_url;
  std::string fingerprint;
  int64_t updated_ns = 0;

  bool resolved_at(int64_t now_ns) const noexcept { return ends_ns != 0 && ends_ns <= now_ns; }
};

struct Route {
  std::string receiver;
  std::vector<std::string> notifiers;  // instances that the receiver names
  std::vector<std::string> group_by;   // "..." alone: every label
  int64_t group_wait_ns = 0;
  int64_t group_interval_ns = 0;
  int64_t repeat_interval_ns = 0;
};

/// What was last told of a group through one notifier, so that neither a repetition nor a restart tells it twice.
struct Told {
  std::set<std::string> firing;  // fingerprints
  std::set<std::string> resolved;
  int64_t at_ns = 0;
};

/// A notification that is due now.
struct Due {
  std::string group_key;
  std::string receiver;
  std::string notifier;
  LabelMap group_labels;
  std::vector<Alert> alerts;  // resolved ones have their end; sorted by fingerprint
};

struct GroupView {
  LabelMap labels;
  std::string receiver;
  std::vector<Alert> alerts;
};

/// FNV-1a over sorted labels, 16 hex digits, as Alertmanager's.
std::string fingerprint(const LabelMap& labels);

/// Not thread-safe.
class Dispatcher {
 public:
  /// `resolve_timeout_ns`: when an alert without an end counts as resolved if nobody renews it.
  Dispatcher(Route route, int64_t resolve_timeout_ns) : route_(std::move(route)), resolve_timeout_ns_(resolve_timeout_ns) {}

  const Route& route() const noexcept { return route_; }
  /// Another route: groups are formed anew from the alerts that are known; what was told stays told.
  void set_route(Route route, int64_t now_ns);

  /// A new or renewed alert. Returns why it cannot be taken, or "".
  std::string take(Alert alert, int64_t now_ns);
  /// What was told before a restart.
  void remember(const std::string& told_key, Told told) { told_[told_key] = std::move(told); }
  /// The key that what was told of a group is kept under.
  static std::string told_key(const std::string& group_key, const std::string& notifier) { return notifier + " " + group_key; }

  /// Groups whose time has come and that have news. The group's next time is set; told() must follow for each that was delivered.
  std::vector<Due> due(int64_t now_ns);
  /// The notification was delivered: it will not be repeated before its time, and resolved alerts of it are forgotten. Returns what
  /// to keep.
  const Told& told(const Due& due, int64_t now_ns);
  /// Keys that need not be kept any more.
  std::vector<std::string> forget(int64_t now_ns);

  /// When due() should be called next; nothing while there is nothing to do.
  std::optional<int64_t> next_ns() const;

  std::vector<Alert> alerts(int64_t now_ns) const;
  std::vector<GroupView> groups() const;

 private:
  struct Group {
    LabelMap labels;
    std::map<std::string, Alert> alerts;  // by fingerprint
    int64_t next_ns = 0;
  };
  LabelMap group_labels(const Alert& alert) const;
  void place(const Alert& alert, int64_t now_ns);
  bool has_news(const std::string& told_key, const Group& group, int64_t now_ns) const;
  void drop_settled(const std::string& group_key, int64_t now_ns);

  Route route_;
  int64_t resolve_timeout_ns_;
  std::map<std::string, Group> groups_;  // by group key
  std::map<std::string, Told> told_;     // by told_key()
};

}  // namespace tarsier::alerts
