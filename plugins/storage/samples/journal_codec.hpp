// The records of the journal: samples (columns of series references, times and values), definitions of series, metadata.
// docs/storage.md describes the bytes. Decoders take any bytes and fail with CORRUPT.
#pragma once

#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "labels.hpp"
#include "sample.hpp"
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

/// Collects definitions of series; labels are copied.
class SeriesRecord {
 public:
  void add(uint64_t ref, Labels labels);
  bool empty() const noexcept { return count_ == 0; }
  void encode(std::vector<uint8_t>& out);

 private:
  uint32_t symbol(std::string_view text);
  std::unordered_map<std::string, uint32_t> symbols_;
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

/// Receives what the decoders find; `labels`, text and histogram bytes are valid during the call.
struct JournalVisitor {
  virtual ~JournalVisitor() = default;
  virtual void series(uint64_t ref, Labels labels) = 0;
  virtual void sample(uint64_t ref, const Sample& sample) = 0;
  virtual void metadata(std::string_view metric, Metadata metadata) = 0;
};

Result<void> decode_samples(std::span<const uint8_t> bytes, JournalVisitor& visitor);
Result<void> decode_series(std::span<const uint8_t> bytes, JournalVisitor& visitor);
Result<void> decode_metadata(std::span<const uint8_t> bytes, JournalVisitor& visitor);

}  // namespace tarsier::samples
