#include "sample_block.hpp"

#include <algorithm>
#include <zstd.h>

#include "value_codec.hpp"

namespace tarsier::samples {
namespace {

enum PayloadFlag : uint8_t { kStartsFollow = 1U << 0, kHistogramsFollow = 1U << 1 };
enum Packing : uint8_t { kPlain = 0, kZstd = 1 };
constexpr size_t kMostUnpacked = size_t{256} << 20;
constexpr size_t kSharedTimesLookedAt = 8;

Error malformed() { return {TARSIER_CORRUPT, "block of samples is malformed"}; }

void read_optional(ByteReader& in, uint8_t flags, size_t count, Columns& columns) {
  int64_t last = 0;
  for (size_t i = 0; i < count && (flags & kStartsFollow) != 0; ++i)
    columns.starts.push_back(last = wrapping_add(last, in.svarint()));
  if ((flags & kHistogramsFollow) == 0) return;
  uint64_t total = 0;
  columns.histogram_offsets.push_back(0);
  for (size_t i = 0; i < count; ++i) {
    total += in.count(1);
    if (!in.ok() || total > in.remaining()) return in.fail();
    columns.histogram_offsets.push_back(static_cast<uint32_t>(total));
  }
  const auto bytes = in.bytes(total);
  columns.histogram_bytes.assign(bytes.begin(), bytes.end());
}

}  // namespace

void SampleBlockBuilder::add(const Columns& series) {
  std::vector<uint8_t> times;
  ByteWriter time_writer(times);
  encode_sealed_times(series.times, time_writer);
  const size_t first = time_columns_.size() > kSharedTimesLookedAt ? time_columns_.size() - kSharedTimesLookedAt : 0;
  const auto shared = std::find(time_columns_.begin() + static_cast<ptrdiff_t>(first), time_columns_.end(), times);
  time_of_.push_back(static_cast<uint64_t>(shared - time_columns_.begin()));
  if (shared == time_columns_.end()) {
    times_.insert(times_.end(), times.begin(), times.end());
    time_columns_.push_back(std::move(times));
  }
  const size_t before = payload_.size();
  ByteWriter writer(payload_);
  unsigned flags = series.starts.empty() ? 0U : unsigned{kStartsFollow};
  if (!series.histogram_offsets.empty()) flags |= kHistogramsFollow;
  writer.u8(static_cast<uint8_t>(flags));
  encode_sealed_values(series.values, writer);
  int64_t last = 0;
  for (const int64_t start : series.starts) {
    writer.svarint(wrapping_sub(start, last));
    last = start;
  }
  for (size_t i = 1; i < series.histogram_offsets.size(); ++i) {
    writer.varint(series.histogram_offsets[i] - series.histogram_offsets[i - 1]);
  }
  writer.bytes(series.histogram_bytes);
  lengths_.push_back(payload_.size() - before);
}

void SampleBlockBuilder::encode(std::vector<uint8_t>& out) {
  ByteWriter writer(out);
  writer.varint(time_columns_.size());
  writer.bytes(times_);
  writer.varint(lengths_.size());
  for (const uint64_t column : time_of_) writer.varint(column);
  for (const uint64_t length : lengths_) writer.varint(length);
  writer.bytes(payload_);
  *this = SampleBlockBuilder{};
}

Result<SampleBlock> SampleBlock::parse(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SampleBlock block;
  block.times_.resize(static_cast<size_t>(in.count(2)));
  for (auto& times : block.times_) decode_sealed_times(in, times);
  const auto series = static_cast<size_t>(in.count(2));
  for (size_t i = 0; i < series; ++i) {
    const uint64_t column = in.varint();
    if (!in.ok() || column >= block.times_.size()) return malformed();
    block.time_of_.push_back(static_cast<size_t>(column));
  }
  std::vector<uint64_t> lengths;
  for (size_t i = 0; i < series; ++i) lengths.push_back(in.varint());
  for (const uint64_t length : lengths) block.payloads_.push_back(in.bytes(length));
  if (!in.ok() || !in.at_end()) return malformed();
  return block;
}

Result<void> SampleBlock::read(size_t index, int64_t start, int64_t end, Columns& out) const {
  if (index >= payloads_.size()) return malformed();
  const std::vector<int64_t>& times = times_[time_of_[index]];
  ByteReader in(payloads_[index]);
  Columns columns;
  const uint8_t flags = in.u8();
  decode_sealed_values(in, times.size(), columns.values);
  read_optional(in, flags, times.size(), columns);
  if (!in.ok() || !in.at_end() || columns.values.size() != times.size()) return malformed();
  const auto first = static_cast<size_t>(std::lower_bound(times.begin(), times.end(), start) - times.begin());
  const auto last = static_cast<size_t>(std::upper_bound(times.begin(), times.end(), end) - times.begin());
  if (first >= last) return {};
  const bool floats_only = flags == 0 && out.starts.empty() && out.histogram_offsets.empty();
  if (floats_only) {
    out.times.insert(out.times.end(), times.begin() + static_cast<ptrdiff_t>(first), times.begin() + static_cast<ptrdiff_t>(last));
    out.values.insert(out.values.end(), columns.values.begin() + static_cast<ptrdiff_t>(first),
                      columns.values.begin() + static_cast<ptrdiff_t>(last));
    return {};
  }
  columns.times = times;
  for (size_t row = first; row < last; ++row) out.append(columns.at(row));
  return {};
}

void Packer::Free::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }
void Unpacker::Free::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

void Packer::pack(std::span<const uint8_t> bytes, std::vector<uint8_t>& out) {
  constexpr int kLevel = 3;
  if (context_ == nullptr) context_.reset(ZSTD_createCCtx());
  out.clear();
  ByteWriter(out).u8(kZstd);
  ByteWriter(out).varint(bytes.size());
  const size_t head = out.size();
  out.resize(head + ZSTD_compressBound(bytes.size()));
  const size_t size = ZSTD_compressCCtx(context_.get(), out.data() + head, out.size() - head, bytes.data(), bytes.size(), kLevel);
  if (!ZSTD_isError(size) && size < bytes.size()) return out.resize(head + size);
  out.clear();
  ByteWriter(out).u8(kPlain);
  ByteWriter(out).bytes(bytes);
}

Result<void> Unpacker::unpack(std::span<const uint8_t> packed, std::vector<uint8_t>& out) {
  ByteReader in(packed);
  const uint8_t packing = in.u8();
  if (in.ok() && packing == kPlain) {
    out.assign(packed.begin() + 1, packed.end());
    return {};
  }
  const uint64_t size = in.count(0, kMostUnpacked);
  if (!in.ok() || packing != kZstd) return Error{TARSIER_CORRUPT, "packed block has an unknown form"};
  const auto payload = in.bytes(in.remaining());
  // A forged size must not cost memory: zstd says itself how large the content is.
  if (ZSTD_getFrameContentSize(payload.data(), payload.size()) != size)
    return Error{TARSIER_CORRUPT, "packed block has a wrong size"};
  if (context_ == nullptr) context_.reset(ZSTD_createDCtx());
  out.resize(static_cast<size_t>(size));
  const size_t done = ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), payload.data(), payload.size());
  if (ZSTD_isError(done) || done != size) return Error{TARSIER_CORRUPT, "packed block does not decompress"};
  return {};
}

}  // namespace tarsier::samples
