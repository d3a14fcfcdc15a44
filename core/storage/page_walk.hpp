// PageWalk: reads the tree of an LMDB file without trusting a byte of it. LMDB follows page numbers and offsets as they stand on
// the disk, and a flipped bit in one crashes the process; so a file is walked once, here, before LMDB reads it.
#pragma once

#include <cstdint>
#include <string>

#include "tarsier/result.hpp"

namespace tarsier::storage {

/// What a walk found.
struct TreeSum {
  uint64_t hash = 0;     // over all branch and leaf pages, in tree order; values on overflow pages have their own checksums
  uint64_t entries = 0;  // over all tables
  uint64_t bytes = 0;    // that the file must have
  uint64_t txn = 0;
};

/// Checks every branch and leaf page reachable from the newest meta page: page numbers, offsets and sizes in range, keys in order,
/// no page twice on a path. CORRUPT names the page.
Result<TreeSum> walk_tree(const std::string& data_file);

// The part of LMDB's format (data version 1) that the walk and the sync mark rely on.
inline constexpr size_t kMetaHeadSize = 256;  // of a meta page: its header and MDB_meta, rounded up
inline constexpr size_t kMetaMagicOffset = 16;
inline constexpr size_t kMetaPageSizeOffset = 40;  // md_pad of the free-list's MDB_db
inline constexpr size_t kMetaLastPageOffset = 136;
inline constexpr size_t kMetaTxnOffset = 144;
inline constexpr uint32_t kMetaMagic = 0xBEEFC0DE;

}  // namespace tarsier::storage
