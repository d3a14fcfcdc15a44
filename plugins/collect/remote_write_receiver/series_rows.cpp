// Checks of single rows, and their order.
#include "plugins/collect/remote_write_receiver/series_rows.hpp"

#include <algorithm>
#include <span>

namespace tarsier::remote_write {

void SeriesRows::clear() {
  rows_.clear();
  encoded_.clear();
  exemplars_.clear();
  exemplar_bytes_.clear();
  refused_ = 0;
  reason_.clear();
}

void SeriesRows::refuse(std::string_view why) {
  if (refused_++ == 0) reason_ = why;
}

void SeriesRows::add(int64_t time_ms, double value, int64_t start_ms, uint32_t encoded_begin) {
  Row row{.time_ns = 0, .value = value, .start_ns = 0, .encoded_begin = encoded_begin, .encoded_size = 0};
  row.encoded_size = static_cast<uint32_t>(encoded_.size()) - encoded_begin;
  if (!to_ns(time_ms, row.time_ns) || !to_ns(start_ms, row.start_ns))
    return refuse("a time that is not between 1677 and 2262, " + std::to_string(time_ms) + " ms");
  rows_.push_back(row);
}

void SeriesRows::sample(int64_t time_ms, double value, int64_t start_ms) {
  add(time_ms, value, start_ms, static_cast<uint32_t>(encoded_.size()));
}

void SeriesRows::histogram(const HistogramMessage& message) {
  if (auto checked = check_histogram(message.histogram); !checked) return refuse(checked.error().message());
  const auto begin = static_cast<uint32_t>(encoded_.size());
  encode_histogram(message.histogram, encoded_);
  add(message.time_ms, message.histogram.sum, message.start_ms, begin);
}

void SeriesRows::exemplar(int64_t time_ms, double value) {
  const uint32_t begin = exemplars_.empty() ? 0 : exemplars_.back().labels_begin + exemplars_.back().labels_size;
  Exemplar exemplar{.time_ns = 0, .value = value, .labels_begin = begin, .labels_size = 0};
  exemplar.labels_size = static_cast<uint32_t>(exemplar_bytes_.size()) - begin;
  if (!to_ns(time_ms, exemplar.time_ns)) {
    exemplar_bytes_.resize(begin);
    return refuse("an exemplar's time that is not between 1677 and 2262, " + std::to_string(time_ms) + " ms");
  }
  exemplars_.push_back(exemplar);
}

void SeriesRows::emit(batch::SamplesBuilder& builder, int64_t start_ms, Tally& tally) {
  int64_t start_ns = 0;
  if (!to_ns(start_ms, start_ns)) start_ns = 0;
  const auto by_time = [](const Row& a, const Row& b) { return a.time_ns < b.time_ns; };
  if (!std::ranges::is_sorted(rows_, by_time)) std::ranges::stable_sort(rows_, by_time);
  for (const Row& row : rows_) {
    const int64_t start = row.start_ns != 0 ? row.start_ns : start_ns;
    if (row.encoded_size != 0) {
      builder.histogram(row.time_ns, row.value, start, std::span(encoded_).subspan(row.encoded_begin, row.encoded_size));
      ++tally.histograms;
      continue;
    }
    ++tally.samples;
    if (start == 0) {
      builder.sample(row.time_ns, row.value);
    } else {
      builder.sample(row.time_ns, row.value, start);
    }
  }
  for (const Exemplar& exemplar : exemplars_) {
    builder.exemplar(exemplar.time_ns, exemplar.value,
                     std::span(exemplar_bytes_).subspan(exemplar.labels_begin, exemplar.labels_size));
    ++tally.exemplars;
  }
}

}  // namespace tarsier::remote_write
