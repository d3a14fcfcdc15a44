#include "store.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <unordered_map>

#include "retention.hpp"

namespace tarsier::samples {
namespace {

/// In the order in which they were sealed: of two samples with the same time the one of the earlier partition counts.
void sort_by_flush(Partitions& partitions) {
  std::sort(partitions.begin(), partitions.end(), [](const auto& a, const auto& b) {
    const Cover& left = a->info().cover;
    const Cover& right = b->info().cover;
    return left.first_flush != right.first_flush ? left.first_flush < right.first_flush : left.begin < right.begin;
  });
}

void sort_by_window(HeadSegments& segments) {
  std::sort(segments.begin(), segments.end(), [](const auto& a, const auto& b) {
    if (a->info().window_start != b->info().window_start) return a->info().window_start < b->info().window_start;
    return a->info().flush < b->info().flush;
  });
}

constexpr uint64_t kFlushSamples = 1'000'000;  // in memory
constexpr uint64_t kFlushSamplesPerSeries = 8;

}  // namespace

/// Puts what catalogs and journals hold into the head. Limits were checked when it was written.
class Store::Replay final : public JournalVisitor {
 public:
  Replay(Head& head, MetadataTable& metadata) : head_(head), metadata_(metadata) {}

  void symbols(std::span<const std::string_view> texts) override {
    numbers_.clear();
    hashes_.clear();
    for (const std::string_view text : texts) {
      hashes_.push_back(hash_text(text));
      numbers_.push_back(head_.table().symbols().intern(text, hashes_.back()));
    }
  }
  void series(uint64_t ref, std::span<const uint32_t> pairs) override {
    SeriesTable& table = head_.table();
    pairs_.clear();
    uint64_t hash = kLabelHashSeed;
    for (size_t i = 0; i < pairs.size(); i += 2) {
      hash = fold_hash(hash, hashes_[pairs[i]], hashes_[pairs[i + 1]]);
      pairs_.push_back(numbers_[pairs[i]]);
      pairs_.push_back(numbers_[pairs[i + 1]]);
    }
    head_.reserve_refs(ref);
    uint32_t id = table.find(hash, pairs_);
    if (id == kNoSeries) id = table.add(hash, ref, pairs_);
    table[id].defined_in = kBeforeAll;
    if (table[id].ref != ref) other_refs_[ref] = id;
  }
  void sample(uint64_t ref, const Sample& sample) override {
    const uint32_t id = find(ref);
    if (id == kNoSeries) {
      ++unknown_;
      return;
    }
    (void)head_.insert(head_.table()[id], sample);
  }
  void metadata(std::string_view metric, Metadata metadata) override { (void)metadata_.set(metric, std::move(metadata)); }
  uint64_t unknown() const noexcept { return unknown_; }

 private:
  /// Numbers of series ascend with their place in the table, and a batch mostly holds neighbours.
  uint32_t find(uint64_t ref) {
    const SeriesTable& table = head_.table();
    if (last_ + 1 < table.size() && table[last_ + 1].ref == ref) return ++last_;
    uint32_t low = 0, high = table.size();
    while (low < high) {
      const uint32_t middle = low + (high - low) / 2;
      if (table[middle].ref < ref) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low < table.size() && table[low].ref == ref) return last_ = low;
    const auto other = other_refs_.find(ref);
    return other == other_refs_.end() ? kNoSeries : other->second;
  }

  Head& head_;
  MetadataTable& metadata_;
  uint32_t last_ = 0;  // series of the sample before
  std::vector<uint32_t> numbers_;  // of the texts of the record in hand
  std::vector<uint64_t> hashes_;
  std::vector<uint32_t> pairs_;
  boost::unordered_flat_map<uint64_t, uint32_t> other_refs_;  // of series that were forgotten and came again
  uint64_t unknown_ = 0;
};

Store::Store(const Host& host, Options options, ParallelFor parallel_for)
    : host_(host),
      options_(options),
      parallel_for_(std::move(parallel_for)),
      head_(options_.partition_window_ns),
      ingest_(head_, journal_, metadata_, options_, counters_),
      journal_(host),
      catalog_(host),
      flushing_(host, head_, journal_, catalog_, metadata_),
      sealing_(host, head_) {}

Result<void> Store::open_partitions() {
  auto names = list_envs(host_, "samples/");
  if (!names) return std::move(names).error().in("list partitions");
  for (const std::string& name : *names) {
    Cover named;
    if (!parse_partition_name(name, named)) continue;
    auto partition = Partition::open(host_, name);
    if (!partition) return std::move(partition).error();
    on_disk_.partitions.push_back(std::move(*partition));
  }
  return {};
}

Result<void> Store::open_segments(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    auto segment = HeadSegment::open(host_, name);
    if (!segment) return std::move(segment).error();
    on_disk_.segments.push_back(std::move(*segment));
  }
  return {};
}

/// What a crash left between the making of a partition and the removal of what it was made from.
void Store::drop_obsolete() {
  std::vector<NamedCover> covers;
  for (const auto& segment : on_disk_.segments) covers.push_back({segment->name(), segment->cover(head_.window())});
  for (const auto& partition : on_disk_.partitions) covers.push_back({partition->name(), partition->info().cover});
  const std::vector<std::string> names = obsolete(covers);
  const auto drop = [&](auto& all) {
    std::erase_if(all, [&](const auto& one) {
      const bool gone = std::find(names.begin(), names.end(), one->name()) != names.end();
      if (gone) one->doom();
      return gone;
    });
  };
  drop(on_disk_.segments);
  drop(on_disk_.partitions);
}

/// What is left is what counts.
void Store::note_on_disk() {
  sort_by_flush(on_disk_.partitions);
  sort_by_window(on_disk_.segments);
  for (const auto& partition : on_disk_.partitions) {
    flushing_.reserve_number(partition->info().cover.last_flush);
    head_.note_time(partition->info().max_time);
  }
  for (const auto& segment : on_disk_.segments) {
    segments_since_[segment->info().window_start] = INT64_MIN;
    head_.note_time(segment->info().max_time);
  }
}

Result<void> Store::open() {
  if (auto opened = journal_.open(); !opened) return opened;
  auto segments = flushing_.recover();
  if (!segments) return std::move(segments).error();
  if (auto opened = open_partitions(); !opened) return opened;
  if (auto opened = open_segments(*segments); !opened) return opened;
  drop_obsolete();
  note_on_disk();
  Replay replay(head_, metadata_);
  {
    const auto lock = head_.lock_for_writing();
    if (auto loaded = catalog_.load(replay); !loaded) return loaded;
  }
  flushing_.note_catalogued();
  const auto lock = head_.lock_for_writing();
  if (auto replayed = journal_.replay(replay); !replayed) return replayed;
  head_.count_inserted();
  if (replay.unknown() != 0) {
    return Error{TARSIER_CORRUPT,
                 "the journal holds " + std::to_string(replay.unknown()) + " samples of series that it does not define"};
  }
  return {};
}

/// The newest sample of each series that is in a segment: without it a sample that comes again would not be known as one. Not needed
/// before the first batch, so a start does not wait for it.
Result<void> Store::restore_newest() {
  for (const auto& segment : on_disk().segments) {
    auto reader = SegmentReader::open(segment);
    if (!reader) return std::move(reader).error();
    const auto lock = head_.lock_for_writing();
    SeriesTable& table = head_.table();
    uint32_t id = 0;  // numbers ascend in segment and table alike
    auto read = reader->each([&](uint64_t ref, const Columns& columns) -> Result<void> {
      while (id < table.size() && table[id].ref < ref) ++id;
      if (id == table.size() || table[id].ref != ref) return {};
      const Sample last = columns.at(columns.size() - 1);
      table[id].chunks.restore_newest(last.time, last.value, last.histogram.empty());
      return {};
    });
    if (!read) return read;
  }
  return {};
}

void Store::await_newest() {
  std::call_once(newest_restored_, [this] {
    if (auto restored = restore_newest(); !restored) {
      host_.error("what the newest samples are is not known for all series; some that come again will be stored again",
                  {field("error", restored.error().message())});
    }
  });
}

void Store::take(const batch::View& batch, int64_t now_ns, Ingest::Done done) {
  await_newest();
  const std::scoped_lock lock(ingest_mutex_);
  ingest_.take(batch, now_ns, std::move(done));
}

OnDisk Store::on_disk() const {
  const std::scoped_lock lock(disk_mutex_);
  return on_disk_;
}

void Store::publish(HeadSegments made) {
  const std::scoped_lock lock(disk_mutex_);
  for (auto& segment : made) {
    segments_since_[segment->info().window_start] = now_;
    on_disk_.segments.push_back(std::move(segment));
  }
  sort_by_window(on_disk_.segments);
}

/// In one step for queries: no sample is in both places or in none.
void Store::replace(const HeadSegments& sealed, std::shared_ptr<Partition> partition) {
  const std::scoped_lock lock(disk_mutex_);
  segments_since_.erase(sealed.front()->info().window_start);
  std::erase_if(on_disk_.segments,
                [&](const auto& segment) { return std::find(sealed.begin(), sealed.end(), segment) != sealed.end(); });
  for (const auto& segment : sealed) segment->doom();
  on_disk_.partitions.push_back(std::move(partition));
  sort_by_flush(on_disk_.partitions);
}

bool Store::flush_wanted() const {
  const uint64_t most = std::max(kFlushSamples, kFlushSamplesPerSeries * head_.series_count());
  return head_.sample_count() >= most || journal_.bytes() >= options_.journal_bytes;
}

Result<void> Store::flush_locked() {
  if (head_.sample_count() == 0 && head_.frozen() == nullptr) return {};
  auto flushed = flushing_.run(ingest_mutex_, [this](HeadSegments made) { publish(std::move(made)); });
  (flushed ? counters_.flushes : counters_.flush_failures).fetch_add(1, std::memory_order_relaxed);
  return flushed;
}

Result<void> Store::flush() {
  const std::scoped_lock lock(maintain_mutex_);
  return flush_locked();
}

/// Windows that ended at `cutoff` or before, and got their last segment at `quiet_since` or before.
Result<void> Store::seal_windows(int64_t cutoff, int64_t quiet_since) {
  std::map<int64_t, HeadSegments> windows;
  {
    const std::scoped_lock lock(disk_mutex_);
    for (const auto& segment : on_disk_.segments) {
      const int64_t window = segment->info().window_start;
      if (window_last(window, options_.partition_window_ns) < cutoff && segments_since_[window] <= quiet_since)
        windows[window].push_back(segment);
    }
  }
  for (const auto& [window, segments] : windows) {
    auto partition = sealing_.run(segments);
    if (!partition) {
      counters_.seal_failures.fetch_add(1, std::memory_order_relaxed);
      return std::move(partition).error();
    }
    replace(segments, std::move(*partition));
    counters_.sealed_partitions.fetch_add(1, std::memory_order_relaxed);
  }
  if (!windows.empty()) forget_series();
  return {};
}

/// Series of which everything is in partitions need no place in the head.
void Store::forget_series() {
  await_newest();
  int64_t oldest = INT64_MAX;
  for (const auto& segment : on_disk().segments) oldest = std::min(oldest, segment->info().min_time);
  const std::scoped_lock lock(ingest_mutex_);
  if (head_.frozen() == nullptr && head_.forget_before(oldest)) flushing_.forget_catalogued();
}

Result<void> Store::seal(int64_t cutoff) {
  const std::scoped_lock lock(maintain_mutex_);
  if (auto flushed = flush_locked(); !flushed) return flushed;
  return seal_windows(cutoff, INT64_MAX);
}

Result<void> Store::maintain(int64_t now_ns) {
  const std::scoped_lock lock(maintain_mutex_);
  now_ = now_ns;
  const int64_t due = now_ns - options_.seal_delay_ns;
  const int64_t cutoff = window_start(due, options_.partition_window_ns);
  Result<void> done;
  if (flush_wanted() || head_.has_before(cutoff)) done = flush_locked();
  if (done) done = seal_windows(cutoff, due);
  apply_retention(now_ns);
  return done;
}

void Store::apply_retention(int64_t now_ns) {
  const auto journal = journal_.file_bytes();
  const OnDisk disk = on_disk();
  uint64_t unsealed = journal ? *journal : 0;
  for (const auto& segment : disk.segments) unsealed += segment->file_bytes();
  const Partitions gone = expired(disk.partitions, now_ns, unsealed, options_);
  if (gone.empty()) return;
  {
    const std::scoped_lock lock(disk_mutex_);
    std::erase_if(on_disk_.partitions,
                  [&](const auto& partition) { return std::find(gone.begin(), gone.end(), partition) != gone.end(); });
  }
  for (const auto& partition : gone) partition->doom();
  counters_.removed_partitions.fetch_add(gone.size(), std::memory_order_relaxed);
}

Result<std::unique_ptr<Query>> Store::find(std::span<const Matcher> matchers, QueryRange range, bool labels_only,
                                           uint64_t max_series, const std::function<bool()>& cancelled) const {
  return Query::find(head_, [this] { return on_disk(); }, matchers, range, labels_only, max_series, cancelled);
}

namespace {

std::vector<std::string> sorted_unique(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace

Result<std::vector<std::string>> Store::label_names(std::span<const Matcher> matchers, QueryRange range) const {
  std::vector<std::string> names;
  if (!matchers.empty()) {
    auto query = find(matchers, range, true, 0, {});
    if (!query) return std::move(query).error();
    std::unordered_map<std::string_view, bool> seen;
    for (const Query::Entry& entry : (*query)->series()) {
      for (const auto& [name, value] : (*query)->labels(entry)) seen.emplace(name, true);
    }
    for (const auto& [name, unused] : seen) names.emplace_back(name);
    return sorted_unique(std::move(names));
  }
  head_.read([&](const SeriesTable& table) {
    std::vector<uint32_t> symbols;
    table.names(symbols);
    for (const uint32_t symbol : symbols) names.emplace_back(table.symbols().text(symbol));
  });
  for (const auto& partition : on_disk().partitions) {
    if (!partition->overlaps(range.start, range.end)) continue;
    auto index = PartitionIndex::open(partition);
    if (!index) return std::move(index).error();
    std::vector<std::string_view> found;
    if (auto read = (*index)->names(found); !read) return std::move(read).error();
    names.insert(names.end(), found.begin(), found.end());
  }
  return sorted_unique(std::move(names));
}

Result<std::vector<std::string>> Store::label_values(std::string_view name, std::span<const Matcher> matchers,
                                                     QueryRange range) const {
  std::vector<std::string> values;
  if (!matchers.empty()) {
    auto query = find(matchers, range, true, 0, {});
    if (!query) return std::move(query).error();
    std::unordered_map<std::string_view, bool> seen;
    for (const Query::Entry& entry : (*query)->series()) seen.emplace(label_value((*query)->labels(entry), name), true);
    seen.erase("");
    for (const auto& [value, unused] : seen) values.emplace_back(value);
    return sorted_unique(std::move(values));
  }
  head_.read([&](const SeriesTable& table) {
    const uint32_t symbol = table.symbols().find(name);
    if (symbol == kNoSymbol) return;
    for (const uint32_t value : table.values(symbol)) values.emplace_back(table.symbols().text(value));
  });
  for (const auto& partition : on_disk().partitions) {
    if (!partition->overlaps(range.start, range.end)) continue;
    auto index = PartitionIndex::open(partition);
    if (!index) return std::move(index).error();
    std::vector<std::string_view> found;
    if (auto read = (*index)->values(name, found); !read) return std::move(read).error();
    values.insert(values.end(), found.begin(), found.end());
  }
  return sorted_unique(std::move(values));
}

Result<StoreStat> Store::stat() const {
  StoreStat stat{.head = head_.stat()};
  auto journal = journal_.file_bytes();
  if (!journal) return std::move(journal).error();
  stat.journal_bytes = *journal;
  stat.min_time = stat.head.min_time;
  stat.max_time = stat.head.max_time;
  const OnDisk disk = on_disk();
  for (const auto& segment : disk.segments) {
    ++stat.segments;
    stat.segment_samples += segment->info().samples;
    stat.segment_bytes += segment->file_bytes();
    stat.min_time = std::min(stat.min_time, segment->info().min_time);
    stat.max_time = std::max(stat.max_time, segment->info().max_time);
  }
  for (const auto& partition : disk.partitions) {
    ++stat.partitions;
    stat.partition_series += partition->info().series;
    stat.partition_samples += partition->info().samples;
    stat.partition_blocks += partition->info().blocks;
    stat.partition_bytes += partition->file_bytes();
    stat.min_time = std::min(stat.min_time, partition->info().min_time);
    stat.max_time = std::max(stat.max_time, partition->info().max_time);
  }
  return stat;
}

}  // namespace tarsier::samples
