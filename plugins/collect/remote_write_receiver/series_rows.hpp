// SeriesRows: what a request says of one series, gathered until it is whole, since its fields may come in any order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/collect/remote_write_receiver/histogram_message.hpp"
#include "plugins/collect/remote_write_receiver/tally.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::remote_write {

/// Milliseconds as nanoseconds; false when they do not fit (before 1677, after 2262).
inline bool to_ns(int64_t ms, int64_t& ns) noexcept { return !__builtin_mul_overflow(ms, int64_t{1'000'000}, &ns); }

class SeriesRows {
 public:
  void clear();
  /// `start_ms` 0: none.
  void sample(int64_t time_ms, double value, int64_t start_ms);
  void histogram(const HistogramMessage& message);
  /// Its labels are appended to exemplar_labels() before.
  void exemplar(int64_t time_ms, double value);
  std::vector<uint8_t>& exemplar_labels() noexcept { return exemplar_bytes_; }

  bool empty() const noexcept { return rows_.empty() && exemplars_.empty(); }
  uint64_t refused() const noexcept { return refused_; }
  /// How many samples, histograms and exemplars there are, with those refused.
  uint64_t size() const noexcept { return rows_.size() + exemplars_.size() + refused_; }
  const std::string& reason() const noexcept { return reason_; }

  /// Into the series that the builder has begun, in the order of time. `start_ms` is for rows without one of their own; 0: none.
  void emit(batch::SamplesBuilder& builder, int64_t start_ms, Tally& tally);

 private:
  struct Row {
    int64_t time_ns;
    double value;
    int64_t start_ns;
    uint32_t encoded_begin, encoded_size;  // 0 bytes: a float
  };
  struct Exemplar {
    int64_t time_ns;
    double value;
    uint32_t labels_begin, labels_size;
  };
  void refuse(std::string_view why);
  void add(int64_t time_ms, double value, int64_t start_ms, uint32_t encoded_begin);

  std::vector<Row> rows_;
  std::vector<uint8_t> encoded_;
  std::vector<Exemplar> exemplars_;
  std::vector<uint8_t> exemplar_bytes_;
  uint64_t refused_ = 0;
  std::string reason_;  // of the first
};

}  // namespace tarsier::remote_write
