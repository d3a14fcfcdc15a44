// ChunkBuffer: reference-counted words behind a head chunk. The writer only ever writes words that no reader has been told of, so
// readers go on without a lock while it appends; growing makes another buffer.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace tarsier::samples {

class ChunkBuffer {
 public:
  ChunkBuffer() noexcept = default;
  ChunkBuffer(const ChunkBuffer& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  ChunkBuffer(ChunkBuffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  ChunkBuffer& operator=(ChunkBuffer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~ChunkBuffer() {
    if (block_ != nullptr && block_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) std::free(block_);
  }

  uint32_t capacity() const noexcept { return block_ == nullptr ? 0 : block_->capacity; }
  const uint64_t* words() const noexcept { return block_ == nullptr ? nullptr : data(block_); }
  uint64_t* words() noexcept { return block_ == nullptr ? nullptr : data(block_); }

  /// Makes the capacity `capacity`, keeping the first `used` words.
  void resize(uint32_t capacity, uint32_t used) {
    void* memory = std::malloc(sizeof(Block) + size_t{capacity} * sizeof(uint64_t));
    if (memory == nullptr) throw std::bad_alloc();
    Block* grown = new (memory) Block{{1}, capacity};
    if (used != 0) std::memcpy(data(grown), data(block_), size_t{used} * sizeof(uint64_t));
    ChunkBuffer next;
    next.block_ = grown;
    std::swap(block_, next.block_);
  }

 private:
  struct Block {
    std::atomic<uint32_t> refs;
    uint32_t capacity;
  };
  static_assert(sizeof(Block) == sizeof(uint64_t));
  static uint64_t* data(Block* block) noexcept { return reinterpret_cast<uint64_t*>(block + 1); }

  Block* block_ = nullptr;
};

}  // namespace tarsier::samples
