// LatencyHistogram: how long calls took, in powers of two from 1 us to 2 min. Lock-free; a quantile is exact to a factor of two.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace tarsier::host {

class LatencyHistogram {
 public:
  static constexpr size_t kBuckets = 28;

  /// The upper bound of a bucket; the last one takes the rest.
  static constexpr double bound_seconds(size_t bucket) noexcept { return 1e-6 * static_cast<double>(uint64_t{1} << bucket); }

  void add(int64_t ns) noexcept {
    const auto us = static_cast<uint64_t>(ns < 0 ? 0 : ns) / 1000;
    const auto bucket = static_cast<size_t>(std::bit_width(us));
    counts_[bucket < kBuckets ? bucket : kBuckets - 1].fetch_add(1, std::memory_order_relaxed);
    sum_ns_.fetch_add(ns, std::memory_order_relaxed);
  }

  std::array<uint64_t, kBuckets> counts() const noexcept {
    std::array<uint64_t, kBuckets> out{};
    for (size_t i = 0; i < kBuckets; ++i) out[i] = counts_[i].load(std::memory_order_relaxed);
    return out;
  }
  double sum_seconds() const noexcept { return static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) * 1e-9; }

  /// The bound below which `part` of all calls lie; 0 without calls.
  static double quantile(const std::array<uint64_t, kBuckets>& counts, double part) noexcept {
    uint64_t total = 0, seen = 0;
    for (const uint64_t count : counts) total += count;
    for (size_t i = 0; i < kBuckets; ++i) {
      seen += counts[i];
      if (seen > 0 && static_cast<double>(seen) >= part * static_cast<double>(total)) return bound_seconds(i);
    }
    return 0;
  }

 private:
  std::array<std::atomic<uint64_t>, kBuckets> counts_{};
  std::atomic<int64_t> sum_ns_{0};
};

}  // namespace tarsier::host
