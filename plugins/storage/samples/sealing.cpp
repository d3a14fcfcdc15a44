#include "sealing.hpp"

#include <map>

#include "partition_writer.hpp"

namespace tarsier::samples {

Result<std::shared_ptr<Partition>> Sealing::run(const HeadSegments& segments) const {
  const auto table = head_.shared_table();
  std::map<uint64_t, Columns> by_ref;
  for (const auto& segment : segments) {
    auto reader = SegmentReader::open(segment);
    if (!reader) return std::move(reader).error();
    auto read = reader->each([&](uint64_t ref, const Columns& columns) -> Result<void> {
      Columns& all = by_ref[ref];
      for (size_t row = 0; row < columns.size(); ++row) all.append(columns.at(row));
      return {};
    });
    if (!read) return std::move(read).error();
  }
  std::vector<SealedSeries> series;
  for (uint32_t id = 0; id < table->size(); ++id) {
    const auto found = by_ref.find((*table)[id].ref);
    if (found == by_ref.end()) continue;
    found->second.normalise();
    ChunkEncoder encoder;
    SealedSeries sealed{id, {}};
    for (size_t row = 0; row < found->second.size(); ++row) {
      if (!encoder.takes(found->second.at(row))) sealed.chunks.push_back(encoder.close());
      encoder.append(found->second.at(row));
    }
    sealed.chunks.push_back(encoder.close());
    series.push_back(std::move(sealed));
  }
  const SegmentInfo& last = segments.back()->info();
  const std::string name = partition_name(last.window_start, last.flush);
  if (auto written = PartitionWriter(host_, *table).write(name, last.window_start, std::move(series)); !written)
    return std::move(written).error();
  return Partition::open(host_, name);
}

}  // namespace tarsier::samples
