#include "series_catalog.hpp"

namespace tarsier::samples {
namespace {

constexpr std::string_view kSeries = "series";
constexpr std::string_view kMetadata = "metadata";
constexpr uint64_t kSeriesPerRecord = 16384;

}  // namespace

Result<void> SeriesCatalog::load(JournalVisitor& visitor) const {
  return log_.each([&](const Snapshot& snapshot) -> Result<void> {
    auto series = each_record(snapshot, kSeries, [&](std::span<const uint8_t> bytes) { return decode_series(bytes, visitor); });
    if (!series) return series;
    return each_record(snapshot, kMetadata, [&](std::span<const uint8_t> bytes) { return decode_metadata(bytes, visitor); });
  });
}

Result<void> SeriesCatalog::write(uint64_t flush, const SeriesTable& table, uint32_t first, uint32_t last,
                                  const MetadataTable& metadata) {
  const bool full = first == 0;
  pending_metadata_ = metadata.changes();
  const bool with_metadata = full || pending_metadata_ != metadata_;
  if (first == last && pending_metadata_ == metadata_) return {};
  std::vector<uint8_t> texts;
  if (with_metadata) metadata.encode(texts);
  return log_.write(flush, full, [&](Sealer& sealer) -> Result<void> {
    RecordWriter series_writer(sealer, kSeries);
    SeriesRecord record;
    std::vector<uint8_t> bytes;
    for (uint32_t id = first; id < last; ++id) {
      record.add(table[id].ref, table.pairs(id), table.symbols());
      if (record.series_count() < kSeriesPerRecord && id + 1 < last) continue;
      record.encode(bytes);
      if (auto done = series_writer.append(bytes); !done) return done;
    }
    if (texts.empty()) return {};
    return RecordWriter(sealer, kMetadata).append(texts);
  });
}

}  // namespace tarsier::samples
