#include "sealing.hpp"

#include "partition_writer.hpp"
#include "segment_source.hpp"

namespace tarsier::samples {

Result<std::shared_ptr<Partition>> Sealing::run(const HeadSegments& segments, std::shared_ptr<HeadSegment>& damaged) const {
  const auto table = head_.shared_table();
  const DeletionList deletions = deletions_.all();
  auto source = SegmentSource::open(*table, segments, deletions);
  if (!source) return std::move(source).error();
  Cover cover = joint_cover(segments);
  cover.revision = revision_without(deletions, cover);
  auto written = PartitionWriter(host_, head_.window()).write(cover, **source);
  if (!written) {
    damaged = (*source)->failed();
    return std::move(written).error();
  }
  (*source)->note_unknown();
  if (!*written) return std::shared_ptr<Partition>();
  return open_made(host_, partition_name(cover));
}

}  // namespace tarsier::samples
