// PartitionSet: the partitions that queries read, and those that were set aside because they are damaged. A damaged one is kept on
// the disk for whoever can mend it, and is neither read, merged nor removed; after a restart it is tried again.
#pragma once

#include <mutex>

#include "options.hpp"
#include "partition.hpp"

namespace tarsier::samples {

struct SetAside {
  std::string name;
  std::string reason;
  Cover cover;
};

class PartitionSet {
 public:
  explicit PartitionSet(const Host& host) : host_(host) {}

  /// At the start: removes what a crash left (obsolete()) and opens the rest. `segments`: what else holds samples, such as segments
  /// of the head. Returns those of the segments that are obsolete; they are the caller's to remove.
  Result<std::vector<std::string>> open(const std::vector<std::string>& names, std::vector<NamedCover> segments);

  Partitions all() const;
  /// `made` instead of `gone`, at once for every query that begins after it. What is gone is removed from the disk after its last
  /// reader.
  void replace(const Partitions& gone, Partitions made);
  /// Nobody reads it from now on.
  void set_aside(const std::shared_ptr<Partition>& partition, const Error& why);
  /// Those whose samples an answer about [start, end] lacks.
  std::vector<SetAside> set_aside(int64_t start = INT64_MIN, int64_t end = INT64_MAX) const;
  /// Removes what is past its time or too much. Returns how many.
  size_t apply_retention(int64_t now_ns, uint64_t other_bytes, const Options& options);

 private:
  void note_set_aside(SetAside entry);

  const Host& host_;
  mutable std::mutex mutex_;
  Partitions partitions_;
  std::vector<SetAside> set_aside_;
};

}  // namespace tarsier::samples
