// PrivateCopies: the directory from whose files plugins are mapped. Whatever happens to a file in a drop-in directory, also being
// overwritten in place, does not reach code that runs: that is mapped from a copy which nobody else writes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tarsier/result.hpp"

namespace tarsier::loader {

/// A copy, removed at the end of this. What is mapped from it stays mapped.
class PrivateCopy {
 public:
  PrivateCopy() = default;
  explicit PrivateCopy(std::string path) : path_(std::move(path)) {}
  PrivateCopy(PrivateCopy&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PrivateCopy& operator=(PrivateCopy&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~PrivateCopy();

  /// "" when there is none.
  const std::string& path() const noexcept { return path_; }
  /// Leaves the file to debuggers and profilers, until the next start empties the directory.
  void keep() noexcept { path_.clear(); }

 private:
  std::string path_;
};

class PrivateCopies {
 public:
  /// Makes the directory when it is absent, takes it for this process, and empties it of what an earlier one left. UNAVAILABLE when
  /// another process has it, or when nothing may be executed from there.
  static Result<PrivateCopies> open(std::string directory);
  PrivateCopies(PrivateCopies&& other) noexcept;
  PrivateCopies& operator=(PrivateCopies&&) = delete;
  ~PrivateCopies();

  /// Writes a new file with what the open file `from` holds: "node.7.so" for the original "/plugins/node.so". No two have the same
  /// name. RESOURCE when the disk is full; nothing is left then.
  Result<PrivateCopy> copy(const std::string& original, int from);

 private:
  PrivateCopies(std::string directory, int lock) : directory_(std::move(directory)), lock_(lock) {}

  std::string directory_;
  int lock_;  // an open descriptor of the directory, locked
  uint64_t written_ = 0;
};

}  // namespace tarsier::loader
