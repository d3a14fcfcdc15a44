// prometheus.WriteRequest. Metadata of single series has no place in it; MetadataBook sends that of families.
#include "plugins/forward/remote_write/histogram_fields.hpp"
#include "plugins/forward/remote_write/message_writers.hpp"

namespace tarsier::forward {
namespace {

using protobuf::WireWriter;

void write_labels(WireWriter& out, std::span<const batch::Label> labels) {
  for (const auto& [name, value] : labels) {
    WireWriter label;
    label.text(1, name).text(2, value);
    out.message(1, label);
  }
}

}  // namespace

void MessageV1::begin_series(std::span<const batch::Label> labels, const SeriesMetadata&) {
  series_.clear();
  write_labels(series_, labels);
}

void MessageV1::sample(int64_t time_ms, double value, int64_t) {
  part_.clear();
  part_.float64(1, value).varint(2, static_cast<uint64_t>(time_ms));
  series_.message(2, part_);
}

void MessageV1::histogram(int64_t time_ms, const NativeHistogram& histogram, int64_t) {
  part_.clear();
  write_histogram(part_, histogram, time_ms, 0);
  series_.message(4, part_);
}

void MessageV1::exemplar(int64_t time_ms, double value, std::span<const batch::Label> labels) {
  part_.clear();
  write_labels(part_, labels);
  part_.float64(2, value).varint(3, static_cast<uint64_t>(time_ms));
  series_.message(3, part_);
}

void MessageV1::end_series() { message_.message(1, series_); }

std::string MessageV1::finish() {
  std::string out(message_.text());
  message_.clear();
  return out;
}

}  // namespace tarsier::forward
