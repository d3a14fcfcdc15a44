// Checks of what tarsier_module_query returned, before any of it is used: sizes, ids against the note, and functions that must be
// there.
#pragma once

#include <string>
#include <vector>

#include "core/loader/module_note.hpp"
#include "tarsier/abi/module.h"
#include "tarsier/result.hpp"

namespace tarsier::loader {

/// The plugins of a module, in its order. INVALID names what is wrong with which plugin. `path` begins each message.
Result<std::vector<const tarsier_plugin*>> check_descriptor(const tarsier_module* module, const ModuleNote& note,
                                                            const std::string& path);

}  // namespace tarsier::loader
