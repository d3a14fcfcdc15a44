// The encodings: every one gives back what went in, bit for bit, and says CORRUPT to what no encoder wrote.
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "plugins/storage/samples/chunk_decoder.hpp"
#include "plugins/storage/samples/journal_codec.hpp"
#include "plugins/storage/samples/labels.hpp"
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

std::vector<uint8_t> block_of(const std::vector<Columns>& series) {
  SampleBlockBuilder builder;
  for (const Columns& columns : series) builder.add(columns);
  std::vector<uint8_t> bytes;
  Packer packer;
  builder.encode(packer, bytes);
  return bytes;
}

Columns columns_of(const std::vector<double>& values) {
  Columns columns;
  for (size_t i = 0; i < values.size(); ++i)
    columns.append({.time = static_cast<int64_t>(i) * 15'000 * kMillisecond, .value = values[i]});
  return columns;
}

void expect_given_back(const std::vector<Columns>& series) {
  const std::vector<uint8_t> bytes = block_of(series);
  Unpacker unpacker;
  SampleBlock block;
  const auto opened = block.open(bytes, unpacker);
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  ASSERT_EQ(block.series_count(), series.size());
  const auto check = [&](size_t i) {
    Columns decoded, part, cut;
    ASSERT_TRUE(block.read(i, kMin, kMax, decoded).ok()) << i;
    EXPECT_TRUE(same(series[i], decoded)) << i;
    if (series[i].size() < 4) return;
    const size_t last = series[i].size() - 2;
    ASSERT_TRUE(block.read(i, series[i].times[1], series[i].times[last], part).ok());
    for (size_t row = 1; row <= last; ++row) cut.append(series[i].at(row));
    EXPECT_TRUE(same(cut, part)) << i;
  };
  for (size_t i = 0; i < series.size(); ++i) check(i);
  for (size_t i = series.size(); i-- > 0;) check(i);
}

TEST(SampleBlock, GivesBackEachSeriesBitForBitInAnyOrder) {
  std::mt19937_64 random(3);
  std::vector<Columns> series;
  for (unsigned i = 0; i < 80; ++i) series.push_back(random_columns(random, i % 29, 1 + random() % 300, i % 2 == 0));
  series.push_back(series.front());
  series.insert(series.begin() + 7, Columns{});
  series.push_back(Columns{});
  expect_given_back(series);
  expect_given_back({});
}

TEST(SampleBlock, GivesBackValuesAtTheEdges) {
  const double stale = std::bit_cast<double>(0x7ff0000000000002ULL);
  const double most = std::numeric_limits<double>::max(), infinite = std::numeric_limits<double>::infinity();
  const std::vector<std::vector<double>> all = {
      {0},
      {-0.0},
      {stale},
      {0, -0.0},
      {stale, stale, 1},
      {stale, 1, 2, 3, 4, 5, 6, 7, 8, stale},
      {most, -most, infinite, -infinite},
      {9007199254740991, -9007199254740991, 9007199254740992},
      {0.1, 0.2, 0.30000000000000004, 1e-9, 1e9},
      {4096, 8192, 40960, 4096},
      {1,  2,  3, 1000000000000, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
       28, 29, 30},
      {std::bit_cast<double>(uint64_t{1}), std::bit_cast<double>(~uint64_t{0}), std::bit_cast<double>(uint64_t{1} << 63)},
  };
  std::vector<Columns> series;
  for (const auto& values : all) series.push_back(columns_of(values));
  expect_given_back(series);
  for (const Columns& one : series) expect_given_back({one});
}

TEST(SampleBlock, GivesBackTimesAtTheEndsOfTime) {
  Columns columns;
  for (const int64_t time : {kMin, kMin + 1, int64_t{-1}, int64_t{0}, kMax - 1, kMax}) columns.append({.time = time, .value = 1});
  expect_given_back({columns});
}

TEST(SampleBlock, TellsBucketsByTheirNeighbours) {
  std::mt19937_64 random(4);
  std::vector<std::vector<double>> buckets(13);
  std::vector<double> totals(13);
  for (int scrape = 0; scrape < 480; ++scrape) {
    const auto requests = static_cast<double>(random() % 300);
    for (size_t le = 0; le < 13; ++le) {
      if (scrape == 240) totals[le] = 0;  // a restart
      buckets[le].push_back(totals[le] += std::floor(requests * static_cast<double>(le + 1) / 13));
    }
  }
  std::vector<Columns> series, apart;
  for (const auto& bucket : buckets) series.push_back(columns_of(bucket));
  expect_given_back(series);
  size_t alone = 0;
  for (const Columns& one : series) alone += block_of({one}).size();
  EXPECT_LT(block_of(series).size() * 3, alone);
}

TEST(SampleBlock, KeepsTheSmallFormInSpiteOfAStalenessMarker) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i * 0.25);
  values.push_back(std::bit_cast<double>(0x7ff0000000000002ULL));
  EXPECT_LT(block_of({columns_of(values)}).size(), 80U);
}

TEST(SampleBlock, SharesTheTimesOfSeriesThatWereScrapedTogether) {
  std::mt19937_64 random(5);
  const Columns columns = random_columns(random, 0, 200, true);
  Columns other = columns;
  for (double& value : other.values) value *= 3;
  EXPECT_LT(block_of({columns, other}).size(), block_of({columns}).size() + 200);
}

TEST(SampleBlock, RefusesEveryTruncation) {
  std::mt19937_64 random(6);
  const std::vector<uint8_t> bytes =
      block_of({random_columns(random, 1, 50, true), random_columns(random, 24, 50, true), random_columns(random, 2, 50, false)});
  Unpacker unpacker;
  SampleBlock block;
  for (size_t size = 0; size < bytes.size(); ++size) {
    // Heads of series are parsed when they are read.
    const bool opened = block.open(std::span(bytes).first(size), unpacker).ok();
    Columns columns;
    EXPECT_FALSE(opened && block.read(2, kMin, kMax, columns).ok()) << size;
    EXPECT_TRUE(columns.empty());
    EXPECT_EQ(block.series_count(), 0U);
  }
}

/// The form on the disk: whoever changes it makes another format.
TEST(SampleBlock, HasTheDocumentedBytes) {
  const std::vector<uint8_t> expected = {
      2,  1,  // series, columns of times
      21, 0,  // heads: size, plain
      1,  4, 0x09, 0,    0x98, 0x75, 2,
      0,                                 // times: ms, rows, like the one before and a unit; first 0, unit 15000, steps 1, no bits
      1,  0, 0,    0x01, 2,    2,    1,  // times 1, no flags, no digits, like the one before; first 1, steps from 1 on, 1 bit
      1,  0, 0,    0x04, 14,             // times 1, no flags, no digits, constant; 7
      1,  0,                             // bytes: size, plain
      4,                                 // bits of the steps 1, 1, 2
      0,  0, 0,    0,    0,    0,    0, 0,
  };
  EXPECT_EQ(block_of({columns_of({1, 2, 3, 5}), columns_of({7, 7, 7, 7})}), expected);
}

struct Collected : JournalVisitor {
  std::map<uint64_t, Columns> columns;
  std::map<uint64_t, std::string> labels;
  std::map<std::string, Metadata> entries;
  void series(const JournaledSeries& found) override {
    for (size_t at = 0; at < found.size(); ++at) {
      const auto pairs = found.pairs_of(at, found.pairs);
      std::vector<Label> set;
      for (size_t i = 0; i < pairs.size(); i += 2) set.emplace_back(found.texts.at(pairs[i]), found.texts.at(pairs[i + 1]));
      labels[found.refs[at]] = to_text(set);
    }
  }
  void samples(const JournaledSamples& found) override {
    found.each([&](uint64_t ref, const Sample& sample) { columns[ref].append(sample); });
  }
  void metadata(std::string_view metric, Metadata metadata) override { entries[std::string(metric)] = std::move(metadata); }
  void exemplar(std::string_view series, const Exemplar& exemplar) override {
    FAIL() << "an exemplar of " << series << " at " << exemplar.time;
  }
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
    ASSERT_EQ(read.columns.size(), written.size());
    for (const auto& [ref, columns] : written) EXPECT_TRUE(same(read.columns[ref], columns)) << "kind " << kind;
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
    EXPECT_TRUE(read.columns.empty());
  }
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
