#include "plugins/alert/alerts/dispatcher.hpp"

#include <algorithm>

namespace tarsier::alerts {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

std::string group_key(const LabelMap& labels) {
  std::string key = "{}:{";
  for (const auto& [name, value] : labels) {
    if (key.back() != '{') key += ", ";
    key += name + "=" + quoted(value);
  }
  return key + "}";
}

}  // namespace

std::string fingerprint(const LabelMap& labels) {
  uint64_t hash = 14695981039346656037ULL;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211ULL;
    hash = (hash ^ 0xffU) * 1099511628211ULL;
  };
  for (const auto& [name, value] : labels) {
    add(name);
    add(value);
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = 16; i-- > 0; hash >>= 4U) text[i] = kDigits[hash & 15U];
  return text;
}

LabelMap Dispatcher::group_labels(const Alert& alert) const {
  if (route_.group_by.size() == 1 && route_.group_by[0] == "...") return alert.labels;
  LabelMap labels;
  for (const auto& label : alert.labels)
    if (std::find(route_.group_by.begin(), route_.group_by.end(), label.first) != route_.group_by.end()) labels.push_back(label);
  return labels;
}

std::string Dispatcher::take(Alert alert, int64_t now_ns) {
  std::erase_if(alert.labels, [](const auto& label) { return label.second.empty(); });
  if (alert.labels.empty()) return "at least one label pair required";
  if (alert.starts_ns == 0) alert.starts_ns = alert.ends_ns != 0 ? std::min(alert.ends_ns, now_ns) : now_ns;
  if (alert.ends_ns == 0) alert.ends_ns = now_ns + resolve_timeout_ns_;
  if (alert.ends_ns < alert.starts_ns) return "start time must be before end time";
  alert.fingerprint = fingerprint(alert.labels);
  alert.updated_ns = now_ns;
  place(alert, now_ns);
  return "";
}

void Dispatcher::place(const Alert& alert, int64_t now_ns) {
  LabelMap labels = group_labels(alert);
  const std::string key = group_key(labels);
  const auto known_group = groups_.find(key);
  const bool known = known_group != groups_.end() && known_group->second.alerts.contains(alert.fingerprint);
  if (!known && alert.resolved_at(now_ns)) return;  // nobody ever heard of it
  Group& group = groups_[key];
  group.labels = std::move(labels);
  if (group.alerts.empty() && group.next_ns == 0) {
    // An alert that began long ago, as after a restart, has had company enough; what was told already waits for its interval.
    const bool waited = alert.starts_ns + route_.group_wait_ns < now_ns;
    group.next_ns = waited ? now_ns : now_ns + route_.group_wait_ns;
  }
  Alert& kept = group.alerts[alert.fingerprint];
  const bool same_outbreak = !kept.fingerprint.empty() && kept.ends_ns >= alert.starts_ns;
  const int64_t starts_ns = same_outbreak ? std::min(kept.starts_ns, alert.starts_ns) : alert.starts_ns;
  kept = alert;
  kept.starts_ns = starts_ns;
}

bool Dispatcher::has_news(const std::string& told_key, const Group& group, int64_t now_ns) const {
  std::set<std::string> firing;
  std::set<std::string> resolved;
  for (const auto& [id, alert] : group.alerts) (alert.resolved_at(now_ns) ? resolved : firing).insert(id);
  const auto before = told_.find(told_key);
  if (before == told_.end()) return !firing.empty();
  const Told& told = before->second;
  if (!std::includes(told.firing.begin(), told.firing.end(), firing.begin(), firing.end())) return true;
  if (firing.empty()) return !told.firing.empty();
  for (const std::string& id : resolved)
    if (told.firing.contains(id) && !told.resolved.contains(id)) return true;
  return now_ns - told.at_ns >= route_.repeat_interval_ns;
}

std::vector<Due> Dispatcher::due(int64_t now_ns) {
  std::vector<Due> all;
  std::vector<std::string> visited;
  for (auto& [key, group] : groups_) {
    if (group.next_ns > now_ns) continue;
    group.next_ns = now_ns + route_.group_interval_ns;
    visited.push_back(key);
    for (const std::string& notifier : route_.notifiers) {
      if (!has_news(told_key(key, notifier), group, now_ns)) continue;
      Due due{key, route_.receiver, notifier, group.labels, {}};
      for (const auto& [id, alert] : group.alerts) due.alerts.push_back(alert);
      all.push_back(std::move(due));
    }
  }
  for (const std::string& key : visited) drop_settled(key, now_ns);
  return all;
}

const Told& Dispatcher::told(const Due& due, int64_t now_ns) {
  Told& told = told_[told_key(due.group_key, due.notifier)];
  told = {{}, {}, now_ns};
  for (const Alert& alert : due.alerts) (alert.resolved_at(now_ns) ? told.resolved : told.firing).insert(alert.fingerprint);
  drop_settled(due.group_key, now_ns);
  return told;
}

/// Forgets resolved alerts that no notifier owes anybody a word about.
void Dispatcher::drop_settled(const std::string& group_key, int64_t now_ns) {
  const auto group = groups_.find(group_key);
  if (group == groups_.end()) return;
  std::erase_if(group->second.alerts, [&](const auto& entry) {
    if (!entry.second.resolved_at(now_ns)) return false;
    return std::none_of(route_.notifiers.begin(), route_.notifiers.end(), [&](const std::string& notifier) {
      const auto told = told_.find(told_key(group_key, notifier));
      return told != told_.end() && told->second.firing.contains(entry.first);
    });
  });
  if (group->second.alerts.empty()) groups_.erase(group);
}

std::vector<std::string> Dispatcher::forget(int64_t now_ns) {
  std::vector<std::string> gone;
  for (auto at = told_.begin(); at != told_.end();) {
    // Twice the repeat interval, so that a group that is quiet for a while is still not told anew.
    if (groups_.contains(at->first.substr(at->first.find(' ') + 1)) || now_ns - at->second.at_ns < 2 * route_.repeat_interval_ns) {
      ++at;
      continue;
    }
    gone.push_back(at->first);
    at = told_.erase(at);
  }
  return gone;
}

std::optional<int64_t> Dispatcher::next_ns() const {
  std::optional<int64_t> next;
  for (const auto& [key, group] : groups_)
    if (!next || group.next_ns < *next) next = group.next_ns;
  return next;
}

void Dispatcher::set_route(Route route, int64_t now_ns) {
  route_ = std::move(route);
  std::vector<Alert> known;
  for (auto& [key, group] : groups_)
    for (auto& [id, alert] : group.alerts) known.push_back(std::move(alert));
  groups_.clear();
  for (const Alert& alert : known) place(alert, now_ns);
}

std::vector<Alert> Dispatcher::alerts(int64_t now_ns) const {
  std::vector<Alert> all;
  for (const auto& [key, group] : groups_)
    for (const auto& [id, alert] : group.alerts)
      if (!alert.resolved_at(now_ns)) all.push_back(alert);
  std::sort(all.begin(), all.end(), [](const Alert& a, const Alert& b) { return a.fingerprint < b.fingerprint; });
  return all;
}

std::vector<GroupView> Dispatcher::groups() const {
  std::vector<GroupView> all;
  for (const auto& [key, group] : groups_) {
    GroupView view{group.labels, route_.receiver, {}};
    for (const auto& [id, alert] : group.alerts) view.alerts.push_back(alert);
    all.push_back(std::move(view));
  }
  return all;
}

}  // namespace tarsier::alerts
