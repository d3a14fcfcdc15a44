// SeriesView: a series as the contract of stores has it, over what a query has read.
#pragma once

#include <tuple>
#include <vector>

#include "query.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::samples {

/// Label pairs and columns as the table wants them; valid while both are.
class SeriesView {
 public:
  const tarsier_series& fill(const Query& query, const Query::Entry& entry, const Columns& columns, int64_t tier_ns = 0,
                             uint64_t run = 0) {
    labels_.clear();
    query.labels(entry, labels_);
    fill(entry.id, labels_);
    series_.run = run;
    series_.sample_count = columns.size();
    series_.times_ns = columns.times.data();
    series_.values = columns.values.data();
    if (!columns.starts.empty()) series_.starts_ns = columns.starts.data();
    if (!columns.histogram_offsets.empty()) {
      series_.histogram_offsets = columns.histogram_offsets.data();
      series_.histogram_bytes = columns.histogram_bytes.data();
    }
    if (tier_ns != 0) add_summaries(columns, tier_ns);
    return series_;
  }
  /// Without samples.
  const tarsier_series& fill(uint64_t id, Labels labels) {
    pairs_.clear();
    for (const auto& [name, value] : labels) pairs_.push_back({str(name), str(value)});
    series_ = {};
    series_.size = sizeof(series_);
    series_.label_count = static_cast<uint32_t>(pairs_.size());
    series_.labels = pairs_.data();
    series_.series_id = id;
    return series_;
  }

 private:
  void add_summaries(const Columns& columns, int64_t tier_ns) {
    series_.tier_ns = tier_ns;
    for (const auto& [member, column, out] :
         {std::tuple{&Summary::count, &counts_, &series_.counts}, std::tuple{&Summary::sum, &sums_, &series_.sums},
          std::tuple{&Summary::min, &mins_, &series_.mins}, std::tuple{&Summary::max, &maxs_, &series_.maxs},
          std::tuple{&Summary::drop, &drops_, &series_.drops}}) {
      column->clear();
      for (const Summary& summary : columns.summaries) column->push_back(summary.*member);
      *out = column->data();
    }
  }

  std::vector<Label> labels_;
  std::vector<tarsier_pair> pairs_;
  std::vector<double> counts_, sums_, mins_, maxs_, drops_;  // of summaries
  tarsier_series series_{};
};

}  // namespace tarsier::samples
