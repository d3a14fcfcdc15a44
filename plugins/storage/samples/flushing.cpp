#include "flushing.hpp"

#include <map>
#include <set>

#include "chunk_decoder.hpp"
#include "give_back_memory.hpp"

namespace tarsier::samples {
namespace {

constexpr size_t kWindowsAtOnce = 64;

}  // namespace

Result<std::vector<std::string>> Flushing::recover() {
  auto names = list_envs(host_, kSegmentPrefix);
  if (!names) return std::move(names).error().in("list segments");
  const uint64_t first_unfinished = journal_.rotated().empty() ? UINT64_MAX : journal_.rotated().front();
  std::vector<std::string> kept;
  for (std::string& name : *names) {
    const auto parsed = SegmentName::parse(name);
    if (!parsed) {
      kept.push_back(std::move(name));  // whatever it holds, an answer may lack it
      continue;
    }
    // What several were merged to was published: that its last flush is finished may be what the power took back.
    const bool merged = parsed->first_flush != parsed->last_flush;
    if (parsed->last_flush < first_unfinished || merged) {
      number_ = std::max(number_, parsed->last_flush);
      kept.push_back(std::move(name));
    } else if (auto removed = remove_env(host_, name); !removed) {
      return std::move(removed).error().in("remove unfinished " + name);
    }
  }
  if (!journal_.rotated().empty()) number_ = std::max(number_, journal_.rotated().back());
  if (auto opened = catalog_.open(); !opened) return std::move(opened).error();
  if (auto opened = exemplar_log_.open(); !opened) return std::move(opened).error();
  number_ = std::max({number_, catalog_.last_flush(), exemplar_log_.last_flush(), journal_.last_finished()});
  return kept;
}

/// The next flush takes all that is in memory, so it finishes this journal, too.
Result<void> Flushing::leave_damaged_journal() {
  if (!journal_.active_damaged()) return {};
  auto rotated = journal_.rotate(number_ + 1);
  if (!rotated) return std::move(rotated).error();
  number_ = *rotated;
  return {};
}

Result<void> Flushing::run(std::mutex& writer_mutex, const std::function<void(HeadSegments)>& publish) {
  if (auto removed = journal_.remove_finished(); !removed) return removed;
  std::shared_ptr<const FrozenChunks> frozen = head_.frozen();
  if (!unfinished_) {
    const std::unique_lock writer(writer_mutex);
    auto rotated = journal_.rotate(number_ + 1);
    if (!rotated) return std::move(rotated).error();
    number_ = *rotated;
    unfinished_ = true;
    to_catalogue_ = head_.series_count();
    to_log_ = exemplars_.end();
    frozen = head_.freeze();
  }
  HeadSegments made;
  auto done = write_segments(*frozen, made);
  if (done) done = write_catalog();
  if (done) done = exemplar_log_.write(number_, exemplars_, to_log_);
  if (done) done = journal_.note_finished(number_);
  if (!done) {
    catalog_.abandon();
    exemplar_log_.abandon();
    for (auto& segment : made) segment->doom();
    return done;
  }
  unfinished_ = false;
  catalog_.commit();
  exemplar_log_.commit();
  catalogued_ = to_catalogue_;
  publish(std::move(made));
  head_.drop_frozen();
  frozen.reset();
  give_back_memory();
  if (auto removed = catalog_.remove_superseded(); !removed) return removed;
  if (auto removed = exemplar_log_.remove_superseded(); !removed) return removed;
  return journal_.remove_finished();
}

/// Each segment that is being written takes address space and a file, so there are not too many at a time, however many windows
/// samples out of order lie in.
Result<void> Flushing::write_segments(const FrozenChunks& frozen, HeadSegments& made) {
  std::set<int64_t> windows;
  for (const FrozenChunks::Item& item : frozen.items()) {
    for (const ChunkView& chunk : frozen.chunks(item)) windows.insert(window_start(chunk.min_time, head_.window()));
  }
  while (!windows.empty()) {
    const auto end = windows.size() > kWindowsAtOnce ? std::next(windows.begin(), kWindowsAtOnce) : windows.end();
    const int64_t first = *windows.begin(), last = *std::prev(end);
    if (auto written = write_segments(frozen, first, last, made); !written) return written;
    windows.erase(windows.begin(), end);
  }
  return {};
}

/// Those of the windows that begin in [first, last].
Result<void> Flushing::write_segments(const FrozenChunks& frozen, int64_t first, int64_t last, HeadSegments& made) {
  std::map<int64_t, SegmentWriter> windows;
  Columns columns;
  for (const FrozenChunks::Item& item : frozen.items()) {
    const auto chunks = frozen.chunks(item);
    for (size_t at = 0; at < chunks.size();) {
      const int64_t window = window_start(chunks[at].min_time, head_.window());
      if (window < first || window > last) {
        ++at;
        continue;
      }
      columns.clear();
      for (; at < chunks.size() && window_start(chunks[at].min_time, head_.window()) == window; ++at) {
        if (auto decoded = decode_chunk(chunks[at], INT64_MIN, INT64_MAX, columns); !decoded) return decoded;
      }
      auto found = windows.find(window);
      if (found == windows.end()) {
        auto begun = SegmentWriter::begin(host_, {number_, number_, window, head_.window()});
        if (!begun) return std::move(begun).error();
        found = windows.emplace(window, std::move(*begun)).first;
      }
      if (auto added = found->second.add(item.key, columns); !added) return added;
    }
  }
  for (auto& [window, writer] : windows) {
    if (auto finished = writer.finish(); !finished) return finished;
    auto opened = open_made_segment(host_, writer.name());
    if (!opened) return std::move(opened).error();
    made.push_back(std::move(*opened));
  }
  return {};
}

/// Series are only ever added while this runs, so those below to_catalogue_ stand still.
Result<void> Flushing::write_catalog() {
  const std::shared_ptr<const SeriesTable> table = head_.shared_table();
  if (catalog_.wants_full()) {
    auto written = catalog_.write(number_, *table, 0, to_catalogue_, metadata_);
    // Where the disk has no room for all, what is new does as well.
    if (written || written.error().code() != TARSIER_RESOURCE) return written;
  }
  return catalog_.write(number_, *table, catalogued_, to_catalogue_, metadata_);
}

}  // namespace tarsier::samples
