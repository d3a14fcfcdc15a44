// QueueEntry: one batch in the queue, and how it lies there. docs/remote-write.md has the layout.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/batch.hpp"
#include "tarsier/result.hpp"

namespace tarsier::forward {

/// What stands in front of a batch.
struct EntryHead {
  int64_t appended_ns = 0;
  uint64_t samples_before = 0;  // in all batches that were appended before, since the queue began
  uint32_t samples = 0;
  uint64_t samples_after() const noexcept { return samples_before + samples; }
};

struct QueueEntry {
  uint64_t sequence = 0;
  EntryHead head;
  std::vector<uint64_t> words;  // the batch, aligned
  uint64_t size = 0;            // its bytes

  batch::View view() const noexcept { return batch::View({reinterpret_cast<const uint8_t*>(words.data()), size}); }
};

/// [any] The value that is stored: the head, and the bytes of the batch as a snappy block.
std::string encode_entry(const EntryHead& head, std::span<const uint8_t> batch);
/// CORRUPT for a value that encode_entry() does not write.
Result<EntryHead> decode_head(std::string_view value);
/// The same, and for a batch that does not verify.
Result<QueueEntry> decode_entry(uint64_t sequence, std::string_view value);

/// Keys of the table, in order.
std::string sequence_key(uint64_t sequence);
Result<uint64_t> key_sequence(std::string_view key);

}  // namespace tarsier::forward
