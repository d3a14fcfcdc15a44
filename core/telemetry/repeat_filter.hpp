// RepeatFilter: lets the same message of the same source through a few times, holds the next ones back, and says how many they
// were.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/telemetry/log_record.hpp"

namespace tarsier::telemetry {

/// Messages that were held back, once their window is over.
struct Repeated {
  Level level;
  std::string source;
  std::string plugin;
  std::string message;
  uint64_t count;
};

/// Not thread-safe. Windows begin with a message and last for `window_ns`.
class RepeatFilter {
 public:
  RepeatFilter(uint32_t limit, int64_t window_ns) : limit_(limit), window_ns_(window_ns) {}

  /// Whether the record is to be written. What it knows is bounded: when too many messages are new, they are all let through.
  bool admit(const LogRecord& record, int64_t mono_ns);
  /// The windows that are over at `mono_ns`; with `all`, every one.
  std::vector<Repeated> take_finished(int64_t mono_ns, bool all = false);

 private:
  static constexpr size_t kMaxWindows = 1024;
  static constexpr size_t kMaxKey = 1024;
  struct Window {
    std::string key;
    Repeated repeated;
    int64_t end_ns;
    uint32_t seen;
  };

  const uint32_t limit_;
  const int64_t window_ns_;
  std::list<Window> windows_;                                                 // by end, the first to end in front
  std::unordered_map<std::string_view, std::list<Window>::iterator> by_key_;  // keys are views of windows_
};

}  // namespace tarsier::telemetry
