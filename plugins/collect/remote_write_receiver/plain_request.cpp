// This is the path of nearly every sample that comes by remote write, so it touches each byte at most once and most of the labels'
// bytes never.
#include "plugins/collect/remote_write_receiver/plain_request.hpp"

#include <cstring>

#include "plugins/collect/remote_write_receiver/series_rows.hpp"

namespace tarsier::remote_write {
namespace {

constexpr uint8_t kSeriesTag = 0x0a;     // WriteRequest.timeseries
constexpr uint8_t kLabelTag = 0x0a;      // TimeSeries.labels
constexpr uint8_t kSampleTag = 0x12;     // TimeSeries.samples
constexpr uint8_t kValueTag = 0x09;      // Sample.value
constexpr uint8_t kTimestampTag = 0x10;  // Sample.timestamp

/// The length of a field whose tag was read; false when it runs past the end.
bool read_length(const uint8_t*& at, const uint8_t* end, size_t& length) noexcept {
  uint64_t value = 0;
  if (!read_varint(at, end, value) || value > static_cast<uint64_t>(end - at)) return false;
  length = static_cast<size_t>(value);
  return true;
}

/// A value, if it is not 0, and a timestamp, if it is not 0, in this order.
bool read_sample(const uint8_t* at, const uint8_t* end, double& value, int64_t& time_ns) noexcept {
  value = 0;
  if (end - at >= 9 && *at == kValueTag) {
    std::memcpy(&value, at + 1, sizeof(value));
    at += 9;
  }
  uint64_t time_ms = 0;
  if (at != end && (*at++ != kTimestampTag || !read_varint(at, end, time_ms))) return false;
  return at == end && to_ns(static_cast<int64_t>(time_ms), time_ns);
}

bool read_series(const uint8_t* at, const uint8_t* end, const uint8_t* base, batch::FlatSamples& out) noexcept {
  const uint8_t* const labels = at;
  size_t length = 0;
  while (at != end && *at == kLabelTag) {
    ++at;
    if (!read_length(at, end, length)) return false;
    at += length;
  }
  if (at == end) return true;  // without samples
  if (at == labels) return false;
  out.series(static_cast<uint32_t>(labels - base), static_cast<uint32_t>(at - labels));
  for (int64_t before = INT64_MIN; at != end; at += length) {
    double value = 0;
    int64_t time_ns = 0;
    if (*at++ != kSampleTag || !read_length(at, end, length) || !read_sample(at, at + length, value, time_ns)) return false;
    if (time_ns < before) return false;
    before = time_ns;
    out.sample(time_ns, value);
  }
  return true;
}

}  // namespace

bool read_plain_request(protobuf::Bytes message, batch::FlatSamples& out) {
  const uint8_t* const base = message.data();
  const uint8_t* at = base;
  const uint8_t* const end = base + message.size();
  for (size_t length = 0; at != end; at += length) {
    if (*at++ != kSeriesTag || !read_length(at, end, length) || !read_series(at, at + length, base, out)) return false;
  }
  return true;
}

}  // namespace tarsier::remote_write
