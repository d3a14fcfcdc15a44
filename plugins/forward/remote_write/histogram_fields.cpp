#include "plugins/forward/remote_write/histogram_fields.hpp"

namespace tarsier::forward {
namespace {

using protobuf::WireWriter;

void write_spans(WireWriter& out, uint32_t number, const std::vector<BucketSpan>& spans) {
  for (const BucketSpan& span : spans) {
    WireWriter one;
    one.sint(1, span.offset).varint(2, span.length);
    out.message(number, one);
  }
}

std::string_view text(const std::vector<uint8_t>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

void write_deltas(WireWriter& out, uint32_t number, const std::vector<double>& counts) {
  if (counts.empty()) return;
  std::vector<uint8_t> packed;
  int64_t before = 0;
  for (const double count : counts) {
    const auto now = static_cast<int64_t>(count);
    append_varint(packed, zigzag(now - before));
    before = now;
  }
  out.text(number, text(packed));
}

void write_doubles(WireWriter& out, uint32_t number, const std::vector<double>& values) {
  if (values.empty()) return;
  out.text(number, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)});
}

}  // namespace

void write_histogram(WireWriter& out, const NativeHistogram& histogram, int64_t time_ms, int64_t start_ms) {
  if (histogram.is_float) {
    out.float64(2, histogram.count);
  } else {
    out.varint(1, static_cast<uint64_t>(histogram.count));
  }
  out.float64(3, histogram.sum).sint(4, histogram.schema).float64(5, histogram.zero_threshold);
  if (histogram.is_float) {
    out.float64(7, histogram.zero_count);
  } else {
    out.varint(6, static_cast<uint64_t>(histogram.zero_count));
  }
  write_spans(out, 8, histogram.negative_spans);
  write_spans(out, 11, histogram.positive_spans);
  if (histogram.is_float) {
    write_doubles(out, 10, histogram.negative_buckets);
    write_doubles(out, 13, histogram.positive_buckets);
  } else {
    write_deltas(out, 9, histogram.negative_buckets);
    write_deltas(out, 12, histogram.positive_buckets);
  }
  out.varint(14, static_cast<uint64_t>(histogram.counter_reset));
  out.varint(15, static_cast<uint64_t>(time_ms));
  write_doubles(out, 16, histogram.custom_bounds);
  if (start_ms != 0) out.varint(17, static_cast<uint64_t>(start_ms));
}

}  // namespace tarsier::forward
