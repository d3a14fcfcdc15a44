// The records of the journal: samples (columns of series references, times and values), definitions of series, metadata.
// docs/storage.md describes the bytes. Decoders take any bytes and fail with CORRUPT.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "exemplar_codec.hpp"
#include "sample.hpp"
#include "symbols.hpp"
#include "tarsier/result.hpp"

namespace tarsier::samples {

/// Collects the samples of one journal entry.
class SamplesRecord {
 public:
  void begin(uint64_t ref);
  void add(const Sample& sample);
  bool empty() const noexcept { return rows_.empty(); }
  size_t rows() const noexcept { return rows_.size(); }
  /// The bytes. The record is empty afterwards and keeps its memory.
  void encode(std::vector<uint8_t>& out);

 private:
  std::vector<uint64_t> refs_;
  std::vector<uint32_t> counts_;
  Columns rows_;
};

/// Collects definitions of series; each text is written once.
class SeriesRecord {
 public:
  /// `pairs`: name, value, ...: numbers in `symbols`, which must be the same one until encode().
  void add(uint64_t ref, std::span<const uint32_t> pairs, const Symbols& symbols);
  bool empty() const noexcept { return count_ == 0; }
  uint64_t series_count() const noexcept { return count_; }
  /// The bytes. The record is empty afterwards.
  void encode(std::vector<uint8_t>& out);

 private:
  boost::unordered_flat_map<uint32_t, uint32_t> numbers_;  // by symbol
  std::vector<uint8_t> texts_;
  std::vector<uint8_t> series_;
  uint64_t last_ref_ = 0;
  uint64_t count_ = 0;
};

struct Metadata {
  uint32_t type = 0;  // TARSIER_SERIES_*
  std::string help;
  std::string unit;
  bool operator==(const Metadata&) const = default;
};

void encode_metadata(std::string_view metric, const Metadata& metadata, std::vector<uint8_t>& out);

/// Samples of some series as a journal has them.
struct JournaledSamples {
  std::vector<uint64_t> refs;
  std::vector<uint32_t> counts;  // of samples, by series
  Columns rows;                  // of the first series, then of the second and so on

  /// use(ref, sample)
  template <class Use>
  void each(Use&& use) const {
    for (size_t at = 0, row = 0; at < refs.size(); ++at) {
      for (uint32_t left = counts[at]; left != 0; --left) use(refs[at], rows.at(row++));
    }
  }
};

/// Definitions of series as a journal has them.
struct JournaledSeries {
  std::vector<std::string_view> texts;  // each once, however many series have it
  std::vector<uint64_t> refs;
  std::vector<uint32_t> ends;   // in pairs, by series
  std::vector<uint32_t> pairs;  // name, value, name, value, ...: numbers of the texts, in order of the names

  size_t size() const noexcept { return refs.size(); }
  /// `all`: `pairs`, or what stands for them.
  std::span<const uint32_t> pairs_of(size_t at, std::span<const uint32_t> all) const noexcept {
    const size_t begin = at == 0 ? 0 : ends[at - 1];
    return all.subspan(begin, ends[at] - begin);
  }
};

/// Receives what the decoders find, as far as it wants it; text, numbers and histogram bytes are valid during the call.
struct JournalVisitor {
  virtual ~JournalVisitor() = default;
  virtual void series(const JournaledSeries& /*series*/) {}
  virtual void samples(const JournaledSamples& /*samples*/) {}
  // NOLINTNEXTLINE(performance-unnecessary-value-param): who wants it moves it
  virtual void metadata(std::string_view /*metric*/, Metadata /*metadata*/) {}
  /// `series` and the exemplar's labels as bytes (exemplar_codec.hpp).
  virtual void exemplar(std::string_view /*series*/, const Exemplar& /*exemplar*/) {}
};

Result<void> decode_samples(std::span<const uint8_t> bytes, JournalVisitor& visitor);
Result<void> decode_series(std::span<const uint8_t> bytes, JournalVisitor& visitor);
Result<void> decode_metadata(std::span<const uint8_t> bytes, JournalVisitor& visitor);

}  // namespace tarsier::samples
