// SpreadCounter: counts what several threads do at the same time, each in a place of its own, since processors that write to one
// place wait for one another.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tarsier::promql {

class SpreadCounter {
 public:
  /// Returns what the calling thread's place held before. [any]
  uint64_t add(uint64_t count) noexcept { return mine().count.fetch_add(count, std::memory_order_relaxed); }
  /// Of all threads. [any]
  uint64_t total() const noexcept {
    uint64_t sum = 0;
    for (const Place& place : places_) sum += place.count.load(std::memory_order_relaxed);
    return sum;
  }
  /// No thread may be counting.
  void set(uint64_t count) noexcept {
    for (Place& place : places_) place.count.store(0, std::memory_order_relaxed);
    places_[0].count.store(count, std::memory_order_relaxed);
  }

 private:
  static constexpr size_t kPlaces = 16;  // threads beyond share them
  struct alignas(64) Place {
    std::atomic<uint64_t> count{0};
  };
  Place& mine() noexcept {
    static std::atomic<size_t> threads{0};
    thread_local const size_t number = threads.fetch_add(1, std::memory_order_relaxed);
    return places_[number % kPlaces];
  }

  std::array<Place, kPlaces> places_;
};

}  // namespace tarsier::promql
