#include "sealing.hpp"

#include "partition_writer.hpp"
#include "segment_source.hpp"

namespace tarsier::samples {

Result<std::shared_ptr<Partition>> Sealing::run(const HeadSegments& segments) const {
  const auto table = head_.shared_table();
  auto source = SegmentSource::open(*table, segments);
  if (!source) return std::move(source).error();
  Cover cover = segments.front()->cover(head_.window());
  cover.last_flush = segments.back()->info().flush;
  if (auto written = PartitionWriter(host_, head_.window()).write(cover, **source); !written) return std::move(written).error();
  return Partition::open(host_, partition_name(cover));
}

}  // namespace tarsier::samples
