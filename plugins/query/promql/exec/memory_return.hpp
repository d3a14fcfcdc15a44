// MemoryReturn: what large queries leave with the allocator goes back to the system.
#pragma once

#include <atomic>
#include <cstdint>

namespace tarsier::promql {

class MemoryReturn {
 public:
  /// [work] Not in a lock: takes milliseconds. After a query that had so many samples in memory at once; does nothing after a small
  /// one, or when it was done a moment ago.
  void after_query(uint64_t peak_samples, int64_t mono_ns) noexcept;

 private:
  static constexpr int64_t kNever = INT64_MIN;
  std::atomic<int64_t> last_ns_{kNever};
};

}  // namespace tarsier::promql
