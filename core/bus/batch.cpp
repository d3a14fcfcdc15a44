#include "core/bus/batch.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

namespace tarsier::bus {

Result<tarsier_batch*> allocate_batch(uint64_t bytes) {
  if (bytes > kMaxBatchBytes)
    return Error(TARSIER_RESOURCE,
                 "allocate a batch of " + std::to_string(bytes) + " bytes: the limit is " + std::to_string(kMaxBatchBytes));
  const uint64_t whole = (sizeof(tarsier_batch) + bytes + 63) & ~uint64_t{63};
  void* memory = std::aligned_alloc(alignof(tarsier_batch), whole);
  if (memory == nullptr) return Error(TARSIER_RESOURCE, "allocate a batch of " + std::to_string(bytes) + " bytes: no memory");
  auto* batch = new (memory) tarsier_batch(bytes);
  std::memset(batch->data(), 0, whole - sizeof(tarsier_batch));
  return batch;
}

void release_batch(const tarsier_batch* batch) noexcept {
  if (batch->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  batch->~tarsier_batch();
  std::free(const_cast<tarsier_batch*>(batch));
}

}  // namespace tarsier::bus
