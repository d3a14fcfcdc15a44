#include "exemplar_log.hpp"

#include <algorithm>
#include <array>

namespace tarsier::samples {
namespace {

constexpr std::string_view kExemplars = "exemplars";
constexpr std::array kTables = {kExemplars};
constexpr uint64_t kPerRecord = 4096;  // the buffer is locked for the copy of so many

}  // namespace

Result<void> ExemplarLog::load(ExemplarBuffer& buffer) {
  if (buffer.most() == 0) return log_.remove_all();
  const ExemplarSink add = [&](std::string_view series, const Exemplar& exemplar) { (void)buffer.add(series, exemplar); };
  const auto decode = [&](std::span<const uint8_t> bytes) { return decode_exemplars(bytes, add); };
  auto loaded = log_.each(kTables, Damage::Effect::lacks_exemplars,
                          [&](const Readable& readable, Loss& loss) { return each_record(readable, kExemplars, decode, loss); });
  if (!loaded) return loaded;
  logged_ = pending_ = log_.damaged() ? buffer.first() : buffer.end();
  return log_.set_aside_damaged();
}

Result<void> ExemplarLog::write(uint64_t flush, const ExemplarBuffer& buffer, uint64_t to) {
  const uint64_t first = buffer.first();
  const bool full = log_.wants_full() || logged_ <= first;
  const uint64_t from = full ? first : logged_;
  pending_ = std::max(to, logged_);
  if (to <= std::max(first, logged_)) return {};
  return log_.write(flush, full, [&](Sealer& sealer) -> Result<void> {
    RecordWriter writer(sealer, kExemplars);
    std::vector<uint8_t> bytes;
    for (uint64_t at = from; at < to; at += kPerRecord) {
      ExemplarsRecord record;
      buffer.each(at, std::min(to, at + kPerRecord),
                  [&](std::string_view series, const Exemplar& exemplar) { record.add(series, exemplar); });
      if (record.empty()) continue;
      record.encode(bytes);
      if (auto done = writer.append(bytes); !done) return done;
    }
    return {};
  });
}

}  // namespace tarsier::samples
