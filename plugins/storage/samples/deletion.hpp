// Deletion: "what came through flushes up to F, of the series that match, in a range of time, is deleted". Files are never changed,
// so readers leave out what a deletion covers until the file is written anew without it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "labels.hpp"
#include "matcher.hpp"
#include "partition_name.hpp"
#include "sample.hpp"

namespace tarsier::samples {

/// A matcher as it was given.
struct Condition {
  tarsier_match_op op = TARSIER_MATCH_EQUAL;
  std::string name;
  std::string value;
};

class Deletion {
 public:
  /// `number`: deletions are numbered as they come, and none has a number twice. INVALID when a condition is none. `start` and
  /// `end` are inclusive.
  static Result<Deletion> make(uint64_t number, uint64_t flush, int64_t start, int64_t end, std::vector<Condition> conditions);
  void encode(std::vector<uint8_t>& out) const;
  static Result<Deletion> decode(uint64_t number, std::span<const uint8_t> bytes);

  uint64_t number() const noexcept { return number_; }
  uint64_t flush() const noexcept { return flush_; }
  int64_t start() const noexcept { return start_; }
  int64_t end() const noexcept { return end_; }
  std::span<const Matcher> matchers() const noexcept { return matchers_; }

  bool overlaps(int64_t start, int64_t end) const noexcept { return start_ <= end && end_ >= start; }
  /// A file of that cover may hold samples that it deletes: all in it came through those flushes, and it was not written without
  /// them.
  bool concerns(const Cover& cover) const noexcept {
    return cover.last_flush <= flush_ && cover.revision < number_ && cover.begin <= end_ &&
           (cover.end > start_ || cover.end == INT64_MAX);
  }
  bool matches(Labels labels) const;

 private:
  Deletion() = default;

  uint64_t number_ = 0;
  uint64_t flush_ = 0;
  int64_t start_ = 0, end_ = 0;
  std::vector<Condition> conditions_;
  std::vector<Matcher> matchers_;
};

/// As they were at one moment, ascending by number; never null, never changes.
using DeletionList = std::shared_ptr<const std::vector<std::shared_ptr<const Deletion>>>;

/// Those of the range.
DeletionList within(const DeletionList& deletions, int64_t start, int64_t end);
/// The revision of a file of that cover that is written without what these delete: the highest number that concerns it, or 0.
uint64_t revision_without(const DeletionList& deletions, Cover cover);

/// The deletions of one series, applied to what is read of it from each file.
class SeriesDeletions {
 public:
  /// `deletions` outlive this.
  void find(const DeletionList& deletions, Labels labels);
  bool any() const noexcept { return !matching_.empty(); }
  /// Whether a sample of that time, or a summary, in a file of that cover is deleted.
  bool deletes(const Cover& cover, int64_t time) const noexcept;
  /// Takes the rows from `from` on, which were read from a file of that cover, out of `columns` where they are deleted.
  void drop(const Cover& cover, Columns& columns, size_t from) const;

 private:
  std::vector<const Deletion*> matching_;
};

}  // namespace tarsier::samples
