#include "sealing.hpp"

#include <map>

#include "chunk_decoder.hpp"
#include "head_source.hpp"
#include "partition_writer.hpp"

namespace tarsier::samples {
namespace {

constexpr size_t kCarriedRows = 32768;  // in one journal entry

}  // namespace

Result<std::vector<std::string>> Sealing::recover() {
  auto names = list_envs(host_, "samples/");
  if (!names) return std::move(names).error().in("list partitions");
  std::vector<std::string> kept;
  for (std::string& name : *names) {
    Cover cover;
    if (!parse_partition_name(name, cover)) continue;
    number_ = std::max(number_, cover.last_flush);
    if (journal_.rotated().empty() || cover.last_flush < journal_.rotated().front()) {
      kept.push_back(std::move(name));
      continue;
    }
    if (auto removed = remove_env(host_, name); !removed) return std::move(removed).error().in("remove unfinished " + name);
  }
  if (!journal_.rotated().empty()) number_ = std::max(number_, journal_.rotated().back());
  return kept;
}

Result<void> Sealing::run(int64_t cutoff, std::mutex& writer_mutex, const std::function<void(Partitions)>& publish) {
  if (auto removed = journal_.remove_finished(); !removed) return removed;
  std::unique_lock writer(writer_mutex);
  if (auto rotated = journal_.rotate(number_ + 1); !rotated) return rotated;
  ++number_;
  SealWork work = head_.begin_seal(cutoff);
  writer.unlock();
  Partitions made;
  auto done = write_partitions(work, made);
  writer.lock();
  if (done) done = carry_over(work);
  if (done) done = journal_.note_finished(number_);
  if (!done) {
    head_.abandon_seal();
    writer.unlock();
    remove_made(made);
    return done;
  }
  publish(std::move(made));
  head_.finish_seal();
  writer.unlock();
  return journal_.remove_finished();
}

Result<void> Sealing::write_partitions(SealWork& work, Partitions& made) {
  std::map<int64_t, std::vector<SealedSeries>> windows;
  for (SealWork::Item& item : work.items) {
    for (ChunkView& chunk : item.sealed) {
      auto& series = windows[window_start(chunk.min_time, head_.window())];
      if (series.empty() || series.back().series != item.series) series.push_back({item.series, {}});
      series.back().chunks.push_back(std::move(chunk));
    }
    item.sealed.clear();
  }
  PartitionWriter partition_writer(host_, head_.window());
  while (!windows.empty()) {
    auto window = windows.extract(windows.begin());
    const int64_t last = window_last(window.key(), head_.window());
    const Cover cover = {window.key(), last == INT64_MAX ? last : last + 1, number_, number_};
    HeadSource source(*work.table, std::move(window.mapped()));
    if (auto written = partition_writer.write(cover, source); !written) return written;
    auto opened = Partition::open(host_, partition_name(cover));
    if (!opened) return std::move(opened).error();
    made.push_back(std::move(*opened));
  }
  return {};
}

Result<void> Sealing::carry_over(const SealWork& work) {
  SamplesRecord samples;
  SeriesRecord series;
  JournalEntry entry;
  metadata_.encode(entry.metadata);
  Columns columns;
  std::vector<Label> labels;
  const auto flush = [&]() -> Result<void> {
    if (!samples.empty()) samples.encode(entry.samples);
    if (!series.empty()) series.encode(entry.series);
    if (entry.empty()) return {};
    auto written = journal_.write_wait(entry);
    entry = {};
    return written;
  };
  for (const SealWork::Item& item : work.items) {
    if (item.rest.empty()) continue;
    columns.clear();
    for (const ChunkView& chunk : item.rest) {
      if (auto decoded = decode_chunk(chunk, INT64_MIN, INT64_MAX, columns); !decoded) return decoded;
    }
    labels.clear();
    work.table->labels(item.series, labels);
    series.add(item.ref, labels);
    samples.begin(item.ref);
    for (size_t row = 0; row < columns.size(); ++row) samples.add(columns.at(row));
    if (samples.rows() < kCarriedRows) continue;
    if (auto written = flush(); !written) return std::move(written).error().in("carry over");
  }
  if (auto written = flush(); !written) return std::move(written).error().in("carry over");
  return {};
}

void Sealing::remove_made(Partitions& made) {
  for (auto& partition : made) partition->doom();
  made.clear();
}

}  // namespace tarsier::samples
