#include "core/storage/env_name.hpp"

#include <string>

namespace tarsier::storage {
namespace {

bool allowed(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':' || c == 'T' || c == '-';
}

}  // namespace

Result<void> check_env_name(std::string_view name) {
  const auto refused = [name](std::string_view why) {
    return Error::invalid("environment name \"" + std::string(name.substr(0, kMaxEnvNameSize)) + "\": " + std::string(why));
  };
  if (name.empty()) return refused("is empty");
  if (name.size() > kMaxEnvNameSize) return refused("is longer than 200 bytes");
  bool part_begins = true;
  for (const char c : name) {
    if (c == '/') {
      if (part_begins) return refused("has an empty part");
      part_begins = true;
      continue;
    }
    if (part_begins && c == '.') return refused("has a part that begins with a dot");
    if (!allowed(c)) return refused("may hold only parts of a-z 0-9 _ . : T - between slashes");
    part_begins = false;
  }
  if (part_begins) return refused("ends with a slash");
  if (name.substr(0, name.find('/')) == kSnapshots) return refused("lies where the snapshots are");
  return {};
}

Result<void> check_table_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxTableNameSize || name.find('\0') != std::string_view::npos) {
    return Error::invalid("table name of " + std::to_string(name.size()) + " bytes: expected 1 to 64 bytes without a zero");
  }
  return {};
}

}  // namespace tarsier::storage
