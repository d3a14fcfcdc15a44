// Reads a file that somebody else wrote, whole, with a limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::config {

/// The error does not repeat the path. Devices and directories are refused; a pipe is read to its end.
Result<std::string> read_input_file(const std::string& path, uint64_t max_size);

bool is_utf8(std::string_view text) noexcept;

}  // namespace tarsier::config
