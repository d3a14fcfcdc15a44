// How a store starts: what is on the disk is found, what a crash left is put right, and what is damaged is told from the rest.
#include <algorithm>
#include <charconv>

#include "replay.hpp"
#include "store.hpp"

namespace tarsier::samples {
namespace {

constexpr size_t kNewestAtOnce = 1024;  // series; the head is locked for so many, well below a millisecond

/// 0: there is none in that name.
uint64_t last_flush_of(std::string_view name) {
  Cover cover;
  if (parse_partition_name(name, cover)) return cover.last_flush;
  if (const auto segment = SegmentName::parse(name)) return segment->last_flush;
  uint64_t flush = 0;
  const std::string_view digits = name.substr(name.rfind('.') + 1);  // of journals, catalogs, logs, and what is set aside
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), flush);
  return error == std::errc() && end == digits.data() + digits.size() ? flush : 0;
}

/// Calls use(reader) for every series of a segment, in the order of their keys, until it returns an error.
template <class Use>
Result<void> each_series(const std::shared_ptr<HeadSegment>& segment, Use&& use) {
  auto reader = SegmentReader::open(segment);
  if (!reader) return std::move(reader).error();
  while (true) {
    auto more = reader->next();
    if (!more) return std::move(more).error();
    if (!*more) return {};
    if (Result<void> used = use(*reader); !used) return used;
  }
}

}  // namespace

Result<std::vector<std::string>> Store::partition_names() const {
  auto names = list_envs(host_, "samples/");
  if (!names) return std::move(names).error().in("list partitions");
  std::erase_if(*names, [](const std::string& name) {
    Cover cover;
    return !parse_partition_name(name, cover);
  });
  return names;
}

void Store::note_sealed() {
  const Sealed sealed = sealed_.all();
  flushing_.reserve_number(std::max(sealed_.last_flush(), deletions_.last_flush()));
  deletions_.reserve_number(sealed_.last_revision());
  for (const auto& partition : sealed.partitions) head_.note_time(partition->info().max_time);
  for (const auto& segment : sealed.segments) {
    segments_since_[segment->cover().begin] = INT64_MIN;
    head_.note_time(segment->info().max_time);
  }
}

/// The highest number of a flush in the name of any file, whatever state it is in.
Result<uint64_t> Store::last_flush_on_disk() const {
  auto names = list_envs(host_, "samples/");
  if (!names) return std::move(names).error().in("list the store's files");
  uint64_t last = 0;
  for (const std::string& name : *names) last = std::max(last, last_flush_of(name));
  return last;
}

Result<void> Store::open() {
  auto last_flush = last_flush_on_disk();
  if (!last_flush) return std::move(last_flush).error();
  if (auto opened = journal_.open(*last_flush); !opened) return opened;
  auto segments = flushing_.recover();
  if (!segments) return std::move(segments).error();
  auto partitions = partition_names();
  if (!partitions) return std::move(partitions).error();
  if (auto opened = sealed_.open(*partitions, *segments); !opened) return opened;
  if (auto opened = deletions_.open(sealed_.last_revision()); !opened) return opened;
  note_sealed();
  if (auto loaded = exemplar_log_.load(exemplars_); !loaded) return loaded;
  if (auto replayed = replay(); !replayed) return replayed;
  const DeletionList deletions = deletions_.all();
  for (const auto& deletion : *deletions) note_removed(*deletion);
  return flushing_.leave_damaged_journal();
}

Result<void> Store::replay() {
  Replay replay(head_, metadata_, exemplars_);
  const auto lock = head_.lock_for_writing();
  if (auto replayed = replay.run(catalog_, journal_, parallel_for_); !replayed) return replayed;
  flushing_.note_catalogued(replay.catalogued());
  if (!catalog_.damaged() && !journal_.lost_definitions()) return {};
  for (const auto& segment : sealed_.all().segments) {
    head_.reserve_refs(segment->info().highest_ref);
  }
  head_.skip_lost_refs();
  if (auto found = find_unknown_series(); !found) return found;
  release_damaged_catalogs();
  return {};
}

/// Samples in segments have the number of their series only. Those of series that no catalog defines stay where they are.
Result<void> Store::find_unknown_series() {
  std::vector<uint64_t> known;
  const SeriesTable& table = head_.table();
  for (uint32_t id = 0; id < table.size(); ++id) known.push_back(table[id].ref);  // ascending
  for (const auto& segment : sealed_.all().segments) {
    uint64_t unknown = 0;
    auto read = each_series(segment, [&](SegmentReader& reader) -> Result<void> {
      unknown += std::binary_search(known.begin(), known.end(), reader.key().ref) ? 0 : 1;
      return {};
    });
    if (!read && read.error().code() != TARSIER_CORRUPT) return read;
    if (!read) sealed_.set_aside(segment, read.error());
    note_unknown(*segment, unknown);
  }
  return {};
}

void Store::note_unknown(HeadSegment& segment, uint64_t series_count) {
  const bool is_news = series_count != 0 && segment.unknown_series() == 0;
  segment.note_unknown(series_count);
  if (!is_news) return;
  const std::string series = std::to_string(series_count);
  host_.error("a segment has samples of series of which the labels are lost; they are kept and not answered",
              {field("segment", segment.name()), field("series", series)});
}

/// Once nothing is left that they might explain. Then the next one is full.
void Store::release_damaged_catalogs() {
  const HeadSegments segments = sealed_.all().segments;
  const auto needs_them = [](const auto& segment) { return segment->unknown_series() != 0; };
  if (!catalog_.damaged() || std::any_of(segments.begin(), segments.end(), needs_them)) return;
  flushing_.forget_catalogued();
  if (auto aside = catalog_.set_aside_damaged(); !aside)
    host_.error("a damaged catalog of series could not be set aside; it is tried again", {field("error", aside.error().message())});
}

/// The last that a segment has of a series.
struct Newest {
  uint64_t ref = 0;
  int64_t time = 0;
  double value = 0;
  bool is_float = true;
};

/// Of one that is deleted only the time stays: another value may come for it. Returns how many series are not known.
uint64_t Store::restore_newest(const std::vector<Newest>& newest, const HeadSegment& segment, const DeletionList& deletions) {
  const auto lock = head_.lock_for_writing();
  SeriesTable& table = head_.table();
  uint64_t unknown = 0;
  std::vector<Label> labels;
  SeriesDeletions of_series;
  for (const Newest& one : newest) {
    const uint32_t id = table.find_ref(one.ref);
    if (id == kNoSeries) {
      ++unknown;
      continue;
    }
    if (!deletions->empty()) {
      labels.clear();
      table.labels(id, labels);
      of_series.find(deletions, labels);
    }
    const bool deleted = of_series.any() && of_series.deletes(segment.cover(), one.time);
    table[id].chunks.restore_newest(one.time, one.value, one.is_float && !deleted);
  }
  return unknown;
}

Result<void> Store::restore_newest(const std::shared_ptr<HeadSegment>& segment) {
  const DeletionList deletions = within(deletions_.all(), segment->info().min_time, segment->info().max_time);
  std::vector<Newest> newest;
  Columns columns;
  uint64_t unknown = 0;
  auto read = each_series(segment, [&](SegmentReader& reader) -> Result<void> {
    columns.clear();
    if (auto done = reader.read(columns); !done || columns.empty()) return done;
    const Sample last = columns.at(columns.size() - 1);
    newest.push_back({reader.key().ref, last.time, last.value, last.histogram.empty()});
    if (newest.size() < kNewestAtOnce) return {};
    unknown += restore_newest(newest, *segment, deletions);
    newest.clear();
    return {};
  });
  unknown += restore_newest(newest, *segment, deletions);
  if (read) note_unknown(*segment, unknown);
  return read;
}

/// The newest sample of each series that is in a segment: without it a sample that comes again would not be known as one. Not
/// needed before the first batch, so a start does not wait for it.
void Store::restore_newest() {
  bool known = true;
  for (const auto& segment : sealed_.all().segments) {
    auto done = restore_newest(segment);
    if (done) continue;
    host_.error("the newest samples of a segment are not known; some that come again will be stored again",
                {field("segment", segment->name()), field("error", done.error().message())});
    if (done.error().code() == TARSIER_CORRUPT) {
      sealed_.set_aside(segment, done.error());
    } else {
      known = false;
    }
  }
  newest_readable_ = known;
  note_newest_known();
}

/// A file that cannot be opened now may have a newer sample of any series.
void Store::note_newest_known() {
  if (newest_readable_ && sealed_.unopened().empty()) head_.note_newest_known();
}

/// Its newest samples are restored before queries see it, for these may be answered from memory.
Result<void> Store::open_again(const std::string& name) {
  if (!SegmentName::parse(name)) {
    auto partition = Partition::open(host_, name);
    if (!partition) return std::move(partition).error();
    head_.note_time((*partition)->info().max_time);
    sealed_.take_back(std::move(*partition));
    return {};
  }
  auto segment = HeadSegment::open(host_, name);
  if (!segment) return std::move(segment).error();
  if (auto restored = restore_newest(*segment); !restored) return restored;
  segments_since_[(*segment)->cover().begin] = now_;
  head_.note_time((*segment)->info().max_time);
  sealed_.take_back(std::move(*segment));
  return {};
}

/// Not while a merge is at work, whose inputs may turn out to be held by what is opened. Who calls this waits for no flush.
size_t Store::open_again(int64_t now_ns) {
  if (sealed_.unopened().empty()) return 0;
  await_newest();
  const std::unique_lock merging(merge_mutex_, std::try_to_lock);
  const std::unique_lock lock(maintain_mutex_, std::try_to_lock);
  if (!merging.owns_lock() || !lock.owns_lock() || open_pause_.holds(now_ns)) return sealed_.unopened().size();
  const auto paused = segment_merging_.pause();
  for (const std::string& name : sealed_.unopened()) {
    if (auto opened = open_again(name); !opened) sealed_.note_again(name, opened.error());
  }
  const size_t left = sealed_.unopened().size();
  if (left == 0) open_pause_.end();
  if (left != 0) open_pause_.note_failure(now_ns);
  note_newest_known();
  return left;
}

}  // namespace tarsier::samples
