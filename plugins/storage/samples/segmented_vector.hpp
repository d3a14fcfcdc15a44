// SegmentedVector: grows at the end, elements never move. Segment k holds 256 << k elements, so an empty store costs little and ten
// million elements need sixteen segments. What no element lies in yet is never touched, so it takes no memory. One thread appends;
// others may ask for size() at any time and use the elements below it as the owner's locks allow.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace tarsier::samples {

template <class T>
class SegmentedVector {
 public:
  SegmentedVector() = default;
  SegmentedVector(SegmentedVector&& other) noexcept { swap(other); }
  SegmentedVector& operator=(SegmentedVector&& other) noexcept {
    SegmentedVector taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~SegmentedVector() {
    for (uint32_t index = 0, count = size(); index < count; ++index) std::destroy_at(slot(index));
  }

  uint32_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  T& operator[](uint32_t index) noexcept { return *slot(index); }
  const T& operator[](uint32_t index) const noexcept { return *const_cast<SegmentedVector*>(this)->slot(index); }

  uint32_t push_back(T value) {
    const uint32_t index = size_.load(std::memory_order_relaxed);
    const auto [segment, offset] = place(index);
    if (offset == 0) segments_[segment] = std::make_unique_for_overwrite<Room[]>(kFirst << segment);
    std::construct_at(reinterpret_cast<T*>(&segments_[segment][offset]), std::move(value));
    size_.store(index + 1, std::memory_order_release);
    return index;
  }
  size_t bytes() const noexcept { return size() * sizeof(T); }

 private:
  void swap(SegmentedVector& other) noexcept {
    segments_.swap(other.segments_);
    size_.store(other.size_.exchange(size()));
  }
  struct Room {
    alignas(T) std::byte bytes[sizeof(T)];
  };
  static constexpr size_t kFirst = 256;
  static std::pair<size_t, size_t> place(uint32_t index) noexcept {
    const uint64_t shifted = uint64_t{index} + kFirst;
    const auto segment = static_cast<size_t>(std::bit_width(shifted)) - static_cast<size_t>(std::bit_width(kFirst));
    return {segment, static_cast<size_t>(shifted) - (kFirst << segment)};
  }
  T* slot(uint32_t index) noexcept {
    const auto [segment, offset] = place(index);
    return std::launder(reinterpret_cast<T*>(&segments_[segment][offset]));
  }

  std::array<std::unique_ptr<Room[]>, 25> segments_;
  std::atomic<uint32_t> size_{0};
};

}  // namespace tarsier::samples
