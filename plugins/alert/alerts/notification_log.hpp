// NotificationLog: what was told of each group, kept in the environment "alerts" so that a restart tells nothing twice.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "plugins/alert/alerts/dispatcher.hpp"
#include "tarsier/storage.hpp"

namespace tarsier::alerts {

/// Told as text, and back; INVALID when it is not such a text.
std::string encode_told(const std::string& key, const Told& told);
Result<std::pair<std::string, Told>> decode_told(std::string_view text);

class NotificationLog {
 public:
  explicit NotificationLog(Env env) : env_(std::move(env)) {}

  /// Gives every entry to `each`; unreadable ones to `unreadable` with the reason.
  Result<void> load(const std::function<void(const std::string& key, Told told)>& each,
                    const std::function<void(const std::string& why)>& unreadable) const;
  Result<void> keep(const std::string& key, const Told& told) const;
  Result<void> forget(const std::vector<std::string>& keys) const;

 private:
  Env env_;
};

}  // namespace tarsier::alerts
