// SpillFile: batches of one subscription that did not fit its queue, in a file, read back in order. It is a longer queue and
// nothing more: it is gone when it is drained, when the subscription ends and when the host restarts.
//
// A record is: u64 size, u64 XXH3 of the bytes, the bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "core/bus/batch.hpp"
#include "tarsier/result.hpp"

namespace tarsier::bus {

/// Not thread-safe.
class SpillFile {
 public:
  SpillFile(std::filesystem::path path, uint64_t max_bytes) : path_(std::move(path)), max_bytes_(max_bytes) {}
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;
  ~SpillFile() { discard(); }

  bool empty() const noexcept { return batches_ == 0; }
  uint64_t batches() const noexcept { return batches_; }
  /// Bytes that wait to be read.
  uint64_t bytes() const noexcept { return write_at_ - read_at_; }
  bool has_room(uint64_t batch_bytes) const noexcept;

  Result<void> append(std::span<const uint8_t> bytes);
  /// The oldest batch, as it was, or CORRUPT. Only when not empty. On failure the file is as good as lost: discard() it.
  Result<BatchRef> read();
  /// Forgets what waits, and removes the file.
  void discard() noexcept;

 private:
  Result<void> open();
  Result<BatchRef> read_record();
  void give_space_back();

  const std::filesystem::path path_;
  const uint64_t max_bytes_;
  int file_ = -1;
  uint64_t read_at_ = 0;
  uint64_t write_at_ = 0;
  uint64_t given_back_ = 0;  // the file's begin up to here takes no space on the disk
  uint64_t batches_ = 0;
  bool can_give_back_ = true;
};

}  // namespace tarsier::bus
