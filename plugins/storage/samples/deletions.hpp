// Deletions: those that still concern a file on the disk, durable in an environment of their own that is there once there was one.
// When it is damaged those that can be read hold, and are written to a fresh one; the damaged one is set aside.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "damage.hpp"
#include "deletion.hpp"

namespace tarsier::samples {

inline constexpr std::string_view kDeletionsName = "samples/deletions";

class Deletions {
 public:
  Deletions(const Host& host, Damage& damage);
  Deletions(const Deletions&) = delete;
  Deletions& operator=(const Deletions&) = delete;

  /// `last_revision`: the highest of any file.
  Result<void> open(uint64_t last_revision);
  DeletionList all() const;
  /// The highest number of a flush that a deletion names; 0: none.
  uint64_t last_flush() const;
  /// No deletion gets a number up to this one any more: files have it for their revision.
  void reserve_number(uint64_t number);

  /// Of what add() would note.
  Result<Deletion> draft(uint64_t flush, int64_t start, int64_t end, std::vector<Condition> conditions) const {
    return Deletion::make(last_number_ + 1, flush, start, end, std::move(conditions));
  }
  uint64_t file_bytes() const noexcept { return file_bytes_.load(std::memory_order_relaxed); }

  // One caller at a time changes them.

  /// It is durable when this returns it.
  Result<std::shared_ptr<const Deletion>> add(Deletion draft);
  Result<void> remove(const std::vector<std::shared_ptr<const Deletion>>& spent);

 private:
  /// As they are stored.
  using Records = std::map<uint64_t, std::string>;
  Result<void> open_environment(uint32_t flags);
  void note_bytes();
  Result<void> read(const std::string& name, uint32_t flags, Records& records, Loss& loss, Env& env);
  Result<void> rescue(const Records& records, bool kept);
  void set(std::vector<std::shared_ptr<const Deletion>> all);

  const Host& host_;
  Damage& damage_;
  Env env_;
  uint64_t last_number_ = 0;
  std::atomic<uint64_t> file_bytes_{0};
  mutable std::mutex mutex_;  // guards all_
  DeletionList all_;
};

}  // namespace tarsier::samples
