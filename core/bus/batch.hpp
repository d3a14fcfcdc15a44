// The block behind abi/bus.h's tarsier_batch: one allocation, a head of 64 bytes with the reference count, then the batch's bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <utility>

#include "tarsier/abi/bus.h"
#include "tarsier/result.hpp"

struct alignas(64) tarsier_batch {
  tarsier_batch(uint64_t bytes, uint64_t whole) : size(bytes), block_bytes(whole) {}
  mutable std::atomic<uint32_t> references{1};
  const uint64_t size;
  const uint64_t block_bytes;  // of the whole allocation

  uint8_t* data() const noexcept { return reinterpret_cast<uint8_t*>(const_cast<tarsier_batch*>(this) + 1); }
  std::span<const uint8_t> bytes() const noexcept { return {data(), size}; }
};

namespace tarsier::bus {

inline constexpr uint64_t kMaxBatchBytes = uint64_t{1} << 30;

/// Zeroed, with one reference. RESOURCE: too large, or no memory.
Result<tarsier_batch*> allocate_batch(uint64_t bytes);
inline void retain_batch(const tarsier_batch* batch) noexcept { batch->references.fetch_add(1, std::memory_order_relaxed); }
void release_batch(const tarsier_batch* batch) noexcept;

/// One reference.
class BatchRef {
 public:
  BatchRef() = default;
  /// Takes a further reference.
  explicit BatchRef(const tarsier_batch* batch) noexcept : batch_(batch) { retain_batch(batch); }
  /// Takes over one.
  static BatchRef adopt(const tarsier_batch* batch) noexcept {
    BatchRef ref;
    ref.batch_ = batch;
    return ref;
  }
  BatchRef(BatchRef&& other) noexcept : batch_(std::exchange(other.batch_, nullptr)) {}
  BatchRef& operator=(BatchRef&& other) noexcept {
    std::swap(batch_, other.batch_);
    return *this;
  }
  ~BatchRef() {
    if (batch_ != nullptr) release_batch(batch_);
  }
  const tarsier_batch* get() const noexcept { return batch_; }
  const tarsier_batch* operator->() const noexcept { return batch_; }

 private:
  const tarsier_batch* batch_ = nullptr;
};

}  // namespace tarsier::bus
