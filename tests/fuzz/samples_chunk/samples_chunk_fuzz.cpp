// Any bytes, taken for a chunk of the head, a block of a partition, keys of a head segment, a record of the journal, or a deletion:
// each decoder answers or refuses, and reads nothing outside. What a chunk decodes to is encoded again and must decode to the same.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "plugins/storage/samples/chunk_decoder.hpp"
#include "plugins/storage/samples/deletion.hpp"
#include "plugins/storage/samples/exemplar_buffer.hpp"
#include "plugins/storage/samples/head_segment.hpp"
#include "plugins/storage/samples/journal_codec.hpp"
#include "plugins/storage/samples/partition.hpp"
#include "plugins/storage/samples/sample_block.hpp"
#include "plugins/storage/samples/summary_blocks.hpp"

using namespace tarsier::samples;

namespace {

struct Sum : JournalVisitor {
  uint64_t value = 0;
  void series(const JournaledSeries& found) override {
    for (size_t at = 0; at < found.size(); ++at) {
      for (const uint32_t text : found.pairs_of(at, found.pairs)) value += found.refs[at] + found.texts[text].size();
    }
  }
  void samples(const JournaledSamples& found) override {
    found.each([&](uint64_t ref, const Sample& sample) {
      value += ref + static_cast<uint64_t>(sample.time) + std::bit_cast<uint64_t>(sample.value);
      for (const uint8_t byte : sample.histogram) value += byte;
    });
  }
  void metadata(std::string_view metric, Metadata metadata) override { value += metric.size() + metadata.help.size(); }
  void exemplar(std::string_view series, const Exemplar& exemplar) override { value += series.size() + exemplar.labels.size(); }
};

void check_round_trip(const Columns& columns) {
  ChunkEncoder encoder;
  size_t rows = 0;
  for (; rows < columns.size() && encoder.takes(columns.at(rows)); ++rows) encoder.append(columns.at(rows));
  Columns again;
  if (!decode_chunk(encoder.view(), INT64_MIN, INT64_MAX, again).ok() || again.size() != rows) std::abort();
  for (size_t row = 0; row < rows; ++row) {
    if (again.times[row] != columns.times[row] || !again.at(row).same_value(columns.at(row))) std::abort();
  }
}

void fuzz_chunk(std::span<const uint8_t> bytes) {
  if (bytes.size() < 12) return;
  ChunkView chunk;
  chunk.flags = bytes[0];
  chunk.count = static_cast<uint32_t>(bytes[1]) * 4;
  chunk.tail_bits = bytes[2] % 64;
  std::memcpy(&chunk.tail, bytes.data() + 4, 8);
  const auto words = bytes.subspan(12);
  chunk.words = static_cast<uint32_t>(words.size() / 8);
  if (chunk.words != 0) {
    chunk.buffer.resize(chunk.words, 0);
    std::memcpy(chunk.buffer.words(), words.data(), size_t{chunk.words} * 8);
  }
  Columns columns;
  if (decode_chunk(chunk, INT64_MIN, INT64_MAX, columns).ok()) check_round_trip(columns);
}

/// Built of what is fuzzed, so that the fuzzer gets past the packed layer.
std::vector<uint8_t> build_block(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  std::vector<uint8_t> block;
  ByteWriter writer(block);
  writer.varint(in.u8());
  writer.varint(in.u8());
  for (int section = 0; section < 2; ++section) {
    const auto part = in.bytes(std::min<size_t>(in.u8(), in.remaining()));
    writer.varint(part.size() + 1);
    writer.u8(0);
    writer.bytes(part);
  }
  writer.bytes(in.bytes(in.remaining()));
  block.resize(block.size() + kBitsPadding);
  return block;
}

void fuzz_block(std::span<const uint8_t> bytes) {
  Unpacker unpacker;
  SampleBlock block;
  if (!block.open(bytes, unpacker)) return;
  // What a forged number of rows costs is bounded, but not by what a fuzzer should spend.
  if (block.rows() > 1U << 16U) return;
  for (size_t i = 0; i < block.series_count(); ++i) {
    Columns columns;
    (void)block.read(i, INT64_MIN, INT64_MAX, columns).ok();
  }
}

/// A buffer takes whatever a record decodes to, and writes it so that it decodes to the same.
void fuzz_exemplars(std::span<const uint8_t> bytes) {
  ExemplarBuffer buffer(16), again(16);
  (void)decode_exemplars(bytes, [&](std::string_view series, const Exemplar& exemplar) {
    (void)buffer.add(series, exemplar);
  }).ok();
  ExemplarsRecord record;
  buffer.each(0, UINT64_MAX, [&](std::string_view series, const Exemplar& exemplar) { record.add(series, exemplar); });
  std::vector<uint8_t> written;
  record.encode(written);
  const auto compare = [&](std::string_view series, const Exemplar& exemplar) {
    if (again.add(series, exemplar) != ExemplarAdded::kept) std::abort();
  };
  if (!decode_exemplars(written, compare).ok() || again.size() != buffer.size()) std::abort();
  std::vector<Label> labels;
  again.each(0, UINT64_MAX, [&](std::string_view series, const Exemplar& exemplar) {
    if (!decode_labels(series, labels) || !decode_labels(exemplar.labels, labels)) std::abort();
  });
  if (!again.select({}, INT64_MIN, INT64_MAX, {}).ok()) std::abort();
}

/// Five columns of summaries, for a series of as many rows as the first byte says.
void fuzz_summaries(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  Columns columns;
  const size_t rows = in.u8(), first = in.u8();
  for (size_t row = 0; row < rows; ++row) columns.append({.time = static_cast<int64_t>(row), .value = static_cast<double>(row)});
  Unpacker unpacker;
  SampleBlock block;
  SummaryBlocks blocks;
  std::array<std::vector<uint8_t>, kSummaryColumns> built;
  for (size_t column = 0; column < kSummaryColumns; ++column) {
    built[column] = build_block(in.bytes(std::min<size_t>(in.u8(), in.remaining())));
    if (!block.open(built[column], unpacker) || block.rows() > 1U << 16U) return;
    if (!blocks.open(column, built[column], unpacker)) return;
  }
  if (blocks.read(0, {first, first + rows}, columns) && columns.summaries.size() != columns.size()) std::abort();
}

/// Keys of a head segment: those that are accepted ascend, and are written so that they are read again.
void fuzz_keys(std::span<const uint8_t> bytes) {
  std::vector<SeriesKey> keys, again;
  if (!decode_keys(bytes, keys)) return;
  if (std::adjacent_find(keys.begin(), keys.end(), std::greater_equal<>{}) != keys.end()) std::abort();
  std::vector<uint8_t> written;
  encode_keys(keys, written);
  if (!decode_keys(written, again) || again != keys) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> bytes(data + 1, size - 1);
  Sum sum;
  switch (data[0] % 16) {
    case 0:
      fuzz_chunk(bytes);
      break;
    case 1:
      fuzz_block(bytes);
      break;
    case 2:
      (void)decode_samples(bytes, sum).ok();
      break;
    case 3:
      (void)decode_series(bytes, sum).ok();
      break;
    case 4:
      (void)decode_metadata(bytes, sum).ok();
      break;
    case 5:
      (void)PartitionInfo::decode(bytes).ok();
      break;
    case 6: {
      std::vector<uint8_t> out;
      (void)Unpacker().unpack(bytes, out).ok();
      break;
    }
    case 7:
      fuzz_block(build_block(bytes));
      break;
    case 8:
      (void)decode_groups(bytes, 1'000'000).ok();
      break;
    case 10:
      fuzz_exemplars(bytes);
      break;
    case 12:
      (void)SegmentInfo::decode(bytes).ok();
      break;
    case 14:
      fuzz_summaries(bytes);
      break;
    case 15:
      fuzz_keys(bytes);
      break;
    case 13:
      (void)Deletion::decode(1, bytes).ok();
      break;
    default: {
      std::vector<Label> labels;
      (void)decode_labels({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, labels);
      break;
    }
  }
  return 0;
}
