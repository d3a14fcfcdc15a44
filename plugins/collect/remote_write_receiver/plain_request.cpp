#include "plugins/collect/remote_write_receiver/plain_request.hpp"

#include <cstring>

#include "plugins/collect/remote_write_receiver/series_rows.hpp"
#include "plugins/collect/remote_write_receiver/snappy_block.hpp"
#include "tarsier/varint.hpp"

namespace tarsier::remote_write {
namespace {

constexpr uint8_t kSeriesTag = 0x0a;  // WriteRequest.timeseries
constexpr uint8_t kLabelTag = 0x0a;   // TimeSeries.labels
constexpr uint8_t kSampleTag = 0x12;  // TimeSeries.samples
constexpr uint8_t kValueTag = 0x09;   // Sample.value
constexpr uint8_t kTimeTag = 0x10;    // Sample.timestamp

/// Reads bytes one after the other; every call is false where the request is not plain.
class PlainReader {
 public:
  PlainReader(const uint8_t* begin, const uint8_t* end) noexcept : at_(begin), end_(end) {}
  bool at_end() const noexcept { return at_ == end_; }
  const uint8_t* position() const noexcept { return at_; }

  bool skip_tag(uint8_t tag) noexcept {
    if (at_ == end_ || *at_ != tag) return false;
    ++at_;
    return true;
  }
  bool varint(uint64_t& value) noexcept { return read_varint(at_, end_, value); }
  bool message(PlainReader& inner) noexcept {
    uint64_t size = 0;
    if (!varint(size) || size > static_cast<uint64_t>(end_ - at_)) return false;
    inner = PlainReader(at_, at_ + size);
    at_ += size;
    return true;
  }
  bool float64(double& value) noexcept {
    if (end_ - at_ < 8) return false;
    std::memcpy(&value, at_, sizeof(value));
    at_ += sizeof(value);
    return true;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

/// A value of 0 and a time of 0 may be absent.
bool read_sample(PlainReader sample, double& value, int64_t& time_ns) noexcept {
  value = 0;
  uint64_t time_ms = 0;
  if (sample.skip_tag(kValueTag) && !sample.float64(value)) return false;
  if (sample.skip_tag(kTimeTag) && !sample.varint(time_ms)) return false;
  return sample.at_end() && to_ns(static_cast<int64_t>(time_ms), time_ns);
}

bool read_series(PlainReader series, const uint8_t* base, batch::FlatSamples& out) noexcept {
  const uint8_t* const begin = series.position();
  PlainReader inner(nullptr, nullptr);
  while (series.skip_tag(kLabelTag)) {
    if (!series.message(inner)) return false;
  }
  if (series.position() == begin || series.at_end()) return false;
  out.series(static_cast<uint32_t>(begin - base), static_cast<uint32_t>(series.position() - begin));
  int64_t last = INT64_MIN;
  while (series.skip_tag(kSampleTag)) {
    double value = 0;
    int64_t time_ns = 0;
    if (!series.message(inner) || !read_sample(inner, value, time_ns) || time_ns < last) return false;
    out.sample(last = time_ns, value);
  }
  return series.at_end();
}

bool read_request(std::span<const uint8_t> message, batch::FlatSamples& out) noexcept {
  PlainReader request(message.data(), message.data() + message.size());
  PlainReader series(nullptr, nullptr);
  while (request.skip_tag(kSeriesTag)) {
    if (!request.message(series) || !read_series(series, message.data(), out)) return false;
  }
  return request.at_end() && out.series_count() != 0;
}

}  // namespace

std::optional<PlainBatch> make_plain_batch(const Host& host, std::string_view body, uint64_t size, uint32_t& series_hint) {
  batch::FlatRoom room = {size, series_hint, series_hint};
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto samples = batch::FlatSamples::allocate(host, room);
    if (!samples || !decompress(body, samples->bytes()) || !read_request(samples->bytes(), *samples)) return std::nullopt;
    room = samples->needed();
    series_hint = std::max(room.series, room.samples);
    if (!samples->fits()) continue;
    const uint32_t count = samples->sample_count();
    return PlainBatch{samples->finish(host.now_ns()), count};
  }
  return std::nullopt;
}

}  // namespace tarsier::remote_write
