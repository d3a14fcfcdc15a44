#include "series_catalog.hpp"

#include <array>

namespace tarsier::samples {
namespace {

constexpr std::string_view kSeries = "series";
constexpr std::string_view kMetadata = "metadata";
constexpr std::array kTables = {kSeries, kMetadata};
constexpr uint64_t kSeriesPerRecord = 16384;
constexpr size_t kTextBytesPerRecord = 8 << 20;  // far below what an Unpacker takes

/// In records of a bounded size.
std::vector<std::vector<uint8_t>> metadata_records(const MetadataTable& metadata) {
  std::vector<std::vector<uint8_t>> records;
  metadata.each("", [&](const std::string& metric, const Metadata& entry) {
    if (records.empty() || records.back().size() >= kTextBytesPerRecord) records.emplace_back();
    encode_metadata(metric, entry, records.back());
    return true;
  });
  return records;
}

}  // namespace

Result<void> SeriesCatalog::load(JournalVisitor& visitor) {
  const auto series = [&](std::span<const uint8_t> bytes) { return decode_series(bytes, visitor); };
  const auto metadata = [&](std::span<const uint8_t> bytes) { return decode_metadata(bytes, visitor); };
  return log_.each(kTables, Damage::Effect::none, [&](const Readable& readable, Loss& loss) -> Result<void> {
    if (auto read = each_record(readable, kSeries, series, loss); !read) return read;
    return each_record(readable, kMetadata, metadata, loss);
  });
}

Result<void> SeriesCatalog::write(uint64_t flush, const SeriesTable& table, uint32_t first, uint32_t last,
                                  const MetadataTable& metadata) {
  const bool full = first == 0 && !damaged();
  pending_metadata_ = metadata.changes();
  const bool with_metadata = full || pending_metadata_ != metadata_;
  if (first == last && pending_metadata_ == metadata_) return {};
  std::vector<std::vector<uint8_t>> texts;
  if (with_metadata) texts = metadata_records(metadata);
  return log_.write(flush, full, [&](Sealer& sealer) -> Result<void> {
    RecordWriter series_writer(sealer, kSeries);
    SeriesRecord record;
    std::vector<uint8_t> bytes;
    size_t text_bytes = 0;
    for (uint32_t id = first; id < last; ++id) {
      record.add(table[id].ref, table.pairs(id), table.symbols());
      for (const uint32_t symbol : table.pairs(id)) text_bytes += table.symbols().text(symbol).size();
      if (record.series_count() < kSeriesPerRecord && text_bytes < kTextBytesPerRecord && id + 1 < last) continue;
      text_bytes = 0;
      record.encode(bytes);
      if (auto done = series_writer.append(bytes); !done) return done;
    }
    RecordWriter metadata_writer(sealer, kMetadata);
    for (auto& piece : texts) {
      if (auto done = metadata_writer.append(piece); !done) return done;
    }
    return {};
  });
}

}  // namespace tarsier::samples
