// SealedSet: the head segments and partitions that queries read, and those that were set aside: because they are damaged, or
// because they cannot be opened now. They are neither read, merged nor removed. A damaged one is kept on the disk for whoever can
// mend it, and is tried again after a restart; one that could not be opened is tried again while the store runs.
#pragma once

#include <mutex>

#include "head_segment.hpp"
#include "options.hpp"
#include "partition.hpp"
#include "retention.hpp"

namespace tarsier::samples {

/// What is sealed, as one query sees it: each sample in one place.
struct Sealed {
  Partitions partitions;
  HeadSegments segments;
};

struct SetAside {
  std::string name;
  std::string reason;
  Cover cover;
  bool unopened = false;  // for a reason that may pass: too many open files, permissions, no memory, a disk that fails

  /// What happened to it, for people.
  std::string text() const { return name + (unopened ? " cannot be opened now: " : " is damaged: ") + reason; }
};

class SealedSet {
 public:
  explicit SealedSet(const Host& host) : host_(host) {}

  /// At the start: opens all, removes what a crash left (obsolete()), sets aside what is damaged or cannot be opened now.
  Result<void> open(const std::vector<std::string>& partition_names, const std::vector<std::string>& segment_names);

  Sealed all() const;
  Partitions partitions() const;
  /// Any with samples in [start, end], as far as its first and last tell.
  bool has_segments(int64_t start, int64_t end) const;
  /// Of the segments, and of what is set aside.
  std::vector<Cover> unmergeable() const;
  /// Of these and of the partitions.
  std::vector<Cover> covers() const;
  /// INTERNAL when a new file of that cover would take in more than those, of its tier, that it is made of: the next start would
  /// remove them as parts of it.
  Result<void> check_cover(const Cover& cover, size_t inputs) const;
  /// The highest number of a flush in any cover; 0: none.
  uint64_t last_flush() const;
  /// Likewise of a revision.
  uint64_t last_revision() const;

  void add(HeadSegments made);
  /// `made` instead of `gone`, at once for every query that begins after it. What is gone is removed from the disk after its last
  /// reader. False when one of `gone` is not there any more, for it was found to be damaged: then all stays as it was, and what was
  /// made is removed instead, since it holds less than its cover says.
  [[nodiscard]] bool replace(const Partitions& gone, Partitions made);
  /// `made` may be null: then there was nothing in them.
  [[nodiscard]] bool replace(const HeadSegments& gone, std::shared_ptr<Partition> made);
  [[nodiscard]] bool replace(const HeadSegments& gone, std::shared_ptr<HeadSegment> made);
  /// Nobody reads it from now on.
  void set_aside(const std::shared_ptr<SealedFile>& file, const Error& why);
  /// The names of those that could not be opened, to be tried again.
  std::vector<std::string> unopened() const;
  /// One of these could be opened: queries read it from now on, and what lies within its cover goes.
  void take_back(std::shared_ptr<HeadSegment> segment);
  void take_back(std::shared_ptr<Partition> partition);
  /// One of these failed again. It is damaged when the error says so.
  void note_again(const std::string& name, const Error& why);
  /// Those whose samples an answer about [start, end] lacks.
  std::vector<SetAside> set_aside(int64_t start = INT64_MIN, int64_t end = INT64_MAX) const;
  /// Segments are among what is set aside: they may come back, and their series have to be known then.
  bool has_segments_aside() const;
  /// Removes partitions that are past their time or too much, and returns them; segments count but stay.
  Partitions apply_retention(int64_t now_ns, uint64_t other_bytes, const Options& options, Sums sums);

 private:
  template <class Gone, class Made>
  bool exchange(const std::vector<Gone>& gone, std::vector<Made> made);
  template <class File>
  void take_back_file(std::vector<std::shared_ptr<File>>& files, std::shared_ptr<File> file);
  void note_set_aside(SetAside entry);
  /// Of a segment of which nobody can read all, and that has another name now or gets one.
  void note_missing(SetAside entry);
  Result<void> list_missing();
  void drop_obsolete();
  void set_aside_unopened(std::vector<SetAside> unopened);

  const Host& host_;
  mutable std::mutex mutex_;
  Sealed sealed_;
  std::vector<SetAside> set_aside_;
  std::vector<SetAside> missing_;  // not in the way of merges, unlike those
};

}  // namespace tarsier::samples
