// Files: the few POSIX steps that make a change of a directory survive a power cut, as values instead of errno.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tarsier/result.hpp"

namespace tarsier::storage {

/// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

/// "write samples/active/data.mdb: No space left on device", with RESOURCE for a full disk and UNAVAILABLE for one that fails.
Error system_error(int number, std::string_view what);

Result<Fd> open_file(const std::string& path, int flags, int mode = 0640);
/// Every missing directory of `path`, each entry synced in its parent.
Result<void> make_directories(const std::string& path);
/// Syncs the entries of a directory (creations, renames, removals).
Result<void> sync_directory(const std::string& path);
Result<void> write_at(int fd, std::string_view data, uint64_t offset, std::string_view what);
Result<std::string> read_file(const std::string& path);
/// Writes a small file and syncs it; not its directory entry.
Result<void> write_synced_file(const std::string& path, std::string_view data);
Result<void> rename_file(const std::string& from, const std::string& to);
/// Removes a file; absent is no error.
Result<void> remove_file(const std::string& path);
/// Removes a temporary directory and what is in it.
Result<void> remove_tree(const std::string& path);
/// Copies and syncs a file.
Result<void> copy_file(const std::string& from, const std::string& to);

/// An error when it cannot be told: one that nobody may look at is not absent.
Result<bool> is_there(const std::string& path);
Result<uint64_t> size_of_file(const std::string& path);
/// Where that makes no difference.
bool file_exists(const std::string& path);
uint64_t file_size(const std::string& path);
bool same_file(const std::string& a, const std::string& b);
std::string parent_directory(const std::string& path);

}  // namespace tarsier::storage
