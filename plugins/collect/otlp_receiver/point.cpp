#include "plugins/collect/otlp_receiver/point.hpp"

#include <cstring>

namespace tarsier::otlp {
namespace {

using protobuf::Bytes;
using protobuf::Field;
using protobuf::WireReader;
using protobuf::WireType;

bool read_fixed(const Field& field, std::vector<uint64_t>& out) {
  if (field.type == WireType::fixed64) return out.push_back(field.value), true;
  if (field.type != WireType::length || field.bytes.size() % sizeof(uint64_t) != 0) return false;
  const size_t had = out.size();
  out.resize(had + field.bytes.size() / sizeof(uint64_t));
  if (!field.bytes.empty()) std::memcpy(out.data() + had, field.bytes.data(), field.bytes.size());
  return true;
}

bool read_exemplar(Bytes message, std::vector<Exemplar>& out) {
  Exemplar exemplar;
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(2, WireType::fixed64)) exemplar.time_ns = field.value;
    if (field.is(3, WireType::fixed64)) exemplar.value = field.float64();
    if (field.is(4, WireType::length)) exemplar.span_id = field.bytes;
    if (field.is(5, WireType::length)) exemplar.trace_id = field.bytes;
    if (field.is(6, WireType::fixed64)) exemplar.value = static_cast<double>(field.int64());
    if (field.is(7, WireType::length)) ok = read_attribute(field.bytes, exemplar.attributes);
  }
  out.push_back(std::move(exemplar));
  return ok && !reader.failed();
}

bool read_buckets(Bytes message, Buckets& out) {
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(1, WireType::varint)) out.offset = static_cast<int32_t>(field.sint64());
    if (field.number == 2) ok = protobuf::each_varint(field, [&](uint64_t count) { out.counts.push_back(count); });
  }
  return ok && !reader.failed();
}

bool read_quantile(Bytes message, Point& out) {
  auto& quantile = out.quantiles.emplace_back(0.0, 0.0);
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::fixed64)) quantile.first = field.float64();
    if (field.is(2, WireType::fixed64)) quantile.second = field.float64();
  }
  return !reader.failed();
}

bool read_number_field(const Field& field, Point& out) {
  if (field.is(4, WireType::fixed64)) out.value = field.float64();
  if (field.is(5, WireType::length)) return read_exemplar(field.bytes, out.exemplars);
  if (field.is(6, WireType::fixed64)) out.value = static_cast<double>(field.int64());
  if (field.is(7, WireType::length)) return read_attribute(field.bytes, out.attributes);
  if (field.is(8, WireType::varint)) out.no_value = (field.value & 1U) != 0;
  return true;
}

bool read_histogram_field(const Field& field, Point& out) {
  if (field.is(4, WireType::fixed64)) out.count = field.value;
  if (field.is(5, WireType::fixed64)) out.sum = field.float64();
  if (field.number == 6) return read_fixed(field, out.bucket_counts);
  if (field.number == 7) return protobuf::each_double(field, [&](double bound) { out.bounds.push_back(bound); });
  if (field.is(8, WireType::length)) return read_exemplar(field.bytes, out.exemplars);
  if (field.is(9, WireType::length)) return read_attribute(field.bytes, out.attributes);
  if (field.is(10, WireType::varint)) out.no_value = (field.value & 1U) != 0;
  return true;
}

bool read_exponential_field(const Field& field, Point& out) {
  if (field.is(1, WireType::length)) return read_attribute(field.bytes, out.attributes);
  if (field.is(4, WireType::fixed64)) out.count = field.value;
  if (field.is(5, WireType::fixed64)) out.sum = field.float64();
  if (field.is(6, WireType::varint)) out.scale = static_cast<int32_t>(field.sint64());
  if (field.is(7, WireType::fixed64)) out.zero_count = field.value;
  if (field.is(8, WireType::length)) return read_buckets(field.bytes, out.positive);
  if (field.is(9, WireType::length)) return read_buckets(field.bytes, out.negative);
  if (field.is(10, WireType::varint)) out.no_value = (field.value & 1U) != 0;
  if (field.is(11, WireType::length)) return read_exemplar(field.bytes, out.exemplars);
  return true;
}

bool read_summary_field(const Field& field, Point& out) {
  if (field.is(4, WireType::fixed64)) out.count = field.value;
  if (field.is(5, WireType::fixed64)) out.sum = field.float64();
  if (field.is(6, WireType::length)) return read_quantile(field.bytes, out);
  if (field.is(7, WireType::length)) return read_attribute(field.bytes, out.attributes);
  if (field.is(8, WireType::varint)) out.no_value = (field.value & 1U) != 0;
  return true;
}

}  // namespace

bool read_point(Bytes message, MetricKind kind, Point& out) {
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(2, WireType::fixed64)) out.start_ns = field.value;
    if (field.is(3, WireType::fixed64)) out.time_ns = field.value;
    switch (kind) {
      case MetricKind::histogram:
        ok = read_histogram_field(field, out);
        break;
      case MetricKind::exponential_histogram:
        ok = read_exponential_field(field, out);
        break;
      case MetricKind::summary:
        ok = read_summary_field(field, out);
        break;
      default:
        ok = read_number_field(field, out);
    }
  }
  return ok && !reader.failed();
}

}  // namespace tarsier::otlp
