#include "head_segment.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "series_chunks.hpp"

namespace tarsier::samples {
namespace {

constexpr uint8_t kFormat = 3;
constexpr std::string_view kInfo = "info";
constexpr std::string_view kBlocks = "blocks";
constexpr size_t kBlockBytes = 64 << 10;     // before compression
constexpr size_t kMostSeriesOfBlock = 1024;  // a query for few of them opens the whole block
constexpr int64_t kNsPerSecond = 1'000'000'000;

std::string_view text_of(std::span<const uint8_t> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
std::span<const uint8_t> bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::array<uint8_t, 12> bytes_of(SeriesKey key) {
  std::array<uint8_t, 12> bytes{};
  put_be32(bytes.data(), key.metric);
  put_be64(bytes.data() + 4, key.ref);
  return bytes;
}

/// Takes a number from the front of `text`.
template <class Number>
bool take_number(std::string_view& text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

void SegmentInfo::encode(std::vector<uint8_t>& out) const {
  ByteWriter writer(out);
  writer.u8(kFormat);
  writer.svarint(name.window_start);
  writer.svarint(name.window_ns);
  writer.svarint(min_time);
  writer.svarint(max_time);
  writer.varint(name.first_flush);
  writer.varint(name.last_flush);
  writer.varint(series);
  writer.varint(samples);
  writer.varint(histogram_bytes);
  writer.varint(highest_ref);
  writer.varint(first_keys.size());
  for (const SeriesKey& key : first_keys) {
    writer.varint(key.metric);
    writer.varint(key.ref);
  }
}

Result<SegmentInfo> SegmentInfo::decode(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  const uint8_t format = in.u8();
  if (in.ok() && format != kFormat) {
    return Error{TARSIER_UNSUPPORTED, "segment of format " + std::to_string(format) + ", known is " + std::to_string(kFormat)};
  }
  SegmentInfo info;
  info.name.window_start = in.svarint();
  info.name.window_ns = in.svarint();
  info.min_time = in.svarint();
  info.max_time = in.svarint();
  info.name.first_flush = in.varint();
  info.name.last_flush = in.varint();
  info.series = in.varint();
  info.samples = in.varint();
  info.histogram_bytes = in.varint();
  info.highest_ref = in.varint();
  info.first_keys.resize(static_cast<size_t>(in.count(2)));
  for (SeriesKey& key : info.first_keys) key = {static_cast<uint32_t>(in.count(0)), in.varint()};
  const auto& keys = info.first_keys;
  const bool ascend = std::adjacent_find(keys.begin(), keys.end(), std::greater_equal<>{}) == keys.end();
  if (!in.ok() || !in.at_end() || !ascend || info.name.first_flush > info.name.last_flush || info.name.window_ns <= 0)
    return Error{TARSIER_CORRUPT, "segment head is malformed"};
  return info;
}

std::string SegmentName::text() const {
  // Windows are whole seconds; the lowest one of all begins where time does.
  const int64_t seconds = window_start / kNsPerSecond;
  const std::string begin = seconds < 0 ? "m" + std::to_string(-seconds) : std::to_string(seconds);
  const std::string flushes = std::to_string(first_flush) + (first_flush == last_flush ? "" : "-" + std::to_string(last_flush));
  return std::string(kSegmentPrefix) + flushes + "." + begin + "." + span_text(static_cast<uint64_t>(window_ns));
}

std::optional<SegmentName> SegmentName::parse(std::string_view text) {
  if (!text.starts_with(kSegmentPrefix)) return std::nullopt;
  text.remove_prefix(kSegmentPrefix.size());
  SegmentName name;
  if (!take_number(text, name.first_flush)) return std::nullopt;
  name.last_flush = name.first_flush;
  if (take(text, '-') && (!take_number(text, name.last_flush) || name.last_flush <= name.first_flush)) return std::nullopt;
  if (!take(text, '.')) return std::nullopt;
  const bool negative = take(text, 'm');
  int64_t seconds = 0;
  if (!take_number(text, seconds) || seconds < 0 || !take(text, '.')) return std::nullopt;
  uint64_t window = 0;
  if (!parse_span(text, window) || window == 0 || window > INT64_MAX) return std::nullopt;
  name.window_ns = static_cast<int64_t>(window);
  // The lowest window of all begins where time does, which is no whole second.
  const bool lowest = negative && seconds >= INT64_MAX / kNsPerSecond;
  if (lowest) name.window_start = INT64_MIN;
  if (!lowest && __builtin_mul_overflow(negative ? -seconds : seconds, kNsPerSecond, &name.window_start)) return std::nullopt;
  return name;
}

Cover SegmentName::cover() const noexcept {
  const int64_t last = window_last(window_start, window_ns);
  return {window_start, last == INT64_MAX ? last : last + 1, first_flush, last_flush};
}

Result<void> HeadSegment::read_head() {
  if (auto opened = open_environment(); !opened) return opened;
  auto snapshot = env().read();
  if (!snapshot) return std::move(snapshot).error();
  auto value = snapshot->get(kInfo, kInfo);
  if (!value) return std::move(value).error();
  auto info = SegmentInfo::decode(bytes_of(*value));
  if (!info) return std::move(info).error();
  info_ = std::move(*info);
  describe(info_.name.cover(), info_.min_time, info_.max_time);
  return {};
}

Result<std::shared_ptr<HeadSegment>> HeadSegment::open(const Host& host, const std::string& name) {
  auto segment = std::make_shared<HeadSegment>(host, name);
  if (auto read = segment->read_head(); !read) return std::move(read).error().in("open " + name);
  return segment;
}

Result<std::shared_ptr<HeadSegment>> open_made_segment(const Host& host, const std::string& name) {
  auto opened = HeadSegment::open(host, name);
  if (opened) return opened;
  if (auto removed = remove_env(host, name); !removed)
    host.error("a new segment that cannot be opened could not be removed",
               {field("segment", name), field("error", removed.error().message())});
  return opened;
}

Cover joint_cover(const HeadSegments& segments) {
  Cover cover = segments.front()->cover();
  cover.last_flush = segments.back()->cover().last_flush;
  return cover;
}

Result<SegmentWriter> SegmentWriter::begin(const Host& host, SegmentName name) {
  std::string text = name.text();
  auto sealer = seal_anew(host, text);
  if (!sealer) return std::move(sealer).error().in("write " + text);
  SegmentWriter writer(std::move(text), std::move(*sealer));
  writer.info_.name = name;
  return writer;
}

Result<void> SegmentWriter::add(SeriesKey key, const Columns& columns) {
  keys_.push_back(key);
  info_.highest_ref = std::max(info_.highest_ref, key.ref);
  builder_.add(columns);
  ++info_.series;
  info_.samples += columns.size();
  info_.histogram_bytes += columns.histogram_bytes.size();
  info_.min_time = std::min(info_.min_time, columns.times.front());
  info_.max_time = std::max(info_.max_time, columns.times.back());
  return builder_.size_bytes() < kBlockBytes && keys_.size() < kMostSeriesOfBlock ? Result<void>() : write_block();
}

Result<void> SegmentWriter::write_block() {
  std::vector<uint8_t> keys, block;
  encode_keys(keys_, keys);
  packer_.pack(keys, block);
  keys.swap(block);
  block.clear();
  ByteWriter writer(block);
  writer.varint(keys.size());
  writer.bytes(keys);
  builder_.encode(packer_, block);
  const auto key = bytes_of(keys_.front());
  info_.first_keys.push_back(keys_.front());
  keys_.clear();
  return sealer_.append(kBlocks, text_of(key), text_of(block));
}

Result<void> SegmentWriter::finish() {
  const auto write = [&]() -> Result<void> {
    if (!keys_.empty()) {
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
  block_number_ = kNone;
  next_ = 0;
  keys_.clear();
  const SeriesKey first = segment_->info().first_keys[number];
  const auto read = [&]() -> Result<void> {
    auto value = snapshot_.get(kBlocks, text_of(bytes_of(first)));
    if (!value) return std::move(value).error();
    ByteReader in(bytes_of(*value));
    if (auto unpacked = unpacker_.unpack(in.bytes(in.varint()), key_bytes_); !unpacked) return unpacked;
    if (auto opened = block_.open(in.bytes(in.remaining()), unpacker_); !opened) return opened;
    const bool whole = in.ok() && decode_keys(key_bytes_, keys_) && block_.series_count() == keys_.size();
    if (!whole || keys_.empty() || keys_.front() != first) return Error{TARSIER_CORRUPT, "a block is malformed"};
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

/// kNone: before the first.
size_t SegmentReader::block_of(SeriesKey key) const {
  const auto& firsts = segment_->info().first_keys;
  const size_t after = block_number_ + 1;
  if (block_number_ != kNone && key >= firsts[block_number_] && (after == firsts.size() || key < firsts[after]))
    return block_number_;
  return static_cast<size_t>(std::upper_bound(firsts.begin(), firsts.end(), key) - firsts.begin()) - 1;
}

/// In the block that is loaded; kNone: it has no such series.
size_t SegmentReader::index_of(SeriesKey key) const {
  if (next_ < keys_.size() && keys_[next_] == key) return next_;
  const auto found = std::lower_bound(keys_.begin(), keys_.end(), key);
  return found == keys_.end() || *found != key ? kNone : static_cast<size_t>(found - keys_.begin());
}

Result<void> SegmentReader::read(SeriesKey key, int64_t start, int64_t end, Columns& out) {
  const size_t number = block_of(key);
  if (number == kNone || segment_->damaged()) return {};
  if (number != block_number_) {
    if (auto loaded = load(number); !loaded) return loaded;
  }
  const size_t index = index_of(key);
  if (index == kNone) return {};
  next_ = index + 1;
  return read_at(index, start, end, out);
}

Result<bool> SegmentReader::next() {
  if (next_ == keys_.size()) {
    const size_t number = block_number_ == kNone ? 0 : block_number_ + 1;
    if (number == segment_->info().first_keys.size()) return false;
    if (auto loaded = load(number); !loaded) return std::move(loaded).error();
  }
  ++next_;
  return true;
}

}  // namespace tarsier::samples
