// ClassicHistogram: the lines of one classic histogram, collected, as a native one with the same bounds (custom buckets).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/exposition/series_text.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::exposition {

/// What a line of a histogram says.
struct HistogramPart {
  enum class Kind : uint8_t { bucket, count, sum };
  Kind kind = Kind::bucket;
  double bound = 0;  // of a bucket
};

/// Of a series of the family: which part it is; none: it is no part of a classic histogram. `key` becomes the text of the
/// histogram's own series, with sorted labels and without bound: that of all its lines is the same.
std::optional<HistogramPart> histogram_part(const SeriesText& series, std::string_view family, std::string& key);
/// The same text of any series.
void series_key(const SeriesText& series, std::string& key);

class ClassicHistogram {
 public:
  struct Exemplar {
    std::vector<LabelText> labels;
    double value = 0;
    bool has_timestamp = false;
    int64_t timestamp_ms = 0;
  };

  /// False: nothing was added since clear().
  bool collecting() const noexcept { return !key_.empty(); }
  /// Of its series; also after convert().
  const std::string& key() const noexcept { return key_; }
  void clear();

  void begin(std::string_view key, int64_t start_ms);
  void add(const HistogramPart& part, double value);
  void set_timestamp(bool has, int64_t ms) noexcept { has_timestamp_ = has, timestamp_ms_ = ms; }
  /// Copies it. One without a time is left out, as native histograms have none such.
  void add_exemplar(std::span<const LabelText> labels, double value, bool has_timestamp, int64_t timestamp_ms);

  /// False: the lines are not those of a histogram: counts that do not ascend, are negative, or do not fit `_count`.
  bool convert();
  // Of the last convert() that was true, until clear().
  const NativeHistogram& histogram() const noexcept { return native_; }
  std::span<const Exemplar> exemplars() const noexcept { return exemplars_; }
  bool has_timestamp() const noexcept { return has_timestamp_; }
  int64_t timestamp_ms() const noexcept { return timestamp_ms_; }
  int64_t start_ms() const noexcept { return start_ms_; }

 private:
  struct Bucket {
    double bound;
    double count;  // cumulative
  };
  void add_bucket(double bound, double count);
  void write_buckets(bool integers);

  std::string key_;
  std::vector<Bucket> buckets_;  // by bound
  std::optional<double> count_;
  double sum_ = 0;
  bool broken_ = false;
  bool has_timestamp_ = false;
  int64_t timestamp_ms_ = 0, start_ms_ = 0;
  std::vector<Exemplar> exemplars_;
  std::deque<std::string> texts_;  // of exemplars
  NativeHistogram native_;
};

}  // namespace tarsier::exposition
