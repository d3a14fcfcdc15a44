// Field by field; integer buckets come as deltas.
#include "plugins/collect/remote_write_receiver/histogram_message.hpp"

namespace tarsier::remote_write {
namespace {

using protobuf::Bytes;
using protobuf::Field;
using protobuf::WireReader;
using protobuf::WireType;

bool read_span(Bytes message, std::vector<BucketSpan>& spans) {
  BucketSpan span;
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::varint)) span.offset = static_cast<int32_t>(field.sint64());
    if (field.is(2, WireType::varint)) span.length = static_cast<uint32_t>(field.value);
  }
  spans.push_back(span);
  return !reader.failed();
}

/// A running sum over all fields of the list. Unsigned: what overflows is no histogram, but must not be undefined.
struct Deltas {
  uint64_t now = 0;
  bool read(const Field& field, std::vector<double>& buckets) {
    return protobuf::each_varint(field, [&](uint64_t value) {
      now += static_cast<uint64_t>(unzigzag(value));
      buckets.push_back(static_cast<double>(static_cast<int64_t>(now)));
    });
  }
};

bool read_doubles(const Field& field, std::vector<double>& out) {
  return protobuf::each_double(field, [&](double value) { out.push_back(value); });
}

/// One element of a oneof of an integer and a double.
bool read_count(const Field& field, double& count, bool& is_float) {
  if (field.type != WireType::varint && field.type != WireType::fixed64) return false;
  is_float = field.type == WireType::fixed64;
  count = is_float ? field.float64() : static_cast<double>(field.value);
  return true;
}

/// Of the fields that are neither lists of numbers nor counts.
bool has_its_type(const Field& field) noexcept {
  switch (field.number) {
    case 3:
    case 5:
      return field.type == WireType::fixed64;
    case 4:
    case 14:
    case 15:
    case 17:
      return field.type == WireType::varint;
    case 8:
    case 11:
      return field.type == WireType::length;
    default:
      return true;
  }
}

CounterReset reset_of(uint64_t hint) noexcept { return hint <= 3 ? static_cast<CounterReset>(hint) : CounterReset::unknown; }

}  // namespace

bool read_histogram(Bytes message, HistogramMessage& out) {
  NativeHistogram& histogram = out.histogram;
  histogram.clear();
  out.time_ms = out.start_ms = 0;
  Deltas positive, negative;
  bool ok = true;
  bool zero_is_float = false;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (!has_its_type(field)) return false;
    switch (field.number) {
      case 1:
      case 2:
        ok = read_count(field, histogram.count, histogram.is_float);
        break;
      case 3:
        histogram.sum = field.float64();
        break;
      case 4:
        histogram.schema = static_cast<int32_t>(field.sint64());
        break;
      case 5:
        histogram.zero_threshold = field.float64();
        break;
      case 6:
      case 7:
        ok = read_count(field, histogram.zero_count, zero_is_float);
        break;
      case 8:
        ok = read_span(field.bytes, histogram.negative_spans);
        break;
      case 9:
        ok = negative.read(field, histogram.negative_buckets);
        break;
      case 10:
        ok = read_doubles(field, histogram.negative_buckets);
        break;
      case 11:
        ok = read_span(field.bytes, histogram.positive_spans);
        break;
      case 12:
        ok = positive.read(field, histogram.positive_buckets);
        break;
      case 13:
        ok = read_doubles(field, histogram.positive_buckets);
        break;
      case 14:
        histogram.counter_reset = reset_of(field.value);
        break;
      case 15:
        out.time_ms = field.int64();
        break;
      case 16:
        ok = read_doubles(field, histogram.custom_bounds);
        break;
      case 17:
        out.start_ms = field.int64();
        break;
      default:
        break;
    }
  }
  return ok && !reader.failed();
}

}  // namespace tarsier::remote_write
