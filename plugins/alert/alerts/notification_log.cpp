#include "plugins/alert/alerts/notification_log.hpp"

#include <algorithm>
#include <charconv>

namespace tarsier::alerts {
namespace {

constexpr std::string_view kTable = "notified";

/// Group keys may be longer than a key of the storage, so the entry is found by the key's hash and carries the key itself.
std::string storage_key(const std::string& key) { return fingerprint({{"key", key}}); }

}  // namespace

// One line each: "1", time, fingerprints of firing, of resolved alerts (each 16 digits, one after the other); then the key.
std::string encode_told(const std::string& key, const Told& told) {
  std::string text = "1\n" + std::to_string(told.at_ns) + "\n";
  for (const std::string& id : told.firing) text += id;
  text += '\n';
  for (const std::string& id : told.resolved) text += id;
  return text + "\n" + key;
}

Result<std::pair<std::string, Told>> decode_told(std::string_view text) {
  const auto line = [&]() -> std::string_view {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
  };
  const auto ids = [](std::string_view joined, std::set<std::string>& out) {
    if (joined.size() % 16 != 0) return false;
    for (; !joined.empty(); joined.remove_prefix(16)) out.emplace(joined.substr(0, 16));
    return true;
  };
  Told told;
  if (line() != "1") return Error::invalid("a notification log entry of an unknown form");
  const std::string_view time = line();
  const auto parsed = std::from_chars(time.data(), time.data() + time.size(), told.at_ns);
  if (parsed.ec != std::errc() || !ids(line(), told.firing) || !ids(line(), told.resolved))
    return Error::invalid("a notification log entry does not parse");
  return std::pair{std::string(text), std::move(told)};
}

Result<void> NotificationLog::load(const std::function<void(const std::string& key, Told told)>& each,
                                   const std::function<void(const std::string& why)>& unreadable) const {
  auto snapshot = env_.read();
  if (!snapshot) return std::move(snapshot).error();
  auto cursor = snapshot->cursor(kTable);
  if (!cursor) return std::move(cursor).error();
  for (auto entry = cursor->next(); entry || entry.error().code() == TARSIER_CORRUPT; entry = cursor->next()) {
    if (!entry) {
      unreadable(entry.error().message());
      continue;
    }
    auto decoded = decode_told(entry->value);
    if (decoded) {
      each(decoded->first, std::move(decoded->second));
    } else {
      unreadable(decoded.error().message());
    }
  }
  return {};
}

Result<void> NotificationLog::keep(const std::string& key, const Told& told) const {
  const std::string at = storage_key(key);
  const std::string value = encode_told(key, told);
  const tarsier_op op = put(kTable, at, value);
  return env_.write_wait({&op, 1});
}

Result<void> NotificationLog::forget(const std::vector<std::string>& keys) const {
  if (keys.empty()) return {};
  std::vector<std::string> at;
  at.reserve(keys.size());
  for (const std::string& key : keys) at.push_back(storage_key(key));
  std::vector<tarsier_op> ops;
  ops.reserve(at.size());
  for (const std::string& key : at) ops.push_back(erase(kTable, key));
  return env_.write_wait(ops);
}

}  // namespace tarsier::alerts
