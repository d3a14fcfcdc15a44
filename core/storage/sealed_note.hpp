// SealedNote: the small file "sealed" that makes an environment a read-only one and says what its data file must be.
#pragma once

#include <cstdint>
#include <string>

#include "core/storage/page_walk.hpp"
#include "tarsier/result.hpp"

namespace tarsier::storage {

Result<bool> is_sealed(const std::string& env_dir);
/// Walks the tree of `data_file` and writes, synced, what it found.
Result<TreeSum> write_sealed_note(const std::string& env_dir, const std::string& data_file);
/// CORRUPT when the note is damaged.
Result<TreeSum> read_sealed_note(const std::string& env_dir);
/// Walks the tree and compares: every branch and leaf page is bit for bit what was sealed. CORRUPT otherwise.
Result<void> check_sealed(const std::string& env_dir);

}  // namespace tarsier::storage
