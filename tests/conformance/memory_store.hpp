// A samples store in memory behind the C table of "tarsier.samples.store/1": what the engine's tests run on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/query/promql/histogram/float_histogram.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::test {

class MemoryStore {
 public:
  using LabelSet = std::vector<std::pair<std::string, std::string>>;  // sorted by name

  MemoryStore();
  /// `start_ns`: the start timestamp, 0 when it is not known.
  void add(LabelSet labels, int64_t time_ns, double value, int64_t start_ns = 0);
  /// Behind the samples that the series has. A histogram that may be of a new counter has no hint then; others say that they are
  /// not.
  void add(LabelSet labels, int64_t time_ns, promql::FloatHistogram histogram, int64_t start_ns = 0);
  void add_metadata(std::string name, uint32_t type, std::string help, std::string unit);
  void clear() { series_.clear(), metadata_.clear(); }
  const tarsier_samples_store* table() const noexcept { return &table_; }
  /// How many threads bring the series of a selection.
  void set_threads(size_t threads) noexcept { threads_ = threads; }

 private:
  struct Samples {
    std::vector<int64_t> times_ns;
    std::vector<double> values;
    std::vector<int64_t> starts_ns;
    bool has_starts = false;
    std::vector<std::vector<uint8_t>> histograms;  // encoded; empty: the sample is a number
    std::optional<promql::FloatHistogram> last;    // the newest sample, when it is a histogram
  };
  struct Metadata {
    std::string name;
    uint32_t type;
    std::string help, unit;
  };
  struct Found {
    uint64_t id;
    const LabelSet* labels;
    const Samples* samples;
    size_t first, count;
  };
  Samples& samples_of(LabelSet labels);
  std::vector<Found> find(const tarsier_select& select) const;
  static tarsier_status select(void* self, const tarsier_select* select, void* user,
                               int32_t (*on_series)(void*, const tarsier_series*), tarsier_error* error);
  static tarsier_status series(void* self, const tarsier_select* select, uint64_t limit, void* user,
                               int32_t (*on_series)(void*, const tarsier_series*), tarsier_error* error);
  static tarsier_status label_names(void* self, const tarsier_select* select, uint64_t limit, void* user,
                                    void (*each)(void*, tarsier_str), tarsier_error* error);
  static tarsier_status label_values(void* self, tarsier_str name, const tarsier_select* select, uint64_t limit, void* user,
                                     void (*each)(void*, tarsier_str), tarsier_error* error);
  static tarsier_status metadata(void* self, tarsier_str metric, uint64_t limit, void* user,
                                 void (*each)(void*, const tarsier_metadata*), tarsier_error* error);
  static tarsier_status stat(void* self, tarsier_store_stat* out, tarsier_error* error);

  std::vector<std::pair<LabelSet, Samples>> series_;  // in the order of their first sample
  std::map<LabelSet, size_t> index_;
  std::vector<Metadata> metadata_;
  size_t threads_ = 1;
  tarsier_samples_store table_{};
};

}  // namespace tarsier::test
