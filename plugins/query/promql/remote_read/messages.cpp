#include "plugins/query/promql/remote_read/messages.hpp"

#include <array>
#include <snappy.h>
#include <span>

#include "tarsier/histogram.hpp"

namespace tarsier::promql {
namespace {

using protobuf::Bytes;
using protobuf::Field;
using protobuf::WireReader;
using protobuf::WireType;
using protobuf::WireWriter;

constexpr size_t kMaxRequestBytes = size_t{32} << 20U;
constexpr int64_t kNsPerMs = 1'000'000;

/// What does not fit becomes the farthest time that does.
int64_t ns_of(int64_t ms, int64_t beyond) {
  int64_t ns = 0;
  if (__builtin_mul_overflow(ms, kNsPerMs, &ns) || __builtin_add_overflow(ns, beyond, &ns)) return ms < 0 ? INT64_MIN : INT64_MAX;
  return ns;
}

bool read_matcher(Bytes message, std::vector<Matcher>& out) {
  Matcher matcher{MatchOp::kEqual, {}, {}};
  uint64_t type = 0;
  WireReader reader(message);
  for (Field field; reader.next(field);) {
    if (field.is(1, WireType::varint)) type = field.value;
    if (field.is(2, WireType::length)) matcher.name = field.text();
    if (field.is(3, WireType::length)) matcher.value = field.text();
  }
  if (type > 3) return false;
  matcher.op = static_cast<MatchOp>(type);
  out.push_back(std::move(matcher));
  return !reader.failed();
}

bool read_query(Bytes message, std::vector<ReadQuery>& out) {
  ReadQuery query;
  bool ok = true;
  WireReader reader(message);
  int64_t start_ms = 0, end_ms = 0;
  for (Field field; ok && reader.next(field);) {
    if (field.is(1, WireType::varint)) start_ms = field.int64();
    if (field.is(2, WireType::varint)) end_ms = field.int64();
    if (field.is(3, WireType::length)) ok = read_matcher(field.bytes, query.matchers);
  }
  query.start_ns = ns_of(start_ms, 0);
  query.end_ns = ns_of(end_ms, kNsPerMs - 1);
  out.push_back(std::move(query));
  return ok && !reader.failed();
}

Result<bool> wants_chunks(const std::vector<uint64_t>& accepted) {
  std::string listed;
  for (const uint64_t type : accepted) {
    if (type <= 1) return type == 1;
    listed += (listed.empty() ? "" : " ") + std::to_string(type);
  }
  if (accepted.empty()) return false;
  return Error::invalid("server does not support any of the requested response types: [" + listed +
                        "]; supported: SAMPLES, STREAMED_XOR_CHUNKS");
}

void write_labels(WireWriter& out, const tarsier_series& series) {
  for (uint32_t i = 0; i < series.label_count; ++i) {
    WireWriter label;
    label.text(1, view(series.labels[i].name)).text(2, view(series.labels[i].value));
    out.message(1, label);
  }
}

void write_spans(WireWriter& out, uint32_t number, const std::vector<BucketSpan>& spans) {
  for (const BucketSpan& span : spans) {
    WireWriter message;
    message.sint(1, span.offset).varint(2, span.length);
    out.message(number, message);
  }
}

void write_doubles(WireWriter& out, uint32_t number, const std::vector<double>& values) {
  if (values.empty()) return;
  out.text(number, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)});
}

/// Counts are doubles here, so it is the float flavour that is written.
void write_histogram(WireWriter& out, int64_t time_ms, const NativeHistogram& histogram) {
  WireWriter message;
  message.float64(2, histogram.count).float64(3, histogram.sum).sint(4, histogram.schema);
  message.float64(5, histogram.zero_threshold).float64(7, histogram.zero_count);
  write_spans(message, 8, histogram.negative_spans);
  write_doubles(message, 10, histogram.negative_buckets);
  write_spans(message, 11, histogram.positive_spans);
  write_doubles(message, 13, histogram.positive_buckets);
  message.varint(14, static_cast<uint64_t>(histogram.counter_reset)).varint(15, static_cast<uint64_t>(time_ms));
  write_doubles(message, 16, histogram.custom_bounds);
  out.message(4, message);
}

/// Castagnoli's polynomial, bits reversed.
constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t rest = i;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1U) ^ ((rest & 1U) != 0 ? 0x82f63b78U : 0U);
    table[i] = rest;
  }
  return table;
}

uint32_t crc32c(std::string_view text) {
  static constexpr std::array<uint32_t, 256> kTable = crc_table();
  uint32_t crc = ~0U;
  for (const char c : text) crc = (crc >> 8U) ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 0xffU];
  return ~crc;
}

}  // namespace

Result<ReadRequest> read_request(std::string_view body) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &size))
    return Error::invalid("the body of " + std::to_string(body.size()) + " bytes is not a snappy block");
  if (size > kMaxRequestBytes) return Error::invalid("the request has " + std::to_string(size) + " bytes decompressed");
  // No element of a block makes more than 64 bytes: who claims more wants room made for nothing.
  if (size / 64 > body.size())
    return Error::invalid("the body of " + std::to_string(body.size()) + " bytes claims to have " + std::to_string(size) +
                          " decompressed, more than snappy can make of it");
  std::vector<uint8_t> message(size);
  if (!snappy::RawUncompress(body.data(), body.size(), reinterpret_cast<char*>(message.data())))
    return Error::invalid("the body of " + std::to_string(body.size()) + " bytes is a damaged snappy block");
  ReadRequest request;
  std::vector<uint64_t> accepted;
  bool ok = true;
  WireReader reader(message);
  for (Field field; ok && reader.next(field);) {
    if (field.is(1, WireType::length)) ok = read_query(field.bytes, request.queries);
    if (field.number == 2) ok = protobuf::each_varint(field, [&](uint64_t type) { accepted.push_back(type); });
  }
  if (!ok || reader.failed()) return Error::invalid("the message prometheus.ReadRequest is malformed");
  auto chunks = wants_chunks(accepted);
  if (!chunks) return std::move(chunks).error();
  request.chunks = *chunks;
  return request;
}

Result<std::string> write_time_series(const tarsier_series& series) {
  WireWriter out;
  write_labels(out, series);
  NativeHistogram histogram;
  for (uint64_t i = 0; i < series.sample_count; ++i) {
    const int64_t time_ms = ms_of(series.times_ns[i]);
    if (!is_histogram(series, i)) {
      WireWriter sample;
      sample.float64(1, series.values[i]).varint(2, static_cast<uint64_t>(time_ms));
      out.message(2, sample);
      continue;
    }
    const uint32_t begin = series.histogram_offsets[i];
    const std::span encoded(series.histogram_bytes + begin, series.histogram_offsets[i + 1] - begin);
    if (auto decoded = decode_histogram(encoded, histogram); !decoded) return Error(TARSIER_CORRUPT, decoded.error().message());
    write_histogram(out, time_ms, histogram);
  }
  return std::string(out.text());
}

std::string write_frame(const Labels& labels, const Chunk* chunks, size_t count, uint64_t query_index) {
  WireWriter series;
  for (size_t i = 0; i < labels.size(); ++i) {
    WireWriter label;
    label.text(1, labels.name(i)).text(2, labels.value(i));
    series.message(1, label);
  }
  for (size_t i = 0; i < count; ++i) {
    WireWriter chunk;
    chunk.varint(1, static_cast<uint64_t>(chunks[i].min_time_ms)).varint(2, static_cast<uint64_t>(chunks[i].max_time_ms));
    chunk.varint(3, static_cast<uint64_t>(chunks[i].encoding)).text(4, chunks[i].data);
    series.message(2, chunk);
  }
  WireWriter response;
  response.message(1, series);
  if (query_index != 0) response.varint(2, query_index);
  std::vector<uint8_t> size;
  append_varint(size, response.bytes().size());
  std::string frame(size.begin(), size.end());
  const uint32_t crc = crc32c(response.text());
  for (int shift = 24; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(crc >> shift));
  return frame.append(response.text());
}

std::string snappy_block(std::string_view message) {
  std::string out;
  snappy::Compress(message.data(), message.size(), &out);
  return out;
}

}  // namespace tarsier::promql
