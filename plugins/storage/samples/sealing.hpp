// Sealing: makes one partition, with an index of its own, of all segments of one window of time. The partition is whole on the disk
// before anybody knows of it; a start that finds both it and segments that it covers removes the segments.
#pragma once

#include "head.hpp"
#include "head_segment.hpp"
#include "partition.hpp"

namespace tarsier::samples {

class Sealing {
 public:
  Sealing(const Host& host, const Head& head) : host_(host), head_(head) {}

  /// `segments`: of the same window, in order of their flushes. They stay as they are.
  Result<std::shared_ptr<Partition>> run(const HeadSegments& segments) const;

 private:
  const Host& host_;
  const Head& head_;
};

}  // namespace tarsier::samples
