// SealedFile: what a head segment and a partition have in common: one sealed environment that is shared by those who read it, may
// turn out to be damaged, and is removed from the disk after the last reader when it was doomed.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "partition_name.hpp"
#include "readable.hpp"

namespace tarsier::samples {

/// Begins an environment. What has its name already is what an attempt left that failed on a disk that let nothing be removed: it
/// goes, unless somebody has it open.
Result<Sealer> seal_anew(const Host& host, const std::string& name);

class SealedFile {
 public:
  SealedFile(const SealedFile&) = delete;
  SealedFile& operator=(const SealedFile&) = delete;
  virtual ~SealedFile();

  const std::string& name() const noexcept { return name_; }
  const Env& env() const noexcept { return env_; }
  const Cover& cover() const noexcept { return cover_; }
  uint64_t file_bytes() const noexcept { return file_bytes_; }
  bool overlaps(int64_t start, int64_t end) const noexcept { return min_time_ <= end && max_time_ >= start; }

  /// What it holds is held elsewhere, or not wanted any more.
  void doom() noexcept { doomed_ = true; }
  /// Instead of removing it, it is set aside under another name: it holds something that nobody can read.
  void keep_when_doomed() noexcept { kept_ = true; }
  /// A value of it did not verify: it is not to be read any more. False when that was known.
  bool damage() noexcept { return !damaged_.exchange(true); }
  bool damaged() const noexcept { return damaged_; }

 protected:
  SealedFile(const Host& host, std::string name) : host_(host), name_(std::move(name)) {}
  Result<void> open_environment();
  void describe(const Cover& cover, int64_t min_time, int64_t max_time) noexcept {
    cover_ = cover;
    min_time_ = min_time;
    max_time_ = max_time;
  }

 private:
  const Host& host_;
  std::string name_;
  Env env_;
  Cover cover_;
  int64_t min_time_ = 0, max_time_ = 0;  // of its samples
  uint64_t file_bytes_ = 0;
  std::atomic<bool> doomed_{false};
  std::atomic<bool> kept_{false};
  std::atomic<bool> damaged_{false};
};

}  // namespace tarsier::samples
