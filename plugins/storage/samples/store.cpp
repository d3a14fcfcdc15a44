#include "store.hpp"

#include <algorithm>
#include <unordered_map>

namespace tarsier::samples {

/// Puts what the journal holds into the head. Limits were checked when it was written.
class Store::Replay final : public JournalVisitor {
 public:
  Replay(Head& head, MetadataTable& metadata) : head_(head), metadata_(metadata) {}

  void series(uint64_t ref, Labels labels) override {
    head_.reserve_refs(ref);
    by_ref_[ref] = head_.table().find_or_add(labels, ref);
  }
  void sample(uint64_t ref, const Sample& sample) override {
    const auto found = by_ref_.find(ref);
    if (found == by_ref_.end()) {
      ++unknown_;
      return;
    }
    (void)head_.insert(head_.table()[found->second], sample);
  }
  void metadata(std::string_view metric, Metadata metadata) override { (void)metadata_.set(metric, std::move(metadata)); }
  uint64_t unknown() const noexcept { return unknown_; }

 private:
  Head& head_;
  MetadataTable& metadata_;
  std::unordered_map<uint64_t, uint32_t> by_ref_;
  uint64_t unknown_ = 0;
};

Store::Store(const Host& host, Options options, ParallelFor parallel_for)
    : host_(host),
      options_(options),
      parallel_for_(std::move(parallel_for)),
      head_(options_.partition_window_ns),
      partitions_(host),
      ingest_(head_, journal_, metadata_, options_, counters_),
      journal_(host),
      sealing_(host, head_, journal_, metadata_),
      merging_(host, partitions_, options_) {}

Result<void> Store::open() {
  if (auto opened = journal_.open(); !opened) return opened;
  auto names = sealing_.recover();
  if (!names) return std::move(names).error();
  if (auto opened = partitions_.open(*names, {}); !opened) return std::move(opened).error();
  for (const auto& partition : partitions_.all()) head_.note_time(partition->info().max_time);
  Replay replay(head_, metadata_);
  const auto lock = head_.lock_for_writing();
  if (auto replayed = journal_.replay(replay); !replayed) return replayed;
  if (replay.unknown() != 0) {
    return Error{TARSIER_CORRUPT,
                 "the journal holds " + std::to_string(replay.unknown()) + " samples of series that it does not define"};
  }
  return {};
}

void Store::take(const batch::View& batch, int64_t now_ns, Ingest::Done done) {
  const std::scoped_lock lock(ingest_mutex_);
  ingest_.take(batch, now_ns, std::move(done));
}

/// A window is due some time after its end, once: what comes later for it waits for the next one. A journal that is too large makes
/// everything due.
bool Store::seal_due(int64_t now_ns, int64_t& cutoff) {
  cutoff = window_start(now_ns - options_.seal_delay_ns, options_.partition_window_ns);
  if (cutoff > last_cutoff_ && head_.has_before(cutoff)) return true;
  const auto bytes = journal_.file_bytes();
  if (!bytes || *bytes < options_.journal_bytes) return false;
  cutoff = INT64_MAX;
  return true;
}

Result<void> Store::seal(int64_t cutoff) {
  const std::scoped_lock lock(seal_mutex_);
  auto sealed = sealing_.run(cutoff, ingest_mutex_, [this](Partitions made) {
    counters_.sealed_partitions.fetch_add(made.size(), std::memory_order_relaxed);
    partitions_.replace({}, std::move(made));
  });
  if (sealed && cutoff != INT64_MAX) last_cutoff_ = cutoff;
  if (!sealed) counters_.seal_failures.fetch_add(1, std::memory_order_relaxed);
  return sealed;
}

Result<void> Store::maintain(int64_t now_ns) {
  int64_t cutoff = 0;
  Result<void> sealed;
  if (seal_due(now_ns, cutoff)) sealed = seal(cutoff);
  apply_retention(now_ns);
  return sealed;
}

void Store::apply_retention(int64_t now_ns) {
  const auto journal = journal_.file_bytes();
  const size_t gone = partitions_.apply_retention(now_ns, journal ? *journal : 0, options_);
  counters_.removed_partitions.fetch_add(gone, std::memory_order_relaxed);
}

Result<void> Store::merge(int64_t now_ns) {
  auto made = merging_.run(now_ns, [] { return std::vector<Cover>(); });
  if (!made) return std::move(made).error();
  counters_.merged_partitions.fetch_add(*made, std::memory_order_relaxed);
  return {};
}

DamageSink Store::damage_sink() const {
  return [this](const std::shared_ptr<Partition>& partition, const Error& why) { partitions_.set_aside(partition, why); };
}

Result<std::unique_ptr<Query>> Store::find(std::span<const Matcher> matchers, QueryRange range, bool labels_only,
                                           uint64_t max_series, const std::function<bool()>& cancelled) const {
  return Query::find(
      head_, [this] { return partitions_.all(); }, damage_sink(), matchers, range, labels_only, max_series, cancelled);
}

namespace {

std::vector<std::string> sorted_unique(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace

/// Calls use(index) for every partition in the range; sets damaged ones aside.
Result<void> Store::each_index(QueryRange range, const std::function<Result<void>(const PartitionIndex&)>& use) const {
  for (const auto& partition : partitions_.all()) {
    if (!partition->overlaps(range.start, range.end)) continue;
    auto index = PartitionIndex::open(partition);
    Result<void> used = index ? use(**index) : Result<void>(std::move(index).error());
    if (!used && used.error().code() != TARSIER_CORRUPT) return used;
    if (!used) partitions_.set_aside(partition, used.error());
  }
  return {};
}

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
  auto read = each_index(range, [&](const PartitionIndex& index) -> Result<void> {
    std::vector<std::string_view> found;
    if (auto listed = index.names(found); !listed) return listed;
    names.insert(names.end(), found.begin(), found.end());
    return {};
  });
  if (!read) return std::move(read).error();
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
  auto read = each_index(range, [&](const PartitionIndex& index) -> Result<void> {
    std::vector<std::string_view> found;
    if (auto listed = index.values(name, found); !listed) return listed;
    values.insert(values.end(), found.begin(), found.end());
    return {};
  });
  if (!read) return std::move(read).error();
  return sorted_unique(std::move(values));
}

Result<StoreStat> Store::stat() const {
  StoreStat stat{.head = head_.stat()};
  auto journal = journal_.file_bytes();
  if (!journal) return std::move(journal).error();
  stat.journal_bytes = *journal;
  stat.min_time = stat.head.min_time;
  stat.max_time = stat.head.max_time;
  stat.set_aside = set_aside().size();
  for (const auto& partition : partitions_.all()) {
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
