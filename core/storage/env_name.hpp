// EnvName: which environment and table names there may be, so that a name can never leave the data directory.
#pragma once

#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::storage {

inline constexpr size_t kMaxEnvNameSize = 200;
inline constexpr size_t kMaxTableNameSize = 64;
inline constexpr unsigned kMaxTables = 32;

/// The directory of the data directory in which snapshots are, each of them a data directory. No environment lies there.
inline constexpr std::string_view kSnapshots = "snapshots";

/// Parts of [a-z0-9_.:T-] between slashes; no part is empty or begins with a dot (those are the storage's own temporary names).
Result<void> check_env_name(std::string_view name);
/// 1..64 bytes of any kind but zero.
Result<void> check_table_name(std::string_view name);

}  // namespace tarsier::storage
