#include "sealing.hpp"

#include "partition_writer.hpp"
#include "segment_source.hpp"

namespace tarsier::samples {

Result<std::shared_ptr<Partition>> Sealing::run(const HeadSegments& segments, std::shared_ptr<HeadSegment>& damaged) const {
  const auto table = head_.shared_table();
  const DeletionList deletions = deletions_.all();
  auto source = SegmentSource::open(*table, segments, deletions);
  if (!source) return std::move(source).error();
  Cover cover = segments.front()->cover();
  cover.last_flush = segments.back()->cover().last_flush;
  cover.revision = revision_without(deletions, cover);
  if (auto written = PartitionWriter(host_, head_.window()).write(cover, **source); !written) {
    if (written.error().code() == TARSIER_NOT_FOUND) return std::shared_ptr<Partition>();
    damaged = (*source)->failed();
    return std::move(written).error();
  }
  return Partition::open(host_, partition_name(cover));
}

}  // namespace tarsier::samples
