// Salvage: what can be read of a data file that LMDB cannot open any more. The checksum of a value also covers its table and key,
// so an entry that verifies is what was written, wherever it stands; neither the tree nor the meta pages are needed to find it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::storage {

using Salvaged = std::function<void(std::string_view table, std::string_view key, std::string_view value)>;

/// Tells `each` of every entry of the tables that verifies: in no order, perhaps several times, also of those that were replaced or
/// removed and whose page was not used again.
Result<void> salvage_file(const std::string& data_file, const std::vector<std::string>& tables, const Salvaged& each);

}  // namespace tarsier::storage
