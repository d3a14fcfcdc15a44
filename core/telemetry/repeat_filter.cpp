#include "core/telemetry/repeat_filter.hpp"

#include <utility>

#include "core/telemetry/log_text.hpp"

namespace tarsier::telemetry {

bool RepeatFilter::admit(const LogRecord& record, int64_t mono_ns) {
  if (limit_ == 0 || record.message.size() > kMaxKey) return true;
  std::string key(record.source);
  key += '\0';
  key += static_cast<char>('0' + static_cast<int>(record.level));
  key += record.message;
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    Window& window = *found->second;
    if (window.seen < limit_) {
      ++window.seen;
      return true;
    }
    ++window.repeated.count;
    return false;
  }
  if (windows_.size() >= kMaxWindows) return true;
  windows_.push_back({std::move(key),
                      {record.level, std::string(record.source), std::string(record.plugin), std::string(record.message), 0},
                      mono_ns + window_ns_,
                      1});
  by_key_.emplace(windows_.back().key, std::prev(windows_.end()));
  return true;
}

std::vector<Repeated> RepeatFilter::take_finished(int64_t mono_ns, bool all) {
  std::vector<Repeated> finished;
  while (!windows_.empty() && (all || windows_.front().end_ns <= mono_ns)) {
    by_key_.erase(windows_.front().key);
    if (windows_.front().repeated.count > 0) finished.push_back(std::move(windows_.front().repeated));
    windows_.pop_front();
  }
  return finished;
}

}  // namespace tarsier::telemetry
