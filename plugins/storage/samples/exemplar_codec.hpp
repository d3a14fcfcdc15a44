// Exemplars as bytes: their labels as one string, and the records of them in journal and log. docs/storage.md describes the bytes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "bytes.hpp"
#include "labels.hpp"
#include "tarsier/result.hpp"

namespace tarsier::samples {

/// One exemplar; `labels` as encode_labels() makes them, owned by someone else.
struct Exemplar {
  int64_t time = 0;  // ns
  double value = 0;
  std::string_view labels;

  /// Bit for bit.
  bool operator==(const Exemplar& other) const noexcept {
    return time == other.time && std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(other.value) && labels == other.labels;
  }
};

/// Name and value by turns, each with its length before it; equal labels have equal bytes. Replaces what is in `out`.
void encode_labels(Labels labels, std::string& out);
/// Replaces what is in `out`, which points into `bytes`; false when they are malformed.
bool decode_labels(std::string_view bytes, std::vector<Label>& out);

/// Collects exemplars of any series; each text and each series is written once.
class ExemplarsRecord {
 public:
  /// `series` and the exemplar's labels as encode_labels() makes them.
  void add(std::string_view series, const Exemplar& exemplar);
  bool empty() const noexcept { return count_ == 0; }
  uint64_t count() const noexcept { return count_; }
  /// The bytes. The record is empty afterwards.
  void encode(std::vector<uint8_t>& out);

 private:
  void write_labels(std::string_view encoded, std::vector<uint8_t>& out);

  boost::unordered_flat_map<std::string, uint32_t> numbers_;  // of texts
  boost::unordered_flat_map<std::string, uint32_t> series_numbers_;
  std::vector<Label> labels_;
  std::vector<uint8_t> texts_;
  std::vector<uint8_t> series_;
  std::vector<uint8_t> exemplars_;
  int64_t last_time_ = 0;
  uint64_t count_ = 0;
};

/// What it is given is valid during the call.
using ExemplarSink = std::function<void(std::string_view series, const Exemplar& exemplar)>;

/// Takes any bytes and fails with CORRUPT.
Result<void> decode_exemplars(std::span<const uint8_t> bytes, const ExemplarSink& sink);

}  // namespace tarsier::samples
