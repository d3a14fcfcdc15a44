// The encodings: every one gives back what went in, bit for bit, and says CORRUPT to what no encoder wrote.
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "plugins/storage/samples/chunk_decoder.hpp"
#include "plugins/storage/samples/journal_codec.hpp"
#include "plugins/storage/samples/labels.hpp"
#include "plugins/storage/samples/postings.hpp"
#include "plugins/storage/samples/sample_block.hpp"
#include "plugins/storage/samples/series_chunks.hpp"
#include "plugins/storage/samples/value_codec.hpp"

namespace tarsier::samples {
namespace {

constexpr int64_t kMin = INT64_MIN;
constexpr int64_t kMax = INT64_MAX;

bool same(const Columns& a, const Columns& b) {
  if (a.size() != b.size()) return false;
  for (size_t row = 0; row < a.size(); ++row) {
    const Sample left = a.at(row), right = b.at(row);
    if (left.time != right.time || left.start != right.start || !left.same_value(right)) return false;
  }
  return true;
}

/// Random samples of a kind: 0 counter, 1 decimals, 2 any bits, 3 constant, 4 special values mixed in; bit 3: starts; bit 4:
/// histograms.
Columns random_columns(std::mt19937_64& random, unsigned kind, size_t count, bool millis) {
  Columns columns;
  int64_t time = static_cast<int64_t>(random() >> 2) - (int64_t{1} << 61);
  if (millis) time -= time % kMillisecond;
  double counter = 0;
  std::vector<uint8_t> histogram;
  for (size_t i = 0; i < count; ++i) {
    const int64_t step = random() % 4 == 0 ? static_cast<int64_t>(random() % 30'000) : 15'000;
    time += (millis ? kMillisecond : 1'000'001) * (step + 1);
    Sample sample{.time = time};
    counter += static_cast<double>(random() % 100);
    switch (kind & 7U) {
      case 0:
        sample.value = counter;
        break;
      case 1:
        sample.value = static_cast<double>(random() % 10'000) / 100;
        break;
      case 2:
        sample.value = std::bit_cast<double>(random());
        break;
      case 3:
        sample.value = 42;
        break;
      default:
        sample.value = random() % 16 == 0 ? std::bit_cast<double>(0x7ff0000000000002ULL) : counter;
        break;
    }
    if ((kind & 8U) != 0) sample.start = columns.empty() || random() % 8 != 0 ? 77 : static_cast<int64_t>(random());
    if ((kind & 16U) != 0 && random() % 2 == 0) {
      histogram.assign(random() % 50, static_cast<uint8_t>(random()));
      sample.histogram = histogram;
    }
    columns.append(sample);
  }
  return columns;
}

TEST(ChunkEncoder, GivesBackEverySampleBitForBit) {
  std::mt19937_64 random(1);
  for (unsigned kind = 0; kind < 29; ++kind) {
    for (const bool millis : {true, false}) {
      const Columns columns = random_columns(random, kind, 300, millis);
      std::vector<ChunkView> chunks;
      ChunkEncoder encoder;
      for (size_t row = 0; row < columns.size(); ++row) {
        if (!encoder.takes(columns.at(row))) chunks.push_back(encoder.close());
        encoder.append(columns.at(row));
      }
      chunks.push_back(encoder.view());
      Columns decoded;
      for (const ChunkView& chunk : chunks) ASSERT_TRUE(decode_chunk(chunk, kMin, kMax, decoded).ok());
      EXPECT_TRUE(same(columns, decoded)) << "kind " << kind << " ms " << millis;
    }
  }
}

TEST(ChunkEncoder, LetsReadersGoOnWhileItAppends) {
  ChunkEncoder encoder;
  for (int64_t i = 0; i < 10; ++i) encoder.append({.time = i * kMillisecond, .value = 1.0 / static_cast<double>(i + 1)});
  const ChunkView before = encoder.view();
  for (int64_t i = 10; i < 1000; ++i) encoder.append({.time = i * kMillisecond, .value = 1.0 / static_cast<double>(i + 1)});
  Columns decoded;
  ASSERT_TRUE(decode_chunk(before, kMin, kMax, decoded).ok());
  EXPECT_EQ(decoded.size(), 10U);
  EXPECT_EQ(decoded.values.back(), 0.1);
}

TEST(ChunkDecoder, CutsToTheRange) {
  ChunkEncoder encoder;
  for (int64_t i = 0; i < 10; ++i) encoder.append({.time = i * kMillisecond, .value = static_cast<double>(i)});
  Columns decoded;
  ASSERT_TRUE(decode_chunk(encoder.view(), 3 * kMillisecond, 5 * kMillisecond, decoded).ok());
  EXPECT_EQ(decoded.values, (std::vector<double>{3, 4, 5}));
}

TEST(ChunkDecoder, RefusesAChunkThatEndsEarly) {
  ChunkEncoder encoder;
  for (int64_t i = 0; i < 10; ++i) encoder.append({.time = i * kMillisecond, .value = 1.0 / static_cast<double>(i + 1)});
  ChunkView cut = encoder.view();
  cut.words -= 2;
  Columns decoded;
  EXPECT_FALSE(decode_chunk(cut, kMin, kMax, decoded).ok());
}

TEST(ValueCodec, GivesBackEveryValueBitForBit) {
  std::mt19937_64 random(2);
  for (unsigned kind = 0; kind < 5; ++kind) {
    for (const size_t count : {size_t{1}, size_t{2}, size_t{480}}) {
      const Columns columns = random_columns(random, kind, count, true);
      std::vector<uint8_t> bytes;
      ByteWriter writer(bytes);
      encode_sealed_values(columns.values, writer);
      std::vector<double> decoded;
      ByteReader in(bytes);
      decode_sealed_values(in, count, decoded);
      ASSERT_TRUE(in.ok() && in.at_end());
      for (size_t i = 0; i < count; ++i) EXPECT_EQ(std::bit_cast<uint64_t>(decoded[i]), std::bit_cast<uint64_t>(columns.values[i]));
    }
  }
}

TEST(ValueCodec, KeepsTheSmallFormInSpiteOfAStalenessMarker) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i * 0.25);
  values.push_back(std::bit_cast<double>(0x7ff0000000000002ULL));
  std::vector<uint8_t> bytes;
  ByteWriter writer(bytes);
  encode_sealed_values(values, writer);
  EXPECT_LT(bytes.size(), 220U);
}

TEST(SampleBlock, GivesBackEachSeriesAndSharesTimes) {
  std::mt19937_64 random(3);
  std::vector<Columns> series;
  for (unsigned i = 0; i < 40; ++i) series.push_back(random_columns(random, i % 29, 200, i % 2 == 0));
  series.push_back(series.front());
  SampleBlockBuilder builder;
  for (const Columns& columns : series) builder.add(columns);
  std::vector<uint8_t> plain, packed, unpacked;
  builder.encode(plain);
  Packer().pack(plain, packed);
  ASSERT_TRUE(Unpacker().unpack(packed, unpacked).ok());
  ASSERT_EQ(plain, unpacked);
  auto block = SampleBlock::parse(unpacked);
  ASSERT_TRUE(block.ok());
  for (size_t i = 0; i < series.size(); ++i) {
    Columns decoded;
    ASSERT_TRUE(block->read(i, kMin, kMax, decoded).ok());
    EXPECT_TRUE(same(series[i], decoded)) << i;
    Columns part;
    ASSERT_TRUE(block->read(i, series[i].times[5], series[i].times[9], part).ok());
    EXPECT_EQ(part.size(), 5U);
  }
}

struct Collected : JournalVisitor {
  std::map<uint64_t, Columns> samples;
  std::map<uint64_t, std::string> labels;
  std::map<std::string, Metadata> entries;
  std::vector<std::string> texts;
  void symbols(std::span<const std::string_view> found) override { texts.assign(found.begin(), found.end()); }
  void series(uint64_t ref, std::span<const uint32_t> pairs) override {
    std::vector<Label> found;
    for (size_t i = 0; i < pairs.size(); i += 2) found.emplace_back(texts.at(pairs[i]), texts.at(pairs[i + 1]));
    labels[ref] = to_text(found);
  }
  void sample(uint64_t ref, const Sample& sample) override { samples[ref].append(sample); }
  void metadata(std::string_view metric, Metadata metadata) override { entries[std::string(metric)] = std::move(metadata); }
};

TEST(JournalCodec, GivesBackSamplesBitForBit) {
  std::mt19937_64 random(4);
  for (unsigned kind = 0; kind < 29; ++kind) {
    SamplesRecord record;
    std::map<uint64_t, Columns> written;
    for (uint64_t ref = 1; ref < 20; ++ref) {
      const uint64_t number = ref * 7919 % 20 + (ref == 5 ? uint64_t{1} << 63 : 0);
      const Columns columns = random_columns(random, kind, kind % 3 == 0 ? 1 : 5, kind % 2 == 0);
      record.begin(number);
      for (size_t row = 0; row < columns.size(); ++row) record.add(columns.at(row));
      written[number] = columns;
    }
    std::vector<uint8_t> bytes;
    record.encode(bytes);
    EXPECT_TRUE(record.empty());
    Collected read;
    ASSERT_TRUE(decode_samples(bytes, read).ok());
    ASSERT_EQ(read.samples.size(), written.size());
    for (const auto& [ref, columns] : written) EXPECT_TRUE(same(read.samples[ref], columns)) << "kind " << kind;
  }
}

TEST(JournalCodec, TakesFewBytesForAScrape) {
  SamplesRecord record;
  for (uint64_t ref = 1; ref <= 1000; ++ref) {
    record.begin(ref);
    record.add({.time = 1'700'000'000'000 * kMillisecond, .value = static_cast<double>(ref)});
  }
  std::vector<uint8_t> bytes;
  record.encode(bytes);
  EXPECT_LT(bytes.size(), 4600U);
}

TEST(JournalCodec, GivesBackSeriesAndMetadata) {
  SeriesRecord record;
  const std::vector<Label> first = {{"__name__", "up"}, {"job", "node"}};
  const std::vector<Label> second = {{"__name__", "down"}, {"job", "node"}};
  Symbols symbols;
  const auto pairs_of = [&](Labels labels) {
    std::vector<uint32_t> pairs;
    for (const auto& [name, value] : labels) pairs.insert(pairs.end(), {symbols.intern(name), symbols.intern(value)});
    return pairs;
  };
  record.add(7, pairs_of(first), symbols);
  record.add(3, pairs_of(second), symbols);
  std::vector<uint8_t> bytes, metadata;
  record.encode(bytes);
  encode_metadata("up", {1, "help", "unit"}, metadata);
  encode_metadata("down", {2, "", ""}, metadata);
  Collected read;
  ASSERT_TRUE(decode_series(bytes, read).ok());
  ASSERT_TRUE(decode_metadata(metadata, read).ok());
  EXPECT_EQ(read.labels, (std::map<uint64_t, std::string>{{7, to_text(first)}, {3, to_text(second)}}));
  EXPECT_EQ(read.entries.at("up"), (Metadata{1, "help", "unit"}));
}

TEST(JournalCodec, RefusesEveryTruncation) {
  SamplesRecord record;
  for (uint64_t ref = 1; ref < 6; ++ref) {
    record.begin(ref);
    record.add({.time = static_cast<int64_t>(ref) * 3, .value = 1.5, .start = 9});
    record.add({.time = static_cast<int64_t>(ref) * 4, .value = 2.5, .start = 9});
  }
  std::vector<uint8_t> bytes;
  record.encode(bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    Collected read;
    EXPECT_FALSE(decode_samples(std::span(bytes).first(size), read).ok()) << size;
    EXPECT_TRUE(read.samples.empty());
  }
}

TEST(Postings, GiveBackTheirIds) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    SeriesIds ids;
    uint32_t id = 0;
    for (int i = 0; i < 300; ++i) ids.push_back(id += 1 + (random() % 3 == 0 ? static_cast<uint32_t>(random() % 1000) : 0));
    std::vector<uint8_t> bytes;
    ByteWriter writer(bytes);
    encode_postings(ids, writer);
    SeriesIds decoded;
    ByteReader in(bytes);
    decode_postings(in, ids.size(), ids.back() + 1, decoded);
    EXPECT_TRUE(in.ok() && in.at_end());
    EXPECT_EQ(decoded, ids);
    SeriesIds beyond;
    ByteReader again(bytes);
    decode_postings(again, ids.size(), ids.back(), beyond);
    EXPECT_FALSE(again.ok());
  }
}

TEST(Postings, IntersectUniteAndSubtract) {
  const SeriesIds a = {1, 3, 5, 7}, b = {3, 4, 7, 9};
  EXPECT_EQ(intersect(a, b), (SeriesIds{3, 7}));
  EXPECT_EQ(subtract(a, b), (SeriesIds{1, 5}));
  SeriesIds all = {1, 3, 5, 3, 4};
  unite(all);
  EXPECT_EQ(all, (SeriesIds{1, 3, 4, 5}));
  SeriesIds many(1000);
  for (uint32_t i = 0; i < 1000; ++i) many[i] = i * 2;
  EXPECT_EQ(intersect(many, SeriesIds{4, 5, 1998, 3000}), (SeriesIds{4, 1998}));
}

TEST(SeriesChunks, KeepOrderInWhateverOrderSamplesCome) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 20; ++round) {
    std::vector<int64_t> times;
    for (int64_t i = 0; i < 700; ++i) times.push_back((i - 300) * 1000);
    std::shuffle(times.begin(), times.end(), random);
    SeriesChunks chunks;
    for (const int64_t time : times) (void)chunks.insert({.time = time, .value = static_cast<double>(time)}, 100'000);
    std::vector<ChunkView> views;
    chunks.views(kMin, kMax, views);
    Columns columns;
    for (const ChunkView& view : views) {
      EXPECT_EQ(window_start(view.min_time, 100'000), window_start(view.max_time, 100'000));
      ASSERT_TRUE(decode_chunk(view, kMin, kMax, columns).ok());
    }
    ASSERT_EQ(columns.size(), times.size());
    EXPECT_TRUE(std::is_sorted(columns.times.begin(), columns.times.end()));
    EXPECT_EQ(chunks.insert({.time = times[0], .value = static_cast<double>(times[0])}, 100'000), Inserted::duplicate);
    EXPECT_EQ(chunks.insert({.time = times[1], .value = 0.5}, 100'000), Inserted::conflict);
    EXPECT_LT(views.size(), 40U);
  }
}

TEST(Windows, CoverNegativeTimesAndTheEnds) {
  EXPECT_EQ(window_start(-1, 10), -10);
  EXPECT_EQ(window_last(-1, 10), -1);
  EXPECT_EQ(window_start(-10, 10), -10);
  EXPECT_EQ(window_start(10, 10), 10);
  EXPECT_EQ(window_last(10, 10), 19);
  EXPECT_EQ(window_start(kMin, 1000), kMin);
  EXPECT_EQ(window_last(kMax, 1000), kMax);
}

}  // namespace
}  // namespace tarsier::samples
