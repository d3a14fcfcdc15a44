// CrashHandler: when the process gets SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT, says in which plugin file it was, on stderr and
// in a note in the data directory, and dies of the signal as it would have.
#pragma once

#include <string>

#include "core/loader/module.hpp"

namespace tarsier::host::crash {

/// Once. Notes go to `directory`, which is made when absent. Threads other than the caller's have no alternate stack: a stack
/// overflow in one of them ends the process without a note.
void install(const std::string& directory);

/// Makes the code of a loaded file known to the handler by name; until forget() with the same address.
void remember(const loader::Module& module);
void forget(const loader::Module& module);

/// True when the address lies in a plugin's code or data.
bool in_plugin(const void* address) noexcept;

/// What `address` belongs to: "node 1.2.3 (/plugins/node.so, built by ...)", or "".
std::string owner_of(const void* address);

}  // namespace tarsier::host::crash
