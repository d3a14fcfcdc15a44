// Snappy's block format.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::remote_write {

/// The size that a block has when decompressed. INVALID: no snappy. RESOURCE: more than `limit`.
Result<uint64_t> decompressed_size(std::string_view block, uint64_t limit);

/// Fills `out`, which is of the decompressed size. INVALID: the block is damaged.
Result<void> decompress(std::string_view block, std::span<uint8_t> out);

}  // namespace tarsier::remote_write
