// tarsier doctor --discover: what the installed plugins propose for this machine.
#pragma once

#include "core/host/cli/arguments.hpp"

namespace tarsier::host::cli {

/// The exit code: 1 when a plugin did not answer, or proposed what does not check.
int discover(const Arguments& arguments);

}  // namespace tarsier::host::cli
