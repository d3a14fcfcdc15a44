// Secrets in files, which may be replaced at any time.
#pragma once

#include <string>

#include "tarsier/result.hpp"

namespace tarsier::client_config {

/// [work] The first line. UNAVAILABLE: it cannot be read. INVALID: it could not be sent in a header.
Result<std::string> read_secret_file(const std::string& file);

}  // namespace tarsier::client_config
