#include "sample_block.hpp"

#include <algorithm>
#include <xxhash.h>

namespace tarsier::samples {
namespace {

enum SeriesFlag : uint8_t { kStartsFollow = 1U << 0, kHistogramsFollow = 1U << 1 };

Error malformed() { return {TARSIER_CORRUPT, "block of samples is malformed"}; }

void append(std::vector<uint8_t>& to, const std::vector<uint8_t>& what) { to.insert(to.end(), what.begin(), what.end()); }

}  // namespace

size_t SampleBlockBuilder::find_times(std::span<const int64_t> times) {
  if (last_times_ != 0 && std::ranges::equal(time_columns_[last_times_ - 1], times)) return last_times_;
  // Columns with equal hashes that are not equal are rare, and then just not shared.
  const auto [known, fresh] = by_hash_.emplace(XXH3_64bits(times.data(), times.size_bytes()), time_columns_.size() + 1);
  if (!fresh && std::ranges::equal(time_columns_[known->second - 1], times)) return known->second;
  time_columns_.emplace_back(times.begin(), times.end());
  encode_times(times, times_);
  return time_columns_.size();
}

/// What few series have goes to the bytes, whole.
void SampleBlockBuilder::add_extra(const Columns& series) {
  const size_t before = values_.bytes.size();
  ByteWriter writer(values_.bytes);
  int64_t last = 0;
  for (const int64_t start : series.starts) {
    writer.svarint(wrapping_sub(start, last));
    last = start;
  }
  for (size_t i = 1; i < series.histogram_offsets.size(); ++i)
    writer.varint(series.histogram_offsets[i] - series.histogram_offsets[i - 1]);
  writer.bytes(series.histogram_bytes);
  ByteWriter(values_.heads).varint(values_.bytes.size() - before);
}

void SampleBlockBuilder::add(const Columns& series) {
  ++series_;
  ByteWriter writer(values_.heads);
  if (series.empty()) {
    writer.varint(0);
    last_times_ = 0;
    return;
  }
  const size_t times = find_times(series.times);
  unsigned flags = series.starts.empty() ? 0U : unsigned{kStartsFollow};
  if (!series.histogram_offsets.empty()) flags |= kHistogramsFollow;
  writer.varint(times);
  writer.u8(static_cast<uint8_t>(flags));
  encoder_.encode(series.values, times == last_times_, values_);
  if (flags != 0) add_extra(series);
  last_times_ = times;
}

void SampleBlockBuilder::encode(Packer& packer, std::vector<uint8_t>& out) {
  ByteWriter writer(out);
  writer.varint(series_);
  writer.varint(time_columns_.size());
  std::vector<uint8_t> packed;
  append(times_.heads, values_.heads);
  append(times_.bytes, values_.bytes);
  for (const auto* stream : {&times_.heads, &times_.bytes}) {
    packer.pack(*stream, packed);
    writer.varint(packed.size());
    writer.bytes(packed);
  }
  writer.bytes(times_.bits);
  writer.bytes(values_.bits);
  out.resize(out.size() + kBitsPadding);
  *this = SampleBlockBuilder{};
}

Result<void> SampleBlock::open(std::span<const uint8_t> bytes, Unpacker& unpacker) {
  series_.clear();
  series_count_ = 0;
  decoded_ = SIZE_MAX;
  ByteReader in(bytes);
  const uint64_t series = in.count(0);
  const uint64_t time_columns = in.count(0);
  if (auto unpacked = unpacker.unpack(in.bytes(in.varint()), heads_); !unpacked) return unpacked;
  if (auto unpacked = unpacker.unpack(in.bytes(in.varint()), bytes_); !unpacked) return unpacked;
  bits_ = in.bytes(in.remaining());
  // Each series and column has at least a byte in the heads, so that forged counts cost no memory.
  if (!in.ok() || bits_.size() < kBitsPadding || series + time_columns > heads_.size() ||
      !parse_times(static_cast<size_t>(time_columns)))
    return malformed();
  series_count_ = static_cast<size_t>(series);
  return {};
}

uint64_t SampleBlock::rows() const noexcept {
  uint64_t most = 0;
  for (const Times& times : times_) most = std::max<uint64_t>(most, times.head.integers.rows);
  return most;
}

/// Finds a column's bytes and bits, which follow those of the column before.
bool SampleBlock::place(IntegerHead& head) {
  head.bytes_at = frontier_.bytes;
  head.bits_at = frontier_.bits;
  if (head.byte_count() > bytes_.size() - frontier_.bytes || head.bit_bytes() > bits_.size() - kBitsPadding - frontier_.bits)
    return false;
  frontier_.bytes += head.byte_count();
  frontier_.bits += head.bit_bytes();
  return true;
}

bool SampleBlock::parse_times(size_t time_columns) {
  frontier_ = {};
  ByteReader in(heads_);
  times_.resize(time_columns);
  for (Times& times : times_) {
    times.decoded = false;
    times.head = decode_time_head(in);
    if (!in.ok() || !place(times.head.integers)) return false;
  }
  frontier_.heads = heads_.size() - in.remaining();
  return true;
}

bool SampleBlock::parse_series(ByteReader& in, Series& one) {
  one.times = static_cast<uint32_t>(in.count(0));
  if (one.times > times_.size()) return false;
  if (one.times == 0) return true;
  one.flags = in.u8();
  one.values = decode_value_head(in, times_[one.times - 1].head.integers.rows);
  if (!in.ok() || !place(one.values.integers)) return false;
  const bool beside = one.values.integers.predictor == Predictor::neighbour;
  frontier_.chain = beside ? frontier_.chain + 1 : 0;
  const size_t index = series_.size() - 1;  // its own
  if (beside && (index == 0 || series_[index - 1].times != one.times || frontier_.chain > ValueEncoder::kMostChain)) return false;
  if (one.flags == 0) return true;
  one.extra_at = frontier_.bytes;
  one.extra_size = static_cast<size_t>(in.varint());
  if (one.extra_size > bytes_.size() - frontier_.bytes) return false;
  frontier_.bytes += one.extra_size;
  return true;
}

/// False when the block has no such series, or is malformed.
bool SampleBlock::parse_until(size_t index) {
  if (index < series_.size()) return true;
  if (index >= series_count_) return false;
  ByteReader in(std::span<const uint8_t>(heads_).subspan(frontier_.heads));
  bool sound = true;
  while (sound && series_.size() <= index) sound = parse_series(in, series_.emplace_back()) && in.ok();
  frontier_.heads = heads_.size() - in.remaining();
  if (sound && series_.size() == series_count_)
    sound = in.at_end() && frontier_.bytes == bytes_.size() && frontier_.bits == bits_.size() - kBitsPadding;
  if (sound) return true;
  series_.clear();  // nothing of it is to be trusted
  series_count_ = 0;
  return false;
}

const std::vector<int64_t>* SampleBlock::times_of(const Series& series) {
  Times& known = times_[series.times - 1];
  if (known.decoded) return &known.times;
  const IntegerHead& head = known.head.integers;
  if (!before_.decode(head, head.rows, bytes_.data() + head.bytes_at, bits_.data() + head.bits_at, {})) return nullptr;
  known.decoded = put_times(known.head, before_, known.times);
  return known.decoded ? &known.times : nullptr;
}

/// Decodes the series' first `rows` into column_, and before it the neighbours that tell it, unless the last one decoded is the
/// first of these.
bool SampleBlock::decode_column(size_t index, size_t rows) {
  size_t from = index;
  while (series_[from].values.integers.predictor == Predictor::neighbour && !(decoded_ + 1 == from && decoded_rows_ >= rows))
    --from;
  for (; from <= index; ++from) {
    const IntegerHead& head = series_[from].values.integers;
    std::swap(column_, before_);
    decoded_ = from;
    decoded_rows_ = rows;
    const auto neighbour = head.predictor == Predictor::neighbour ? before_.steps() : std::span<const int64_t>();
    if (!column_.decode(head, rows, bytes_.data() + head.bytes_at, bits_.data() + head.bits_at, neighbour)) {
      decoded_ = SIZE_MAX;
      return false;
    }
  }
  return true;
}

bool SampleBlock::read_extra(const Series& series, size_t rows, Columns& out) const {
  ByteReader in(std::span<const uint8_t>(bytes_).subspan(series.extra_at, series.extra_size));
  int64_t last = 0;
  for (size_t i = 0; i < rows && (series.flags & kStartsFollow) != 0; ++i)
    out.starts.push_back(last = wrapping_add(last, in.svarint()));
  if ((series.flags & kHistogramsFollow) != 0) {
    uint64_t total = 0;
    out.histogram_offsets.push_back(0);
    for (size_t i = 0; i < rows && in.ok(); ++i) {
      total += in.count(1);
      if (total > in.remaining()) in.fail();
      out.histogram_offsets.push_back(static_cast<uint32_t>(total));
    }
    const auto bytes = in.bytes(total);
    out.histogram_bytes.assign(bytes.begin(), bytes.end());
  }
  return in.ok() && in.at_end();
}

Result<SampleBlock::Rows> SampleBlock::rows_in(size_t index, int64_t start, int64_t end) {
  if (!parse_until(index)) return malformed();
  const Series& series = series_[index];
  if (series.times == 0) return Rows{};
  const std::vector<int64_t>* times = times_of(series);
  if (times == nullptr) return malformed();
  if (start <= times->front() && end >= times->back()) return Rows{0, times->size()};
  const auto first = static_cast<size_t>(std::lower_bound(times->begin(), times->end(), start) - times->begin());
  const auto last = static_cast<size_t>(std::upper_bound(times->begin(), times->end(), end) - times->begin());
  return first < last ? Rows{first, last} : Rows{};
}

Result<void> SampleBlock::read(size_t index, int64_t start, int64_t end, Columns& out) {
  const auto rows = rows_in(index, start, end);
  if (!rows) return rows.error();
  const auto [first, last] = *rows;
  if (first == last) return {};
  const Series& series = series_[index];
  const std::vector<int64_t>* times = times_of(series);
  double same = 0;
  if (series.flags == 0 && out.starts.empty() && out.histogram_offsets.empty() && is_constant(series.values, same)) {
    out.times.insert(out.times.end(), times->begin() + static_cast<ptrdiff_t>(first),
                     times->begin() + static_cast<ptrdiff_t>(last));
    out.values.resize(out.times.size(), same);
    return {};
  }
  // Rows behind the range need not be decoded.
  if (!decode_column(index, last)) return malformed();
  if (series.flags == 0 && out.starts.empty() && out.histogram_offsets.empty()) {
    const size_t before = out.values.size();
    out.values.resize(before + (last - first));
    out.times.insert(out.times.end(), times->begin() + static_cast<ptrdiff_t>(first),
                     times->begin() + static_cast<ptrdiff_t>(last));
    return put_values(series.values, column_, first, std::span(out.values).subspan(before)) ? Result<void>() : malformed();
  }
  Columns columns;
  columns.times.assign(times->begin(), times->begin() + static_cast<ptrdiff_t>(last));
  columns.values.resize(last);
  if (!put_values(series.values, column_, 0, columns.values) || !read_extra(series, times->size(), columns)) return malformed();
  for (size_t row = first; row < last; ++row) out.append(columns.at(row));
  return {};
}

}  // namespace tarsier::samples
