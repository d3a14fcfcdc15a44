// Deletions: those that still concern a file on the disk, durable in an environment of their own that is there once there was one.
#pragma once

#include <mutex>

#include "deletion.hpp"
#include "tarsier/storage.hpp"

namespace tarsier::samples {

inline constexpr std::string_view kDeletionsName = "samples/deletions";

class Deletions {
 public:
  explicit Deletions(const Host& host);
  Deletions(const Deletions&) = delete;
  Deletions& operator=(const Deletions&) = delete;

  Result<void> open();
  DeletionList all() const;
  /// The highest number of a flush that a deletion names; 0: none.
  uint64_t last_flush() const;
  /// No deletion gets a number up to this one any more: files have it for their revision.
  void reserve_number(uint64_t number);

  // One caller at a time changes them.

  /// It is durable when this returns it.
  Result<std::shared_ptr<const Deletion>> add(uint64_t flush, int64_t start, int64_t end, std::vector<Condition> conditions);
  Result<void> remove(const std::vector<std::shared_ptr<const Deletion>>& spent);

 private:
  Result<void> open_environment(uint32_t flags);
  void set(std::vector<std::shared_ptr<const Deletion>> all);

  const Host& host_;
  Env env_;
  uint64_t last_number_ = 0;
  mutable std::mutex mutex_;  // guards all_
  DeletionList all_;
};

}  // namespace tarsier::samples
