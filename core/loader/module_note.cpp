#include "core/loader/module_note.hpp"

#include <algorithm>
#include <cstring>

#include "tarsier/abi/module.h"

namespace tarsier::loader {
namespace {

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) parts.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

Error malformed(const std::string& path, const std::string& what) {
  return Error(TARSIER_CORRUPT, path + ": its note is malformed: " + what);
}

}  // namespace

bool valid_plugin_id(std::string_view id) noexcept {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), allowed);
}

bool ModuleNote::has_id(std::string_view id) const noexcept { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

std::string_view ModuleNote::resolve(std::string_view name) const noexcept {
  const auto id = std::find(ids.begin(), ids.end(), name);
  if (id != ids.end()) return *id;
  const bool former = std::find(aliases.begin(), aliases.end(), name) != aliases.end();
  return former && !ids.empty() ? std::string_view(ids.front()) : std::string_view();
}

Result<ModuleNote> parse_note(std::string_view descriptor, const std::string& path) {
  if (descriptor.size() < sizeof(tarsier_note_head)) return malformed(path, "shorter than its fixed part");
  tarsier_note_head head;
  std::memcpy(&head, descriptor.data(), sizeof(head));
  ModuleNote note;
  note.abi_major = head.abi_major;
  note.abi_minor = head.abi_minor;
  note.min_host_minor = head.min_host_minor;
  // Of another major version only the fixed part is known; check_abi refuses it by that.
  if (note.abi_major != TARSIER_ABI_MAJOR) return note;

  std::string_view text = descriptor.substr(sizeof(head));
  text = text.substr(0, std::min(text.find('\0'), text.size()));
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return malformed(path, "a line without an end");
    const std::string_view line = text.substr(0, end);
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) return malformed(path, "a line without '='");
    const std::string_view key = line.substr(0, equals), value = line.substr(equals + 1);
    if (key == "ids") note.ids = split(value);
    if (key == "kinds") note.kinds = split(value);
    if (key == "version") note.version = value;
    if (key == "build") note.build = value;
    if (key == "aliases") note.aliases = split(value);
    text.remove_prefix(end + 1);
  }
  if (note.ids.empty()) return malformed(path, "it names no plugin id");
  for (const std::string& id : note.ids) {
    if (!valid_plugin_id(id)) return malformed(path, "\"" + id + "\" is no plugin id ([a-z0-9-]+ was expected)");
  }
  return note;
}

Result<ModuleNote> read_note(const ElfFile& file) {
  auto descriptor = file.note(TARSIER_NOTE_SECTION, TARSIER_NOTE_NAME, TARSIER_NOTE_TYPE);
  if (!descriptor) return std::move(descriptor).error();
  return parse_note(*descriptor, file.path());
}

Result<void> check_abi(const ModuleNote& note, const std::string& path) {
  const std::string host = std::to_string(TARSIER_ABI_MAJOR) + "." + std::to_string(TARSIER_ABI_MINOR);
  if (note.abi_major != TARSIER_ABI_MAJOR) {
    return Error(TARSIER_UNSUPPORTED, path + ": built for plugin ABI " + std::to_string(note.abi_major) + "." +
                                          std::to_string(note.abi_minor) + "; this host speaks " + host);
  }
  if (note.min_host_minor > TARSIER_ABI_MINOR) {
    return Error(TARSIER_UNSUPPORTED, path + ": needs a newer host: plugin ABI " + std::to_string(note.abi_major) + "." +
                                          std::to_string(note.min_host_minor) + " or later; this host speaks " + host);
  }
  return {};
}

}  // namespace tarsier::loader
