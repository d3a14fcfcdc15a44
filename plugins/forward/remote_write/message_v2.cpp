// io.prometheus.write.v2.Request. Start timestamps stand in each sample, where receivers of today look for them, and that of the
// first in the series, where those of 3.0 to 3.7 do.
#include "plugins/forward/remote_write/histogram_fields.hpp"
#include "plugins/forward/remote_write/message_writers.hpp"

namespace tarsier::forward {

using protobuf::WireWriter;

/// Symbol 0 is "".
void MessageV2::begin_symbols() {
  numbers_.clear();
  symbols_.assign(1, std::string());
  numbers_.emplace(symbols_.front(), 0);
  symbol_bytes_ = 0;
}

uint32_t MessageV2::symbol(std::string_view text) {
  if (const auto found = numbers_.find(text); found != numbers_.end()) return found->second;
  const auto number = static_cast<uint32_t>(symbols_.size());
  numbers_.emplace(symbols_.emplace_back(text), number);
  symbol_bytes_ += text.size() + 2;
  return number;
}

void MessageV2::write_refs(WireWriter& out, std::span<const batch::Label> labels) {
  refs_.clear();
  for (const auto& [name, value] : labels) {
    append_varint(refs_, symbol(name));
    append_varint(refs_, symbol(value));
  }
  if (!refs_.empty()) out.text(1, {reinterpret_cast<const char*>(refs_.data()), refs_.size()});
}

void MessageV2::begin_series(std::span<const batch::Label> labels, const SeriesMetadata& metadata) {
  series_.clear();
  write_refs(series_, labels);
  metadata_ = metadata;
  created_ms_ = 0;
}

void MessageV2::note_start(int64_t start_ms) {
  if (created_ms_ == 0) created_ms_ = start_ms;
}

void MessageV2::sample(int64_t time_ms, double value, int64_t start_ms) {
  part_.clear();
  part_.float64(1, value).varint(2, static_cast<uint64_t>(time_ms));
  if (start_ms != 0) part_.varint(3, static_cast<uint64_t>(start_ms));
  series_.message(2, part_);
  note_start(start_ms);
}

void MessageV2::histogram(int64_t time_ms, const NativeHistogram& histogram, int64_t start_ms) {
  part_.clear();
  write_histogram(part_, histogram, time_ms, start_ms);
  series_.message(3, part_);
  note_start(start_ms);
}

void MessageV2::exemplar(int64_t time_ms, double value, std::span<const batch::Label> labels) {
  part_.clear();
  write_refs(part_, labels);
  part_.float64(2, value).varint(3, static_cast<uint64_t>(time_ms));
  series_.message(4, part_);
}

void MessageV2::end_series() {
  if (metadata_.any()) {
    part_.clear();
    part_.varint(1, metric_type(metadata_.type)).varint(3, symbol(metadata_.help)).varint(4, symbol(metadata_.unit));
    series_.message(5, part_);
  }
  if (created_ms_ != 0) series_.varint(6, static_cast<uint64_t>(created_ms_));
  all_series_.message(5, series_);
}

std::string MessageV2::finish() {
  WireWriter head;
  for (const std::string& text : symbols_) head.text(4, text);
  std::string out(head.text());
  out.append(all_series_.text());
  all_series_.clear();
  begin_symbols();
  return out;
}

std::unique_ptr<MessageWriter> make_writer(Message message) {
  if (message == Message::write_request) return std::make_unique<MessageV1>();
  return std::make_unique<MessageV2>();
}

uint64_t metric_type(uint32_t series_type) noexcept {
  switch (series_type) {
    case TARSIER_SERIES_COUNTER:
      return 1;
    case TARSIER_SERIES_GAUGE:
      return 2;
    case TARSIER_SERIES_HISTOGRAM:
      return 3;
    case TARSIER_SERIES_GAUGE_HISTOGRAM:
      return 4;
    case TARSIER_SERIES_SUMMARY:
      return 5;
    case TARSIER_SERIES_INFO:
      return 6;
    case TARSIER_SERIES_STATESET:
      return 7;
    default:
      return 0;
  }
}

}  // namespace tarsier::forward
