// The log of slow queries: a warning for each that took longer than the key slow_query says.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "plugins/query/promql/exec/engine.hpp"
#include "tarsier/host.hpp"

namespace tarsier::promql {

class SlowQueries {
 public:
  static constexpr size_t kMostText = 1'000;

  explicit SlowQueries(const Host& host) : host_(host) {}

  /// 0: nothing is logged.
  void set_threshold(int64_t threshold_ns) noexcept { threshold_ns_.store(threshold_ns, std::memory_order_relaxed); }
  /// [any] Of every query that ended, well or not. What it waited for its turn does not count.
  void finished(const FinishedQuery& query) const;

 private:
  void log(const FinishedQuery& query) const;

  const Host& host_;
  std::atomic<int64_t> threshold_ns_{0};
};

/// The text on one line, cut to `most` bytes, not within a character.
std::string short_text(std::string_view text, size_t most);

}  // namespace tarsier::promql
