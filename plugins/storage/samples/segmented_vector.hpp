// SegmentedVector: grows at the end, elements never move. Segment k holds 256 << k elements, so an empty store costs little and ten
// million elements need sixteen segments. What no element lies in yet is never touched, so it takes no memory. One thread appends; a reader may use any element it learned of under the lock of the
// owner.
#pragma once

#include <array>
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
    for (uint32_t index = 0; index < size_; ++index) std::destroy_at(slot(index));
  }

  uint32_t size() const noexcept { return size_; }
  T& operator[](uint32_t index) noexcept { return *slot(index); }
  const T& operator[](uint32_t index) const noexcept { return *const_cast<SegmentedVector*>(this)->slot(index); }

  uint32_t push_back(T value) {
    const auto [segment, offset] = place(size_);
    if (offset == 0) segments_[segment] = std::make_unique_for_overwrite<Room[]>(kFirst << segment);
    std::construct_at(reinterpret_cast<T*>(&segments_[segment][offset]), std::move(value));
    return size_++;
  }
  size_t bytes() const noexcept { return size_ * sizeof(T); }

 private:
  void swap(SegmentedVector& other) noexcept {
    segments_.swap(other.segments_);
    std::swap(size_, other.size_);
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
  uint32_t size_ = 0;
};

}  // namespace tarsier::samples
