#include "series_catalog.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "packer.hpp"

namespace tarsier::samples {
namespace {

constexpr std::string_view kPrefix = "samples/series.";
constexpr std::string_view kInfo = "info";
constexpr std::string_view kSeries = "series";
constexpr std::string_view kMetadata = "metadata";
constexpr uint64_t kSeriesPerRecord = 16384;
enum Kind : uint8_t { kDelta = 1, kFull = 2 };

std::string_view text_of(std::span<const uint8_t> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
std::span<const uint8_t> bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::string name_of(uint64_t flush) { return std::string(kPrefix) + std::to_string(flush); }

bool parse_name(std::string_view name, uint64_t& flush) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), flush);
  return error == std::errc() && end == name.data() + name.size();
}

/// Packs records and appends them under ascending numbers.
class RecordWriter {
 public:
  RecordWriter(Sealer& sealer, std::string_view table) : sealer_(sealer), table_(table) {}
  Result<void> append(std::vector<uint8_t>& record) {
    std::array<uint8_t, 4> key{};
    put_be32(key.data(), number_++);
    std::vector<uint8_t> packed;
    packer_.pack(record, packed);
    record.clear();
    return sealer_.append(table_, text_of(key), text_of(packed));
  }

 private:
  Sealer& sealer_;
  std::string_view table_;
  Packer packer_;
  uint32_t number_ = 0;
};

template <class Decode>
Result<void> each_record(const Snapshot& snapshot, std::string_view table, Decode&& decode) {
  auto cursor = snapshot.cursor(table);
  if (!cursor && cursor.error().code() == TARSIER_NOT_FOUND) return {};
  if (!cursor) return std::move(cursor).error();
  Unpacker unpacker;
  std::vector<uint8_t> bytes;
  while (true) {
    auto entry = cursor->next();
    if (!entry && entry.error().code() == TARSIER_NOT_FOUND) return {};
    if (!entry) return std::move(entry).error();
    if (auto unpacked = unpacker.unpack(bytes_of(entry->value), bytes); !unpacked) return unpacked;
    if (Result<void> decoded = decode(bytes); !decoded) return decoded;
  }
}

}  // namespace

Result<void> SeriesCatalog::open(uint64_t first_unfinished) {
  flushes_.clear();
  full_ = 0;
  auto names = list_envs(host_, kPrefix);
  if (!names) return std::move(names).error().in("list series catalogs");
  for (const std::string& name : *names) {
    uint64_t flush = 0;
    if (!parse_name(name, flush)) continue;
    if (flush < first_unfinished) {
      flushes_.push_back(flush);
    } else if (auto removed = remove_env(host_, name); !removed) {
      return std::move(removed).error().in("remove unfinished " + name);
    }
  }
  std::sort(flushes_.begin(), flushes_.end());
  for (const uint64_t flush : flushes_) {
    const auto kind = [&]() -> Result<uint8_t> {
      auto env = open_env(host_, name_of(flush), TARSIER_ENV_SEALED);
      if (!env) return std::move(env).error();
      auto snapshot = env->read();
      if (!snapshot) return std::move(snapshot).error();
      auto value = snapshot->get(kInfo, kInfo);
      if (!value) return std::move(value).error();
      if (value->size() != 1) return Error{TARSIER_UNSUPPORTED, "a catalog of an unknown format"};
      return static_cast<uint8_t>(value->front());
    }();
    if (!kind) return Error(kind.error()).in("open " + name_of(flush));
    if (*kind == kFull) full_ = flush;
  }
  return remove_superseded();
}

Result<void> SeriesCatalog::load(JournalVisitor& visitor) const {
  for (const uint64_t flush : flushes_) {
    const auto read = [&]() -> Result<void> {
      auto env = open_env(host_, name_of(flush), TARSIER_ENV_SEALED);
      if (!env) return std::move(env).error();
      auto snapshot = env->read();
      if (!snapshot) return std::move(snapshot).error();
      auto series = each_record(*snapshot, kSeries, [&](std::span<const uint8_t> bytes) { return decode_series(bytes, visitor); });
      if (!series) return series;
      return each_record(*snapshot, kMetadata, [&](std::span<const uint8_t> bytes) { return decode_metadata(bytes, visitor); });
    };
    if (auto done = read(); !done) return std::move(done).error().in("read " + name_of(flush));
  }
  return {};
}

Result<void> SeriesCatalog::write(uint64_t flush, const SeriesTable& table, uint32_t first, uint32_t last,
                                  const MetadataTable& metadata) {
  const bool full = first == 0;
  const uint64_t metadata_state = metadata.changes();
  const bool with_metadata = full || metadata_state != metadata_;
  pending_ = {};
  if (first == last && metadata_state == metadata_) return {};
  std::vector<uint8_t> texts;
  if (with_metadata) metadata.encode(texts);
  auto sealer = seal(host_, name_of(flush));
  if (!sealer) return std::move(sealer).error().in("write " + name_of(flush));
  const auto write = [&]() -> Result<void> {
    RecordWriter series_writer(*sealer, kSeries);
    SeriesRecord record;
    std::vector<uint8_t> bytes;
    for (uint32_t id = first; id < last; ++id) {
      record.add(table[id].ref, table.pairs(id), table.symbols());
      if (record.series_count() < kSeriesPerRecord && id + 1 < last) continue;
      record.encode(bytes);
      if (auto done = series_writer.append(bytes); !done) return done;
    }
    if (!texts.empty()) {
      if (auto done = RecordWriter(*sealer, kMetadata).append(texts); !done) return done;
    }
    const uint8_t kind = full ? kFull : kDelta;
    if (auto done = sealer->append(kInfo, kInfo, text_of({&kind, 1})); !done) return done;
    return sealer->finish();
  };
  if (auto done = write(); !done) return std::move(done).error().in("write " + name_of(flush));
  pending_ = {flush, full, metadata_state};
  return {};
}

void SeriesCatalog::commit() noexcept {
  if (pending_.flush == 0) return;
  flushes_.push_back(pending_.flush);
  if (pending_.full) full_ = pending_.flush;
  metadata_ = pending_.metadata;
  pending_ = {};
}

void SeriesCatalog::abandon() {
  const uint64_t flush = std::exchange(pending_, {}).flush;
  if (flush == 0) return;
  if (auto removed = remove_env(host_, name_of(flush)); !removed) {
    host_.warn("a catalog of an unfinished flush could not be removed; the next start does it",
               {field("catalog", name_of(flush)), field("error", removed.error().message())});
  }
}

Result<void> SeriesCatalog::remove_superseded() {
  while (!flushes_.empty() && flushes_.front() < full_) {
    const std::string name = name_of(flushes_.front());
    if (auto removed = remove_env(host_, name); !removed && removed.error().code() != TARSIER_NOT_FOUND) {
      return std::move(removed).error().in("remove " + name);
    }
    flushes_.erase(flushes_.begin());
  }
  return {};
}

}  // namespace tarsier::samples
