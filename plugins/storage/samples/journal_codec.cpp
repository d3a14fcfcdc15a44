#include "journal_codec.hpp"

#include "bytes.hpp"
#include "chunk_encoder.hpp"

namespace tarsier::samples {
namespace {

constexpr uint8_t kVersion = 1;

enum RecordFlag : uint8_t {
  kInMillis = 1U << 0,  // times are in ms
  kOneEach = 1U << 1,   // every series has one sample: no counts
  kOneTime = 1U << 2,   // all samples have the same time
  kWithStarts = 1U << 3,
  kWithHistograms = 1U << 4,
};

Error malformed(std::string_view what) { return {TARSIER_CORRUPT, "journal record of " + std::string(what) + " is malformed"}; }
Error unknown_version(std::string_view what, uint8_t version) {
  return {TARSIER_UNSUPPORTED, "journal record of " + std::string(what) + " of version " + std::to_string(version) + ", known is " +
                                   std::to_string(kVersion)};
}

uint8_t flags_of(const std::vector<uint32_t>& counts, const Columns& rows) {
  unsigned flags = 0;
  if (std::all_of(rows.times.begin(), rows.times.end(), [](int64_t time) { return time % kMillisecond == 0; })) flags |= kInMillis;
  if (std::all_of(counts.begin(), counts.end(), [](uint32_t count) { return count == 1; })) flags |= kOneEach;
  if (std::all_of(rows.times.begin(), rows.times.end(), [&](int64_t time) { return time == rows.times.front(); }))
    flags |= kOneTime;
  if (!rows.starts.empty()) flags |= kWithStarts;
  if (!rows.histogram_offsets.empty()) flags |= kWithHistograms;
  return static_cast<uint8_t>(flags);
}

/// A value is its bytes from the most significant down to the last that is not zero; two counts of bytes share one byte.
void encode_values(std::span<const double> values, ByteWriter& out) {
  std::vector<uint8_t>& bytes = out.out();
  size_t counts = bytes.size();
  size_t at = counts + (values.size() + 1) / 2;
  bytes.resize(at + values.size() * 8);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<uint64_t>(values[i]);
    const unsigned significant = bits == 0 ? 0U : 8U - static_cast<unsigned>(std::countr_zero(bits)) / 8U;
    const uint64_t ordered = __builtin_bswap64(bits);
    std::memcpy(bytes.data() + at, &ordered, sizeof(ordered));
    at += significant;
    if (i % 2 == 0) {
      bytes[counts] = static_cast<uint8_t>(significant);
    } else {
      bytes[counts++] |= static_cast<uint8_t>(significant << 4);
    }
  }
  bytes.resize(at);
}

void decode_values(ByteReader& in, size_t count, std::vector<double>& out) {
  const auto lengths = in.bytes((count + 1) / 2);
  if (!in.ok()) return;
  out.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const unsigned length = (lengths[i / 2] >> (i % 2 * 4)) & 0xfU;
    if (length > 8) return in.fail();
    out.push_back(std::bit_cast<double>(in.top_bytes(length)));
  }
}

void encode_times(std::span<const int64_t> times, unsigned flags, ByteWriter& out) {
  const int64_t unit = (flags & kInMillis) != 0 ? kMillisecond : 1;
  int64_t last = 0;
  for (const int64_t time : times) {
    out.svarint(wrapping_sub(time / unit, last));
    last = time / unit;
    if ((flags & kOneTime) != 0) return;
  }
}

void decode_times(ByteReader& in, size_t count, unsigned flags, std::vector<int64_t>& out) {
  const int64_t unit = (flags & kInMillis) != 0 ? kMillisecond : 1;
  int64_t last = 0;
  int64_t time = 0;
  out.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (i == 0 || (flags & kOneTime) == 0) {
      last = wrapping_add(last, in.svarint());
      if (__builtin_mul_overflow(last, unit, &time)) return in.fail();
    }
    out.push_back(time);
  }
}

void encode_optional(const Columns& rows, ByteWriter& out) {
  int64_t last = 0;
  for (const int64_t start : rows.starts) {
    out.svarint(wrapping_sub(start, last));
    last = start;
  }
  for (size_t i = 1; i < rows.histogram_offsets.size(); ++i) out.varint(rows.histogram_offsets[i] - rows.histogram_offsets[i - 1]);
  out.bytes(rows.histogram_bytes);
}

void decode_optional(ByteReader& in, size_t count, unsigned flags, Columns& rows) {
  int64_t last = 0;
  for (size_t i = 0; i < count && (flags & kWithStarts) != 0; ++i) {
    last = wrapping_add(last, in.svarint());
    rows.starts.push_back(last);
  }
  if ((flags & kWithHistograms) == 0) return;
  uint64_t total = 0;
  rows.histogram_offsets.push_back(0);
  for (size_t i = 0; i < count; ++i) {
    total += in.count(1);
    if (!in.ok() || total > in.remaining()) return in.fail();
    rows.histogram_offsets.push_back(static_cast<uint32_t>(total));
  }
  const auto bytes = in.bytes(total);
  rows.histogram_bytes.assign(bytes.begin(), bytes.end());
}

}  // namespace

void SamplesRecord::begin(uint64_t ref) {
  refs_.push_back(ref);
  counts_.push_back(0);
}

void SamplesRecord::add(const Sample& sample) {
  rows_.append(sample);
  ++counts_.back();
}

void SamplesRecord::encode(std::vector<uint8_t>& out) {
  ByteWriter writer(out);
  const uint8_t flags = flags_of(counts_, rows_);
  writer.u8(kVersion);
  writer.u8(flags);
  writer.varint(refs_.size());
  writer.varint(rows_.size());
  uint64_t last = 0;
  for (const uint64_t ref : refs_) {
    writer.svarint(static_cast<int64_t>(ref - last));
    last = ref;
  }
  if ((flags & kOneEach) == 0) {
    for (const uint32_t count : counts_) writer.varint(count);
  }
  encode_times(rows_.times, flags, writer);
  encode_values(rows_.values, writer);
  encode_optional(rows_, writer);
  refs_.clear();
  counts_.clear();
  rows_.clear();
}

Result<void> decode_samples(std::span<const uint8_t> bytes, JournalVisitor& visitor) {
  ByteReader in(bytes);
  const uint8_t version = in.u8();
  if (in.ok() && version != kVersion) return unknown_version("samples", version);
  const uint8_t flags = in.u8();
  const auto series = static_cast<size_t>(in.count(1));
  const auto rows = static_cast<size_t>(in.varint());
  if (!in.ok() || rows / 2 > in.remaining()) return malformed("samples");
  JournaledSamples found;
  found.refs.reserve(series);
  uint64_t last = 0;
  for (size_t i = 0; i < series; ++i) found.refs.push_back(last += static_cast<uint64_t>(in.svarint()));
  found.counts.assign(series, 1);
  uint64_t total = 0;
  for (uint32_t& count : found.counts) {
    if ((flags & kOneEach) == 0) count = static_cast<uint32_t>(in.count(0, rows));
    total += count;
  }
  if (!in.ok() || total != rows) return malformed("samples");
  decode_times(in, rows, flags, found.rows.times);
  decode_values(in, rows, found.rows.values);
  decode_optional(in, rows, flags, found.rows);
  if (!in.ok() || !in.at_end()) return malformed("samples");
  visitor.samples(found);
  return {};
}

void SeriesRecord::add(uint64_t ref, std::span<const uint32_t> pairs, const Symbols& symbols) {
  ByteWriter writer(series_);
  writer.svarint(static_cast<int64_t>(ref - last_ref_));
  last_ref_ = ref;
  writer.varint(pairs.size() / 2);
  for (const uint32_t symbol : pairs) {
    const auto [found, fresh] = numbers_.try_emplace(symbol, static_cast<uint32_t>(numbers_.size()));
    if (fresh) ByteWriter(texts_).text(symbols.text(symbol));
    writer.varint(found->second);
  }
  ++count_;
}

void SeriesRecord::encode(std::vector<uint8_t>& out) {
  ByteWriter writer(out);
  writer.u8(kVersion);
  writer.varint(numbers_.size());
  writer.bytes(texts_);
  writer.varint(count_);
  writer.bytes(series_);
  *this = SeriesRecord{};
}

Result<void> decode_series(std::span<const uint8_t> bytes, JournalVisitor& visitor) {
  ByteReader in(bytes);
  const uint8_t version = in.u8();
  if (in.ok() && version != kVersion) return unknown_version("series", version);
  JournaledSeries found;
  found.texts.resize(static_cast<size_t>(in.count(1)));
  for (std::string_view& text : found.texts) text = in.text();
  const auto count = static_cast<size_t>(in.count(2));
  if (!in.ok()) return malformed("series");
  found.refs.reserve(count);
  found.ends.reserve(count);
  uint64_t ref = 0;
  for (size_t i = 0; i < count && in.ok(); ++i) {
    found.refs.push_back(ref += static_cast<uint64_t>(in.svarint()));
    for (uint64_t left = in.count(2) * 2; left != 0; --left) {
      const uint64_t number = in.varint();
      if (!in.ok() || number >= found.texts.size()) return malformed("series");
      found.pairs.push_back(static_cast<uint32_t>(number));
    }
    found.ends.push_back(static_cast<uint32_t>(found.pairs.size()));
  }
  if (!in.ok() || !in.at_end()) return malformed("series");
  visitor.series(found);
  return {};
}

void encode_metadata(std::string_view metric, const Metadata& metadata, std::vector<uint8_t>& out) {
  ByteWriter writer(out);
  writer.text(metric);
  writer.varint(metadata.type);
  writer.text(metadata.help);
  writer.text(metadata.unit);
}

Result<void> decode_metadata(std::span<const uint8_t> bytes, JournalVisitor& visitor) {
  ByteReader in(bytes);
  while (!in.at_end()) {
    const std::string_view metric = in.text();
    Metadata metadata{.type = static_cast<uint32_t>(in.varint()), .help = std::string(in.text()), .unit = std::string(in.text())};
    if (!in.ok()) return malformed("metadata");
    visitor.metadata(metric, std::move(metadata));
  }
  if (!in.ok()) return malformed("metadata");
  return {};
}

}  // namespace tarsier::samples
