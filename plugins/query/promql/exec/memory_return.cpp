#include "plugins/query/promql/exec/memory_return.hpp"

#include <malloc.h>

namespace tarsier::promql {
namespace {

constexpr uint64_t kMuchBytes = uint64_t{64} << 20U;
constexpr uint64_t kBytesOfSample = 16;
constexpr int64_t kPauseNs = 5'000'000'000;

}  // namespace

void MemoryReturn::after_query(uint64_t peak_samples, int64_t mono_ns) noexcept {
  if (peak_samples < kMuchBytes / kBytesOfSample) return;
  int64_t last = last_ns_.load(std::memory_order_relaxed);
  if (last != kNever && mono_ns - last < kPauseNs) return;
  if (last_ns_.compare_exchange_strong(last, mono_ns, std::memory_order_relaxed)) malloc_trim(0);
}

}  // namespace tarsier::promql
