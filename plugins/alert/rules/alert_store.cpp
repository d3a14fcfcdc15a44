#include "plugins/alert/rules/alert_store.hpp"

#include <bit>
#include <cstring>

namespace tarsier::rules {
namespace {

constexpr std::string_view kTable = "alerts";
constexpr uint8_t kVersion = 1;

void put_int(std::string& out, int64_t value) {
  for (int shift = 0; shift < 64; shift += 8)
    out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> static_cast<unsigned>(shift)));
}
void put_text(std::string& out, std::string_view text) {
  put_int(out, static_cast<int64_t>(text.size()));
  out += text;
}
void put_labels(std::string& out, const LabelMap& labels) {
  put_int(out, static_cast<int64_t>(labels.size()));
  for (const auto& [name, value] : labels) {
    put_text(out, name);
    put_text(out, value);
  }
}

/// Reads what the functions above wrote; after a failure everything reads as empty and ok() is false.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool done() const { return ok_ && bytes_.empty(); }
  int64_t integer() {
    const std::string_view raw = take(8);
    uint64_t value = 0;
    for (size_t i = 0; i < raw.size(); ++i) value |= uint64_t{static_cast<uint8_t>(raw[i])} << (8 * i);
    return static_cast<int64_t>(value);
  }
  std::string text() { return std::string(take(static_cast<uint64_t>(integer()))); }
  LabelMap labels() {
    LabelMap labels;
    const auto count = static_cast<uint64_t>(integer());
    if (count > bytes_.size()) ok_ = false;
    for (uint64_t i = 0; ok_ && i < count; ++i) {
      std::string name = text();
      labels.emplace_back(std::move(name), text());
    }
    return labels;
  }

 private:
  std::string_view take(uint64_t size) {
    if (!ok_ || size > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::string_view bytes_;
  bool ok_ = true;
};

uint64_t fnv1a(std::string_view text, uint64_t hash = 14695981039346656037ULL) {
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211ULL;
  return hash;
}

std::string hex(uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out(16, '0');
  for (size_t i = 16; i-- > 0; value >>= 4U) out[i] = kDigits[value & 15U];
  return out;
}

/// All alerts of a group have keys that begin alike.
std::string group_prefix(const RuleGroup& group) {
  return hex(fnv1a(group.definition().name, fnv1a(group.definition().file))) + "/";
}

/// A rule is found again by what it is, not by its place in the file.
std::string rule_key(const Rule& rule) { return hex(fnv1a(rule.expression, fnv1a(rule.name))) + "/"; }

std::string alert_key(const Alert& alert) {
  uint64_t hash = fnv1a("");
  for (const auto& [name, value] : alert.labels) hash = fnv1a(value, fnv1a("\xff", fnv1a(name, fnv1a("\xff", hash))));
  return hex(hash);
}

}  // namespace

std::string encode_alert(const Alert& alert) {
  std::string out;
  out.push_back(static_cast<char>(kVersion));
  out.push_back(static_cast<char>(alert.state));
  put_labels(out, alert.labels);
  put_labels(out, alert.annotations);
  put_int(out, std::bit_cast<int64_t>(alert.value));
  put_int(out, alert.active_at_ns);
  put_int(out, alert.fired_at_ns);
  put_int(out, alert.resolved_at_ns);
  put_int(out, alert.keep_firing_since_ns);
  put_int(out, alert.last_sent_ns);
  return out;
}

Result<Alert> decode_alert(std::string_view bytes) {
  if (bytes.size() < 2 || static_cast<uint8_t>(bytes[0]) != kVersion ||
      static_cast<uint8_t>(bytes[1]) > static_cast<uint8_t>(State::inactive))
    return Error::invalid("a stored alert of an unknown form");
  Alert alert;
  alert.state = static_cast<State>(bytes[1]);
  Input input(bytes.substr(2));
  alert.labels = input.labels();
  alert.annotations = input.labels();
  alert.value = std::bit_cast<double>(input.integer());
  alert.active_at_ns = input.integer();
  alert.fired_at_ns = input.integer();
  alert.resolved_at_ns = input.integer();
  alert.keep_firing_since_ns = input.integer();
  alert.last_sent_ns = input.integer();
  if (!input.done()) return Error::invalid("a stored alert is cut off");
  return alert;
}

Result<std::unique_ptr<AlertStore>> AlertStore::open(const Host& host) {
  auto env = open_env(host, "rules", TARSIER_ENV_CREATE);
  if (!env) return std::move(env).error();
  return std::unique_ptr<AlertStore>(new AlertStore(host, std::move(*env)));
}

Result<void> AlertStore::restore(RuleGroup& group, int64_t now_ns, int64_t outage_ns) {
  auto snapshot = env_.read();
  if (!snapshot) return std::move(snapshot).error();
  auto cursor = snapshot->cursor(kTable);
  if (!cursor) return std::move(cursor).error();
  const std::string prefix = group_prefix(group);
  const auto& rules = group.definition().rules;
  for (auto entry = cursor->seek(prefix); entry || entry.error().code() == TARSIER_CORRUPT; entry = cursor->next()) {
    if (!entry) {  // the alert comes anew by itself
      host_.warn("a stored alert does not verify", {field("error", entry.error().message())});
      continue;
    }
    if (!entry->key.starts_with(prefix)) break;
    {
      // So that the next save removes what no rule has any more.
      const std::lock_guard lock(saved_mutex_);
      saved_[prefix][std::string(entry->key)] = std::string(entry->value);
    }
    auto alert = decode_alert(entry->value);
    if (!alert) {
      host_.warn("a stored alert was left out", {field("error", alert.error().message())});
      continue;
    }
    const std::string_view rule = entry->key.substr(prefix.size(), 17);
    for (size_t i = 0; i < rules.size(); ++i) {
      if (rule_key(rules[i]) != rule) continue;
      if (alert->state == State::pending && now_ns - alert->active_at_ns > outage_ns + rules[i].for_ns)
        alert->active_at_ns = now_ns;
      group.restore(i, std::move(*alert));
      break;
    }
  }
  return {};
}

Result<void> AlertStore::save(const RuleGroup& group) {
  const std::string prefix = group_prefix(group);
  const auto& rules = group.definition().rules;
  std::map<std::string, std::string> now;
  for (const auto& [rule, alert] : group.alerts()) now[prefix + rule_key(rules[rule]) + alert_key(alert)] = encode_alert(alert);

  const std::lock_guard lock(saved_mutex_);
  auto& saved = saved_[prefix];
  std::vector<tarsier_op> ops;
  for (const auto& [key, value] : now) {
    const auto known = saved.find(key);
    if (known == saved.end() || known->second != value) ops.push_back(put(kTable, key, value));
  }
  for (const auto& [key, value] : saved)
    if (!now.contains(key)) ops.push_back(erase(kTable, key));
  if (ops.empty()) return {};
  auto written = env_.write_wait(ops);
  if (written) saved = std::move(now);
  return written;
}

}  // namespace tarsier::rules
