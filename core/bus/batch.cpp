#include "core/bus/batch.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "core/bus/spare_blocks.hpp"

namespace tarsier::bus {

namespace {
// Of the process, as malloc is: batches may be released when the bus is gone.
constinit SpareBlocks spare_blocks;
}  // namespace

Result<tarsier_batch*> allocate_batch(uint64_t bytes) {
  if (bytes > kMaxBatchBytes)
    return Error(TARSIER_RESOURCE,
                 "allocate a batch of " + std::to_string(bytes) + " bytes: the limit is " + std::to_string(kMaxBatchBytes));
  const uint64_t whole = (sizeof(tarsier_batch) + bytes + 63) & ~uint64_t{63};
  SpareBlocks::Block block = spare_blocks.take(whole);
  if (block.memory == nullptr) block = {std::aligned_alloc(alignof(tarsier_batch), whole), whole};
  if (block.memory == nullptr) return Error(TARSIER_RESOURCE, "allocate a batch of " + std::to_string(bytes) + " bytes: no memory");
  auto* batch = new (block.memory) tarsier_batch(bytes, block.bytes);
  std::memset(batch->data(), 0, whole - sizeof(tarsier_batch));
  return batch;
}

void release_batch(const tarsier_batch* batch) noexcept {
  if (batch->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const SpareBlocks::Block block{const_cast<tarsier_batch*>(batch), batch->block_bytes};
  batch->~tarsier_batch();
  if (!spare_blocks.keep(block)) std::free(block.memory);
}

}  // namespace tarsier::bus
