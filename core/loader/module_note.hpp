// ModuleNote: what a plugin file says of itself in its ELF note (abi/module.h), read without running any of its code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/loader/elf_file.hpp"
#include "tarsier/result.hpp"

namespace tarsier::loader {

struct ModuleNote {
  uint16_t abi_major = 0;
  uint16_t abi_minor = 0;
  uint16_t min_host_minor = 0;
  std::vector<std::string> ids;
  std::vector<std::string> kinds;
  std::string version;
  std::string build;
  std::vector<std::string> aliases;  ///< former ids of the first plugin

  bool has_id(std::string_view id) const noexcept;
  /// "node" for one of ids, the first id for an alias, "" otherwise.
  std::string_view resolve(std::string_view name) const noexcept;
};

/// The note of a file that was opened; NOT_FOUND when it has none, CORRUPT when it is malformed.
Result<ModuleNote> read_note(const ElfFile& file);
/// The descriptor's bytes; `path` begins each message.
Result<ModuleNote> parse_note(std::string_view descriptor, const std::string& path);
/// UNSUPPORTED when this host cannot run it: another ABI major, or a newer minor than this host's.
Result<void> check_abi(const ModuleNote& note, const std::string& path);
/// [a-z0-9-]+
bool valid_plugin_id(std::string_view id) noexcept;

}  // namespace tarsier::loader
