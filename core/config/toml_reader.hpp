// Reads TOML text into nodes that know their line and column.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/config/finding.hpp"
#include "core/config/node.hpp"

namespace tarsier::config {

inline constexpr uint64_t kMaxFileSize = 16ULL << 20U;
inline constexpr uint32_t kMaxNesting = 64;

/// The document's root table; findings get what is wrong with it, and the table is then empty. Dates and times become strings.
Node read_toml(std::string_view text, const std::shared_ptr<const Source>& source, Findings& findings);

/// A regular file of at most kMaxFileSize. Paths inside it start at its directory.
Node read_toml_file(const std::string& path, Findings& findings);

}  // namespace tarsier::config
