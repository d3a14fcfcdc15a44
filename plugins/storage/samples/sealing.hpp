// Sealing: makes one partition, with an index of its own, of all segments of one window of time. The partition is whole on the disk
// before anybody knows of it; a start that finds both it and segments that it covers removes the segments.
#pragma once

#include "deletions.hpp"
#include "head.hpp"
#include "head_segment.hpp"
#include "partition.hpp"

namespace tarsier::samples {

class Sealing {
 public:
  Sealing(const Host& host, const Head& head, const Deletions& deletions) : host_(host), head_(head), deletions_(deletions) {}

  /// `segments`: of the same window, in order of their flushes. They stay as they are. Null when they hold no samples that are not
  /// deleted. When the error is CORRUPT and `damaged` is set, that segment cannot be read.
  Result<std::shared_ptr<Partition>> run(const HeadSegments& segments, std::shared_ptr<HeadSegment>& damaged) const;

 private:
  const Host& host_;
  const Head& head_;
  const Deletions& deletions_;
};

}  // namespace tarsier::samples
