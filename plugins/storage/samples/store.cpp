#include "store.hpp"

#include <algorithm>

#include "give_back_memory.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kFlushSamples = 1'000'000;  // in memory
constexpr uint64_t kFlushSamplesPerSeries = 12;
constexpr int64_t kLookBack = 5 * kMinuteNs;

}  // namespace

Store::Store(const Host& host, Options options, ParallelFor parallel_for)
    : host_(host),
      options_(std::move(options)),
      parallel_for_(std::move(parallel_for)),
      damage_(host),
      head_(options_.partition_window_ns),
      exemplars_(options_.max_exemplars),
      sealed_(host),
      ingest_(head_, journal_, metadata_, exemplars_, options_, counters_),
      journal_(host, damage_),
      catalog_(host, damage_),
      exemplar_log_(host, damage_),
      deletions_(host, damage_),
      flushing_(host, head_, journal_, catalog_, metadata_, exemplar_log_, exemplars_),
      sealing_(host, head_, deletions_),
      merging_(host, sealed_, deletions_, options_),
      segment_merging_(host, head_, sealed_, deletions_),
      summarising_(host, sealed_, deletions_, options_) {}

void Store::await_newest() {
  std::call_once(newest_restored_, [this] { restore_newest(); });
}

void Store::take(const batch::View& batch, int64_t now_ns, Ingest::Done done, bool unhurried) {
  await_newest();
  clock_.store(now_ns, std::memory_order_relaxed);
  const std::scoped_lock lock(ingest_mutex_);
  ingest_.take(batch, now_ns, std::move(done), unhurried);
}

void Store::publish(HeadSegments made) {
  for (const auto& segment : made) segments_since_[segment->cover().begin] = now_;
  sealed_.add(std::move(made));
}

/// One that failed, for want of space or of files, say, would fail again, and writes much each time.
bool Store::flush_wanted() const {
  if (flush_pause_.holds(clock_.load(std::memory_order_relaxed))) return false;
  const uint64_t most = std::max(kFlushSamples, kFlushSamplesPerSeries * head_.series_count());
  return head_.sample_count() >= most || journal_.bytes() >= options_.journal_bytes;
}

Result<void> Store::flush_locked() {
  const bool journal_is_small = journal_.bytes() < options_.journal_bytes;  // else it may hold metadata alone
  if (head_.sample_count() == 0 && head_.frozen() == nullptr && !exemplar_log_.behind(exemplars_) && journal_is_small) return {};
  auto flushed = flushing_.run(ingest_mutex_, [this](HeadSegments made) { publish(std::move(made)); });
  (flushed ? counters_.flushes : counters_.flush_failures).fetch_add(1, std::memory_order_relaxed);
  if (flushed) flush_pause_.end();
  if (!flushed) flush_pause_.note_failure(clock_.load(std::memory_order_relaxed));
  return flushed;
}

Result<void> Store::flush() {
  const std::scoped_lock lock(maintain_mutex_);
  return flush_locked();
}

/// Segments of windows that ended at `cutoff` or before and got their last segment at `quiet_since` or before, in runs: no other
/// file must lie within the cover of the partition that is made of one, or it would be taken for a part of it.
std::vector<HeadSegments> Store::windows_due(int64_t cutoff, int64_t quiet_since) const {
  std::vector<HeadSegments> runs;
  const Sealed sealed = sealed_.all();
  const std::vector<Cover> covers = sealed_.covers();
  for (const auto& segment : sealed.segments) {
    const Cover& window = segment->cover();
    const auto since = segments_since_.find(window.begin);
    // One that was made later than now was made before the clock was set back.
    const bool quiet = since == segments_since_.end() || since->second <= quiet_since || since->second > now_;
    if (window.end > cutoff || window.end == INT64_MAX || !quiet) continue;
    const auto continues = [&](const HeadSegments& run) {
      Cover joint = joint_cover(run);
      if (joint.begin != window.begin || joint.end != window.end) return false;
      joint.last_flush = window.last_flush;
      return count_within(covers, joint) == run.size() + 1;
    };
    if (runs.empty() || !continues(runs.back())) runs.emplace_back();
    runs.back().push_back(segment);
  }
  return runs;
}

Result<void> Store::seal_window(const HeadSegments& segments) {
  std::shared_ptr<HeadSegment> damaged;
  auto checked = sealed_.check_cover(joint_cover(segments), segments.size());
  auto partition = checked ? sealing_.run(segments, damaged) : Result<std::shared_ptr<Partition>>(std::move(checked).error());
  if (!partition && damaged != nullptr && partition.error().code() == TARSIER_CORRUPT) {
    sealed_.set_aside(damaged, partition.error());
    return {};
  }
  if (!partition) {
    counters_.seal_failures.fetch_add(1, std::memory_order_relaxed);
    return std::move(partition).error();
  }
  const bool made = *partition != nullptr;
  if (!sealed_.replace(segments, std::move(*partition))) return {};  // a query has found one of them damaged
  counters_.sealed_partitions.fetch_add(made ? 1 : 0, std::memory_order_relaxed);
  segments_since_.erase(segments.front()->cover().begin);
  return {};
}

/// Once more when a segment was set aside on the way: the others of its window are to be sealed without it.
Result<void> Store::seal_windows(int64_t cutoff, int64_t quiet_since) {
  if (windows_due(cutoff, quiet_since).empty()) return {};
  const auto paused = segment_merging_.pause();
  bool any = false;
  for (size_t aside = SIZE_MAX; std::exchange(aside, set_aside().size()) != set_aside().size();) {
    for (const HeadSegments& segments : windows_due(cutoff, quiet_since)) {
      if (auto sealed = seal_window(segments); !sealed) return sealed;
      any = true;
    }
  }
  if (!any) return {};
  forget_series();
  give_back_memory();
  return {};
}

/// Series with samples since then are taken for alive: in the window of the newest, or not longer ago than an instant query looks
/// back.
int64_t Store::alive_since() const noexcept {
  const int64_t newest = retention_time(clock_.load(std::memory_order_relaxed));
  int64_t looked_back = 0;
  if (__builtin_sub_overflow(newest, kLookBack, &looked_back)) looked_back = INT64_MIN;
  return std::min(window_start(newest, options_.partition_window_ns), looked_back);
}

/// Series that have ended, and of which everything is in partitions, need no place in the head. Not while a segment is set aside:
/// when it comes back only the head knows what its series are called.
void Store::forget_series() {
  await_newest();
  int64_t oldest = alive_since();
  for (const auto& segment : sealed_.all().segments) oldest = std::min(oldest, segment->info().min_time);
  release_damaged_catalogs();
  if (catalog_.damaged()) return;  // numbers of series are to stay as the catalogs have them
  if (sealed_.has_segments_aside() || !head_.newest_known()) return;
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
  clock_.store(now_ns, std::memory_order_relaxed);
  const int64_t due = now_ns - options_.seal_delay_ns;
  const int64_t cutoff = window_start(due, options_.partition_window_ns);
  Result<void> done;
  const bool due_now = flush_wanted() || head_.frozen() != nullptr || head_.has_before(cutoff);
  if (due_now && !flush_pause_.holds(now_ns)) done = flush_locked();
  if (done) done = seal_windows(cutoff, due);
  apply_retention(now_ns);
  if (done) done = forget_spent_in_time();
  return done;
}

/// What is on the disk besides segments and partitions.
Result<uint64_t> Store::other_bytes() const {
  auto journal = journal_.file_bytes();
  if (!journal) return std::move(journal).error();
  return *journal + catalog_.file_bytes() + exemplar_log_.file_bytes() + deletions_.file_bytes();
}

int64_t Store::retention_time(int64_t now_ns) const noexcept {
  const int64_t newest = head_.max_time();
  return newest == INT64_MIN ? now_ns : std::min(now_ns, newest);
}

void Store::apply_retention(int64_t now_ns) {
  const auto other = other_bytes();
  const auto sums = sums_lack_space_ ? Sums::given_up : Sums::wanted;
  const Partitions gone = sealed_.apply_retention(retention_time(now_ns), other ? *other : 0, options_, sums);
  for (const auto& partition : gone) head_.note_removed(partition->info().max_time);
  counters_.removed_partitions.fetch_add(gone.size(), std::memory_order_relaxed);
  if (gone.empty() || sums == Sums::wanted) return;
  counters_.removed_unsummed_partitions.fetch_add(gone.size(), std::memory_order_relaxed);
  const std::string partitions = std::to_string(gone.size());
  host_.error("the disk is too full for summaries: partitions that are past their time or too many were removed without any",
              {field("partitions", partitions)});
}

Result<void> Store::merge_segments() {
  auto made = segment_merging_.run();
  if (!made) return std::move(made).error();
  counters_.merged_segments.fetch_add(*made, std::memory_order_relaxed);
  return {};
}

/// Of what it deletes nothing is newer than the newest sample of all.
void Store::note_removed(const Deletion& deletion) noexcept { head_.note_removed(std::min(deletion.end(), head_.max_time())); }

/// What fails to be merged is no reason not to sum up: that may be what makes room.
Result<void> Store::merge(int64_t now_ns) {
  const std::scoped_lock lock(merge_mutex_);
  auto made = merging_.run(now_ns);
  if (made) counters_.merged_partitions.fetch_add(*made, std::memory_order_relaxed);
  Result<void> merged = made ? Result<void>() : Result<void>(std::move(made).error());
  if (options_.tiers.empty()) return merged;
  const auto other = other_bytes();
  auto summed = summarising_.run(retention_time(now_ns), other ? *other : 0);
  sums_lack_space_ = !summed && summed.error().code() == TARSIER_RESOURCE;
  if (!summed) return std::move(summed).error();
  counters_.summed_partitions.fetch_add(*summed, std::memory_order_relaxed);
  return merged;
}

std::vector<std::string> Store::warnings(QueryRange range) const {
  std::vector<std::string> texts;
  for (const SetAside& one : set_aside(range)) texts.push_back("samples are missing: " + one.text());
  for (const Damage::Note& note : damage_.notes()) {
    if (note.effect == Damage::Effect::lacks_samples)
      texts.push_back("samples may be missing: " + note.name + " is damaged: " + note.reason);
    if (note.effect == Damage::Effect::shows_deleted)
      texts.push_back("deleted samples may be shown: " + note.name + " is damaged: " + note.reason);
  }
  return texts;
}

std::vector<std::string> Store::exemplar_warnings() const {
  std::vector<std::string> texts;
  for (const Damage::Note& note : damage_.notes()) {
    if (note.effect == Damage::Effect::lacks_exemplars || note.effect == Damage::Effect::lacks_samples)
      texts.push_back("exemplars may be missing: " + note.name + " is damaged: " + note.reason);
  }
  return texts;
}

DamageSink Store::damage_sink() const {
  return [this](const std::shared_ptr<SealedFile>& file, const Error& why) { sealed_.set_aside(file, why); };
}

Result<std::unique_ptr<Query>> Store::find(std::span<const Matcher> matchers, QueryRange range, uint64_t max_series,
                                           const std::function<bool()>& cancelled) const {
  return Query::find(
      head_, deletions_.all(), [this] { return sealed_.all(); }, damage_sink(), matchers, range, max_series, cancelled);
}

Result<StoreStat> Store::stat() const {
  StoreStat stat;
  stat.head = head_.stat();
  stat.exemplars = exemplars_.size();
  stat.exemplar_bytes = exemplars_.bytes();
  auto journal = journal_.file_bytes();
  if (!journal) return std::move(journal).error();
  stat.journal_bytes = *journal;
  stat.log_bytes = catalog_.file_bytes() + exemplar_log_.file_bytes() + deletions_.file_bytes();
  stat.lost_records = damage_.lost_records();
  stat.min_time = stat.head.min_time;
  stat.max_time = stat.head.max_time;
  const Sealed sealed = sealed_.all();
  for (const SetAside& one : set_aside()) ++(one.unopened ? stat.unopened : stat.set_aside);
  for (const auto& segment : sealed.segments) {
    ++stat.segments;
    stat.segment_samples += segment->info().samples;
    stat.segment_bytes += segment->file_bytes();
    stat.min_time = std::min(stat.min_time, segment->info().min_time);
    stat.max_time = std::max(stat.max_time, segment->info().max_time);
  }
  for (const auto& partition : sealed.partitions) {
    if (const int64_t tier_ns = partition->info().cover.tier_ns; tier_ns != 0) {
      TierStat& tier = stat.tiers[tier_ns];
      ++tier.partitions;
      tier.summaries += partition->info().samples;
      tier.bytes += partition->file_bytes();
      stat.tier_bytes += partition->file_bytes();
    } else {
      ++stat.partitions;
      stat.partition_series += partition->info().series;
      stat.partition_samples += partition->info().samples;
      stat.partition_blocks += partition->info().blocks;
      stat.partition_bytes += partition->file_bytes();
    }
    stat.min_time = std::min(stat.min_time, partition->info().min_time);
    stat.max_time = std::max(stat.max_time, partition->info().max_time);
  }
  return stat;
}

}  // namespace tarsier::samples
