#include "plugins/forward/remote_write/entry_writer.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "tarsier/flat_set.hpp"

namespace tarsier::forward {
namespace {

/// Down, also before 1970.
int64_t to_ms(int64_t ns) noexcept {
  constexpr int64_t kMs = 1'000'000;
  return ns / kMs - (ns % kMs < 0 ? 1 : 0);
}

std::string_view metric_of(std::span<const batch::Label> labels) noexcept {
  for (const auto& [name, value] : labels)
    if (name == "__name__") return value;
  return {};
}

}  // namespace

struct EntryWriter::Series {
  const batch::SamplesView& samples;
  const batch::ExemplarsView& exemplars;
  uint32_t number;
  size_t first_exemplar, end_exemplar;
  uint64_t sequence;
  int64_t now_ns, mono_ns;
  std::span<const batch::Label> labels;
  std::optional<Drop> dropped;  // all of it
  SeriesMetadata metadata;
  Shard* shard;
};

void EntryWriter::write(const QueueEntry& entry, Shards& shards, int64_t now_ns, int64_t mono_ns) {
  const batch::View view = entry.view();
  const batch::SamplesView samples(view);
  const batch::ExemplarsView exemplars(view);
  order_exemplars(exemplars);
  size_t next = 0;
  for (uint32_t number = 0; number < samples.series_count(); ++number) {
    const size_t first = next;
    while (next < exemplars.size() && exemplars.series(exemplar_order_[next]) == number) ++next;
    const size_t rows = samples.times(number).size();
    const auto own = labels_.read(samples, number);
    if (!own) {
      metrics_.dropped(Drop::labels, rows + next - first);
      continue;
    }
    SeriesMetadata metadata;
    if (samples.has_metadata())
      metadata = {samples.type(number), samples.help(number), samples.unit(number), samples.name_tail(number)};
    if (metadata.any() && settings_.metadata.send) metadata_.learn(metric_of(*own), metadata);
    Shard& shard = shards[series_hash(*own) % shards.size()];
    const size_t parts = rows + next - first;
    const Position front{entry.sequence, number, 0}, back{entry.sequence, number, static_cast<uint32_t>(parts - 1)};
    if (parts == 0 || !shard.wants_any(front, back)) continue;
    Series series{samples, exemplars, number, first, next, entry.sequence, now_ns, mono_ns, {}, {}, metadata, &shard};
    const auto labels = labels_.outgoing();
    if (!labels) {
      series.dropped = Drop::labels;
    } else if (!*labels) {
      series.dropped = Drop::series;
    } else {
      series.labels = **labels;
    }
    write_series(series);
  }
}

void EntryWriter::order_exemplars(const batch::ExemplarsView& exemplars) {
  exemplar_order_.resize(exemplars.size());
  std::iota(exemplar_order_.begin(), exemplar_order_.end(), 0U);
  const auto series_of = [&](uint32_t i) { return exemplars.series(i); };
  if (!std::ranges::is_sorted(exemplar_order_, {}, series_of)) std::ranges::stable_sort(exemplar_order_, {}, series_of);
}

void EntryWriter::write_series(Series& series) {
  const auto rows = static_cast<uint32_t>(series.samples.times(series.number).size());
  for (uint32_t row = 0; row < rows; ++row) write_row(series, row, {series.sequence, series.number, row});
  if (settings_.send_exemplars)
    for (size_t i = series.first_exemplar; i < series.end_exemplar; ++i)
      write_exemplar(series, exemplar_order_[i],
                     {series.sequence, series.number, rows + static_cast<uint32_t>(i - series.first_exemplar)});
  series.shard->end_series();
}

/// The part at `at` was sent already, or will never be; then it is counted.
bool EntryWriter::left_out(const Series& series, int64_t time_ns, const Position& at) {
  if (!series.shard->wants(at)) return true;
  if (too_old(time_ns, series.now_ns)) return drop(Drop::too_old), true;
  if (series.dropped) return drop(*series.dropped), true;
  return false;
}

void EntryWriter::write_row(Series& series, uint32_t row, const Position& at) {
  const int64_t time_ns = series.samples.times(series.number)[row];
  if (left_out(series, time_ns, at)) return;
  const auto starts = series.samples.starts(series.number);
  const int64_t time_ms = to_ms(time_ns), start_ms = starts.empty() || starts[row] == 0 ? 0 : to_ms(starts[row]);
  const auto encoded = series.samples.has_histograms() ? series.samples.histogram(series.number, row) : std::span<const uint8_t>();
  if (encoded.empty()) {
    series.shard->write(at, series.labels, series.metadata, series.mono_ns)
        .sample(time_ms, series.samples.values(series.number)[row], start_ms);
    return series.shard->wrote_sample(time_ms);
  }
  if (!settings_.send_native_histograms) return drop(Drop::native_histograms_off);
  if (!decode_histogram(encoded, histogram_)) return drop(Drop::histogram);
  if (settings_.message == Message::write_request && histogram_.schema == NativeHistogram::kCustomBuckets)
    return drop(Drop::custom_buckets_in_v1);
  series.shard->write(at, series.labels, series.metadata, series.mono_ns).histogram(time_ms, histogram_, start_ms);
  series.shard->wrote_histogram(time_ms);
}

void EntryWriter::write_exemplar(Series& series, size_t exemplar, const Position& at) {
  const int64_t time_ns = series.exemplars.time(exemplar);
  if (left_out(series, time_ns, at)) return;
  if (!decode_flat_set(series.exemplars.labels(exemplar), exemplar_labels_)) return drop(Drop::labels);
  series.shard->write(at, series.labels, series.metadata, series.mono_ns)
      .exemplar(to_ms(time_ns), series.exemplars.value(exemplar), exemplar_labels_);
  series.shard->wrote_exemplar(to_ms(time_ns));
}

}  // namespace tarsier::forward
