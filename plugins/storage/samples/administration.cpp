// What an administrator asks of the store: deletion, cleaning, compaction, snapshots.
#include <array>
#include <ctime>
#include <random>

#include "match_index.hpp"
#include "store.hpp"

namespace tarsier::samples {
namespace {

/// What the environment holds, by its name; false when it holds no samples.
bool cover_of(std::string_view name, Cover& cover) {
  if (parse_partition_name(name, cover)) return true;
  const auto segment = SegmentName::parse(name);
  if (segment) cover = segment->cover();
  return segment.has_value();
}

/// "20261122T102443Z-5f0c21aa"
std::string snapshot_name(int64_t now_ns) {
  const std::time_t seconds = now_ns / kSecondNs;
  std::tm calendar{};
  gmtime_r(&seconds, &calendar);
  std::array<char, 32> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ-", &calendar);
  std::string name(text.data(), size);
  const uint32_t random = std::random_device()();
  for (unsigned shift = 32; shift != 0; shift -= 4) name += "0123456789abcdef"[(random >> (shift - 4)) & 0xfU];
  return name;
}

}  // namespace

/// All that is stored lies in files then, so a number of a flush tells it from what comes later.
Result<void> Store::delete_samples(std::vector<Condition> conditions, QueryRange range) {
  if (range.start > range.end) return Error::invalid("delete samples: the range ends before it begins");
  await_newest();
  const std::scoped_lock lock(maintain_mutex_);
  if (auto flushed = flush_locked(); !flushed) return std::move(flushed).error().in("flush before a deletion");
  auto draft = deletions_.draft(flushing_.last_number(), range.start, range.end, std::move(conditions));
  if (!draft) return std::move(draft).error();
  // One that finds nothing is not kept, or files that it does not concern would be written anew because of it.
  const Sealed open = sealed_.all();  // held, so that none is removed while they are listed
  auto names = list_envs(host_, "samples/");
  if (!names) return std::move(names).error().in("list what a deletion concerns");
  auto concerned = concerns_any(*draft, open, *names);
  if (!concerned) return std::move(concerned).error();
  if (!*concerned) return {};
  auto added = deletions_.add(std::move(*draft));
  if (!added) return std::move(added).error();
  note_removed(**added);
  return forget_deleted_newest(**added);
}

/// Of the series that it matches: or the sample that was deleted would be taken for one that is there when it is written again.
Result<void> Store::forget_deleted_newest(const Deletion& deletion) {
  const auto lock = head_.lock_for_writing();
  SeriesTable& table = head_.table();
  auto ids = match(table, deletion.matchers());
  if (!ids) return std::move(ids).error().in("forget the newest of what was deleted");
  for (const uint32_t id : *ids) {
    SeriesChunks& chunks = table[id].chunks;
    if (chunks.newest() >= deletion.start() && chunks.newest() <= deletion.end()) chunks.forget_newest_value();
  }
  return {};
}

/// Whether the partition has a series of which it deletes something. One whose index is damaged may.
Result<bool> Store::concerns(const Deletion& deletion, const std::shared_ptr<Partition>& partition) const {
  if (!deletion.concerns(partition->cover()) || !partition->overlaps(deletion.start(), deletion.end())) return false;
  auto index = PartitionIndex::open(partition);
  auto ids = index ? match(**index, deletion.matchers()) : Result<IdSet>(std::move(index).error());
  if (ids) return !ids->empty();
  if (ids.error().code() != TARSIER_CORRUPT) return std::move(ids).error();
  sealed_.set_aside(partition, ids.error());
  return true;
}

/// Series that are in a segment are in the head.
bool Store::concerns(const Deletion& deletion, const HeadSegment& segment) const {
  if (!deletion.concerns(segment.cover()) || !segment.overlaps(deletion.start(), deletion.end())) return false;
  if (segment.unknown_series() != 0) return true;
  return head_.read([&](const SeriesTable& table) {
    const auto ids = match(table, deletion.matchers());
    return !ids || !ids->empty();
  });
}

/// What no query reads counts too: what is damaged and set aside, and what is about to be removed, for after a crash it may be
/// there again.
Result<bool> Store::concerns_any(const Deletion& deletion, const Sealed& open, const std::vector<std::string>& names) const {
  const auto find = [](const auto& all, const std::string& name) {
    return std::find_if(all.begin(), all.end(), [&](const auto& one) { return one->name() == name; });
  };
  for (const std::string& name : names) {
    Cover cover;
    if (!cover_of(name, cover) || !deletion.concerns(cover)) continue;
    const auto partition = find(open.partitions, name);
    const auto segment = find(open.segments, name);
    auto found = partition != open.partitions.end() ? concerns(deletion, *partition)
                 : segment != open.segments.end()   ? concerns(deletion, **segment)
                                                    : Result<bool>(true);
    if (!found || *found) return found;
  }
  return false;
}

/// Forgets those that concern nothing on the disk. No merge may be at work: what it makes is not on the disk yet.
Result<void> Store::forget_spent(const DeletionList& candidates) {
  const Sealed open = sealed_.all();  // held, so that none is removed while they are listed
  auto names = list_envs(host_, "samples/");
  if (!names) return std::move(names).error().in("list what deletions concern");
  std::vector<std::shared_ptr<const Deletion>> spent;
  for (const auto& deletion : *candidates) {
    auto concerned = concerns_any(*deletion, open, *names);
    if (!concerned) return std::move(concerned).error();
    if (!*concerned) spent.push_back(deletion);
  }
  return deletions_.remove(spent);
}

/// After retention and merges: when what is on the disk has changed.
Result<void> Store::forget_spent_in_time() {
  const DeletionList deletions = deletions_.all();
  const std::unique_lock merging(merge_mutex_, std::try_to_lock);
  if (deletions->empty() || !merging.owns_lock()) return {};
  auto names = list_envs(host_, "samples/");
  if (!names) return std::move(names).error().in("list what deletions concern");
  if (deletions == spent_of_ && *names == spent_among_) return {};
  if (auto forgotten = forget_spent(deletions); !forgotten) return forgotten;
  spent_of_ = deletions_.all();
  spent_among_ = std::move(*names);
  return {};
}

/// Segments have no revision: a partition is made of them instead.
Result<void> Store::seal_deleted() {
  const DeletionList deletions = deletions_.all();
  const HeadSegments segments = sealed_.all().segments;
  const bool any = std::any_of(segments.begin(), segments.end(), [&](const auto& segment) {
    return std::any_of(deletions->begin(), deletions->end(), [&](const auto& one) { return one->concerns(segment->cover()); });
  });
  return any ? seal_windows(INT64_MAX, INT64_MAX) : Result<void>();
}

Result<void> Store::clean_deleted() {
  const std::scoped_lock merging(merge_mutex_);
  {
    const std::scoped_lock lock(maintain_mutex_);
    if (auto sealed = seal_deleted(); !sealed) return std::move(sealed).error().in("seal what holds deleted samples");
  }
  const DeletionList deletions = deletions_.all();
  for (const auto& partition : sealed_.partitions()) {
    bool concerned = false;
    for (auto deletion = deletions->begin(); deletion != deletions->end() && !concerned; ++deletion) {
      auto found = concerns(**deletion, partition);
      if (!found) return std::move(found).error();
      concerned = *found;
    }
    if (!concerned || partition->damaged()) continue;
    auto written = merging_.rewrite(partition);
    if (!written && !partition->damaged())
      return std::move(written).error().in("write " + partition->name() + " without what is deleted");
  }
  const std::scoped_lock lock(maintain_mutex_);
  return forget_spent(deletions_.all());
}

Result<void> Store::compact(int64_t now_ns) {
  if (auto sealed = seal(INT64_MAX); !sealed) return sealed;
  return merge(now_ns);
}

/// While it is made nothing is flushed or sealed, and what a merge replaces stays on the disk, for it is held here.
Result<StoreSnapshot> Store::snapshot(uint32_t flags, int64_t now_ns) {
  if ((flags & ~uint32_t{TARSIER_SNAPSHOT_WITHOUT_MEMORY}) != 0) return Error::invalid("snapshot: unknown flags");
  const bool with_memory = (flags & TARSIER_SNAPSHOT_WITHOUT_MEMORY) == 0;
  const std::scoped_lock lock(maintain_mutex_);
  if (with_memory) {
    if (auto flushed = flush_locked(); !flushed) return std::move(flushed).error().in("flush before a snapshot");
  }
  const Sealed sealed = sealed_.all();
  auto names = list_envs(host_, "samples/");
  if (!names) return std::move(names).error().in("list what to copy");
  if (!with_memory)
    std::erase_if(*names, [](const std::string& name) { return name == kActiveName || name.starts_with(kJournalPrefix); });
  StoreSnapshot made{snapshot_name(now_ns), {}};
  auto directory = snapshot_envs(host_, made.name, *names);
  if (!directory) return std::move(directory).error();
  made.directory = std::move(*directory);
  return made;
}

}  // namespace tarsier::samples
