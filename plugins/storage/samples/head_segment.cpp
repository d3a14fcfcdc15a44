#include "head_segment.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "series_chunks.hpp"

namespace tarsier::samples {
namespace {

constexpr uint8_t kFormat = 1;
constexpr std::string_view kInfo = "info";
constexpr std::string_view kBlocks = "blocks";
constexpr size_t kBlockBytes = 64 << 10;  // before compression
constexpr int64_t kNsPerSecond = 1'000'000'000;

std::string_view text_of(std::span<const uint8_t> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
std::span<const uint8_t> bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::array<uint8_t, 8> key_of(uint64_t ref) {
  std::array<uint8_t, 8> key{};
  put_be64(key.data(), ref);
  return key;
}

}  // namespace

void SegmentInfo::encode(std::vector<uint8_t>& out) const {
  ByteWriter writer(out);
  writer.u8(kFormat);
  writer.svarint(window_start);
  writer.svarint(min_time);
  writer.svarint(max_time);
  writer.varint(flush);
  writer.varint(series);
  writer.varint(samples);
  writer.varint(first_refs.size());
  uint64_t last = 0;
  for (const uint64_t ref : first_refs) {
    writer.varint(ref - last);
    last = ref;
  }
}

Result<SegmentInfo> SegmentInfo::decode(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  const uint8_t format = in.u8();
  if (in.ok() && format != kFormat) {
    return Error{TARSIER_UNSUPPORTED, "segment of format " + std::to_string(format) + ", known is " + std::to_string(kFormat)};
  }
  SegmentInfo info;
  info.window_start = in.svarint();
  info.min_time = in.svarint();
  info.max_time = in.svarint();
  info.flush = in.varint();
  info.series = in.varint();
  info.samples = in.varint();
  info.first_refs.resize(static_cast<size_t>(in.count(1)));
  uint64_t last = 0;
  for (uint64_t& ref : info.first_refs) ref = last += in.varint();
  if (!in.ok() || !in.at_end()) return Error{TARSIER_CORRUPT, "segment head is malformed"};
  return info;
}

std::string segment_name(uint64_t flush, int64_t window_start) {
  // Windows are whole seconds; the lowest one of all begins where time does.
  const int64_t seconds = window_start / kNsPerSecond;
  const std::string begin = seconds < 0 ? "m" + std::to_string(-seconds) : std::to_string(seconds);
  return std::string(kSegmentPrefix) + std::to_string(flush) + "." + begin;
}

bool parse_segment_name(std::string_view name, uint64_t& flush, int64_t& window_start) {
  if (!name.starts_with(kSegmentPrefix)) return false;
  name.remove_prefix(kSegmentPrefix.size());
  const char* const end = name.data() + name.size();
  const auto [dot, error] = std::from_chars(name.data(), end, flush);
  if (error != std::errc() || dot == end || *dot != '.' || dot + 1 == end) return false;
  const bool negative = dot[1] == 'm';
  int64_t seconds = 0;
  const auto [last, wrong] = std::from_chars(dot + (negative ? 2 : 1), end, seconds);
  if (wrong != std::errc() || last != end || seconds < 0) return false;
  // The lowest window of all begins where time does, which is no whole second.
  if (__builtin_mul_overflow(negative ? -seconds : seconds, kNsPerSecond, &window_start)) window_start = INT64_MIN;
  return true;
}

Cover segment_cover(uint64_t flush, int64_t window_start, int64_t window_ns) noexcept {
  const int64_t last = window_last(window_start, window_ns);
  return {window_start, last == INT64_MAX ? last : last + 1, flush, flush};
}

Result<void> HeadSegment::read_head(int64_t window_ns) {
  if (auto opened = open_environment(); !opened) return opened;
  auto snapshot = env().read();
  if (!snapshot) return std::move(snapshot).error();
  auto value = snapshot->get(kInfo, kInfo);
  if (!value) return std::move(value).error();
  auto info = SegmentInfo::decode(bytes_of(*value));
  if (!info) return std::move(info).error();
  info_ = std::move(*info);
  describe(segment_cover(info_.flush, info_.window_start, window_ns), info_.min_time, info_.max_time);
  return {};
}

Result<std::shared_ptr<HeadSegment>> HeadSegment::open(const Host& host, const std::string& name, int64_t window_ns) {
  auto segment = std::make_shared<HeadSegment>(host, name);
  if (auto read = segment->read_head(window_ns); !read) return std::move(read).error().in("open " + name);
  return segment;
}

Result<SegmentWriter> SegmentWriter::begin(const Host& host, uint64_t flush, int64_t window_start) {
  std::string name = segment_name(flush, window_start);
  auto sealer = seal(host, name);
  if (!sealer) return std::move(sealer).error().in("write " + name);
  SegmentWriter writer(std::move(name), std::move(*sealer));
  writer.info_.flush = flush;
  writer.info_.window_start = window_start;
  return writer;
}

Result<void> SegmentWriter::add(uint64_t ref, const Columns& columns) {
  refs_.push_back(ref);
  builder_.add(columns);
  ++info_.series;
  info_.samples += columns.size();
  info_.min_time = std::min(info_.min_time, columns.times.front());
  info_.max_time = std::max(info_.max_time, columns.times.back());
  return builder_.size_bytes() < kBlockBytes ? Result<void>() : write_block();
}

Result<void> SegmentWriter::write_block() {
  std::vector<uint8_t> block;
  ByteWriter writer(block);
  writer.varint(refs_.size());
  uint64_t last = refs_.front();
  for (const uint64_t ref : refs_) {
    writer.varint(ref - last);
    last = ref;
  }
  builder_.encode(packer_, block);
  const auto key = key_of(refs_.front());
  info_.first_refs.push_back(refs_.front());
  refs_.clear();
  return sealer_.append(kBlocks, text_of(key), text_of(block));
}

Result<void> SegmentWriter::finish() {
  const auto write = [&]() -> Result<void> {
    if (!refs_.empty()) {
      if (auto done = write_block(); !done) return done;
    }
    std::vector<uint8_t> info;
    info_.encode(info);
    if (auto done = sealer_.append(kInfo, kInfo, text_of(info)); !done) return done;
    return sealer_.finish();
  };
  if (auto done = write(); !done) return std::move(done).error().in("write " + name_);
  return {};
}

Result<SegmentReader> SegmentReader::open(std::shared_ptr<HeadSegment> segment) {
  auto snapshot = segment->env().read();
  if (!snapshot) return std::move(snapshot).error().in("read " + segment->name());
  return SegmentReader(std::move(segment), std::move(*snapshot));
}

Result<void> SegmentReader::load(size_t number) {
  block_number_ = kNoBlock;
  refs_.clear();
  const uint64_t first = segment_->info().first_refs[number];
  const auto read = [&]() -> Result<void> {
    auto value = snapshot_.get(kBlocks, text_of(key_of(first)));
    if (!value) return std::move(value).error();
    ByteReader in(bytes_of(*value));
    refs_.resize(static_cast<size_t>(in.count(1)));
    uint64_t last = first;
    for (uint64_t& ref : refs_) ref = last += in.varint();
    if (auto opened = block_.open(in.bytes(in.remaining()), unpacker_); !opened) return opened;
    if (!in.ok() || block_.series_count() != refs_.size()) return Error{TARSIER_CORRUPT, "a block is malformed"};
    return {};
  };
  if (auto done = read(); !done) return std::move(done).error().in(segment_->name());
  block_number_ = number;
  return {};
}

Result<void> SegmentReader::read_at(size_t index, int64_t start, int64_t end, Columns& out) {
  if (auto done = block_.read(index, start, end, out); !done) return std::move(done).error().in(segment_->name());
  return {};
}

Result<void> SegmentReader::read(uint64_t ref, int64_t start, int64_t end, Columns& out) {
  const auto& firsts = segment_->info().first_refs;
  const auto after = std::upper_bound(firsts.begin(), firsts.end(), ref);
  if (after == firsts.begin()) return {};
  const auto number = static_cast<size_t>(after - firsts.begin()) - 1;
  if (number != block_number_) {
    if (auto loaded = load(number); !loaded) return loaded;
  }
  const auto found = std::lower_bound(refs_.begin(), refs_.end(), ref);
  if (found == refs_.end() || *found != ref) return {};
  return read_at(static_cast<size_t>(found - refs_.begin()), start, end, out);
}

}  // namespace tarsier::samples
