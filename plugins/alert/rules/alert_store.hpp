// AlertStore: alerts survive a restart whole, in the environment "rules": a firing one goes on firing, a pending one keeps its
// time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/alert/rules/group.hpp"
#include "tarsier/storage.hpp"

namespace tarsier::rules {

/// An alert as bytes, and back; INVALID when they are not such bytes.
std::string encode_alert(const Alert& alert);
Result<Alert> decode_alert(std::string_view bytes);

/// Thread-safe.
class AlertStore {
 public:
  static Result<std::unique_ptr<AlertStore>> open(const Host& host);

  /// Gives a group the alerts it had in an earlier run; those that waited for longer than `outage_ns` begin their `for` anew.
  Result<void> restore(RuleGroup& group, int64_t now_ns, int64_t outage_ns);
  /// Writes what changed since the last save of that group.
  Result<void> save(const RuleGroup& group);

 private:
  AlertStore(const Host& host, Env env) : host_(host), env_(std::move(env)) {}
  const Host& host_;
  Env env_;
  std::mutex saved_mutex_;
  std::map<std::string, std::map<std::string, std::string>> saved_;  // group -> key -> value
};

}  // namespace tarsier::rules
