// LmdbError: what a return code of LMDB means to a caller.
#pragma once

#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::storage {

/// RESOURCE for what is full, UNAVAILABLE for a disk that fails, CORRUPT for a file that is not whole, INVALID for a wrong
/// argument.
Error lmdb_error(int code, std::string_view what);

}  // namespace tarsier::storage
