// FileIdentity: which file, and which state of it, a path led to. A file replaced by rename has another inode; one that was
// overwritten in place has the same inode and another time or size, which is fatal for code that is mapped from it.
#pragma once

#include <cstdint>
#include <string>

#include "tarsier/result.hpp"

namespace tarsier::loader {

struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t modified_ns = 0;
  uint64_t size = 0;

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
  bool same_inode(const FileIdentity& other) const noexcept { return device == other.device && inode == other.inode; }
  /// True when `now` is the same file with other contents.
  bool overwritten_by(const FileIdentity& now) const noexcept { return same_inode(now) && *this != now; }
};

/// Follows symbolic links; only regular files have an identity.
Result<FileIdentity> identify(const std::string& path);
/// Of an open file; `path` is for the message.
Result<FileIdentity> identify(int fd, const std::string& path);

/// True while any part of the file is mapped into this process.
bool mapped(const FileIdentity& file);

}  // namespace tarsier::loader
