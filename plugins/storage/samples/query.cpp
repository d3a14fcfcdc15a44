#include "query.hpp"

#include <algorithm>
#include <tuple>

#include "chunk_decoder.hpp"
#include "summaries.hpp"
#include "tiers.hpp"

namespace tarsier::samples {
Result<std::unique_ptr<Query>> Query::find(const Head& head, DeletionList deletions, const std::function<Sealed()>& sealed,
                                           DamageSink on_damage, std::span<const Matcher> matchers, QueryRange range,
                                           uint64_t max_series, const std::function<bool()>& cancelled) {
  std::unique_ptr<Query> query(new Query(range, std::move(deletions), std::move(on_damage)));
  // The head first: what is flushed meanwhile is then in a segment that is listed below; the other way round it could be missed.
  // What is deleted is known by its time only, so the newest of the rest has to be looked for.
  range.newest_only = range.newest_only && query->deletions_->empty();
  auto selection = head.select(matchers, range);
  if (!selection) return std::move(selection).error();
  query->head_ = std::move(*selection);
  Sealed disk = sealed();
  for (auto& segment : disk.segments) {
    if (segment->overlaps(range.start, range.end)) query->segments_.push_back(std::move(segment));
  }
  // Windows of different lengths lie within one another.
  std::stable_sort(query->segments_.begin(), query->segments_.end(),
                   [](const auto& a, const auto& b) { return a->cover().first_flush < b->cover().first_flush; });
  const Partitions partitions = in_range(disk.partitions, range);
  int64_t earliest = range.start;
  for (const auto& partition : partitions) earliest = std::min(earliest, tier_start(range.start, partition->cover().tier_ns));
  query->deletions_ = within(query->deletions_, earliest, range.end);
  for (const auto& partition : partitions) {
    if (cancelled && cancelled()) return Error{TARSIER_CANCELLED, "the query was cancelled"};
    auto found = query->find_in_partition(partition, matchers);
    if (!found && found.error().code() != TARSIER_CORRUPT) return std::move(found).error();
    if (!found) query->on_damage_(partition, found.error());
  }
  query->leave_out_empty_head();
  query->add_head();
  query->merge();
  if (max_series != 0 && query->series_.size() > max_series) {
    return Error{TARSIER_RESOURCE, "the query selects " + std::to_string(query->series_.size()) + " series, the limit is " +
                                       std::to_string(max_series)};
  }
  return query;
}

Partitions Query::in_range(const Partitions& all, QueryRange range) {
  Partitions found;
  for (const auto& partition : all) {
    const int64_t start = tier_start(range.start, partition->cover().tier_ns);
    if (partition->overlaps(start, range.end)) found.push_back(partition);
  }
  return choose_tiers(std::move(found), range.coarsest_ns);
}

Result<void> Query::find_in_partition(std::shared_ptr<Partition> partition, std::span<const Matcher> matchers) {
  auto index = PartitionIndex::open(std::move(partition));
  if (!index) return std::move(index).error();
  auto ids = match(**index, matchers);
  if (!ids) return std::move(ids).error();
  if (ids->empty()) return {};
  const auto source = static_cast<uint32_t>(indexes_.size());
  const size_t labels_before = labels_.size(), places_before = places_.size();
  for (const uint32_t id : *ids) {
    const auto first = static_cast<uint32_t>(labels_.size());
    if (auto found = (*index)->labels(id, labels_); !found) {
      labels_.resize(labels_before);
      places_.resize(places_before);
      return found;
    }
    const auto count = static_cast<uint32_t>(labels_.size()) - first;
    places_.push_back({hash_labels(std::span(labels_).subspan(first, count)), source, id, first, count});
  }
  indexes_.push_back(std::move(*index));
  return {};
}

/// A range in the past is often in partitions only.
void Query::leave_out_empty_head() {
  if (!segments_.empty()) return;
  const auto in_range = [&](const ChunkView& chunk) { return chunk.min_time <= range_.end && chunk.max_time >= range_.start; };
  std::erase_if(head_.items, [&](const HeadSelection::Item& item) {
    if (item.newest || item.view_count != 0) return false;
    if (head_.frozen == nullptr) return true;
    const auto frozen = head_.frozen->find(item.key);
    return std::none_of(frozen.begin(), frozen.end(), in_range);
  });
}

void Query::add_head() {
  const auto source = static_cast<uint32_t>(indexes_.size());
  places_.reserve(places_.size() + head_.items.size());
  for (uint32_t item = 0; item < head_.items.size(); ++item) places_.push_back({head_.items[item].hash, source, item, 0, 0});
}

void Query::labels(const Place& place, std::vector<Label>& out) const {
  if (in_head(place)) return head_.table->labels(head_.items[place.number].series, out);
  const auto labels = std::span(labels_).subspan(place.first_label, place.label_count);
  out.insert(out.end(), labels.begin(), labels.end());
}

bool Query::same_labels(const Place& a, const Place& b) const noexcept {
  if (in_head(a)) return same_labels(b, a);
  const auto left = std::span(labels_).subspan(a.first_label, a.label_count);
  if (!in_head(b)) return std::ranges::equal(left, std::span(labels_).subspan(b.first_label, b.label_count));
  const auto pairs = head_.table->pairs(head_.items[b.number].series);
  const Symbols& symbols = head_.table->symbols();
  if (pairs.size() != left.size() * 2) return false;
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i].second != symbols.text(pairs[i * 2 + 1]) || left[i].first != symbols.text(pairs[i * 2])) return false;
  }
  return true;
}

/// Makes a series of each row of places that `same` says are of one.
template <class Same>
void Query::group(Same&& same) {
  series_.clear();
  for (uint32_t i = 0; i < places_.size(); ++i) {
    if (i != 0 && same(places_[i - 1], places_[i])) {
      ++series_.back().place_count;
    } else {
      series_.push_back({places_[i].hash, i, 1});
    }
  }
  // Neighbours in a partition share blocks: read them one after the other.
  std::sort(series_.begin(), series_.end(), [&](const Entry& a, const Entry& b) {
    const Place &one = places_[a.first_place], &other = places_[b.first_place];
    return std::tie(one.source, one.number) < std::tie(other.source, other.number);
  });
}

bool Query::hashes_tell_series() const noexcept {
  return std::ranges::all_of(series_, [&](const Entry& entry) {
    const auto places = std::span(places_).subspan(entry.first_place, entry.place_count);
    return std::ranges::all_of(places.subspan(1), [&](const Place& place) { return same_labels(places.front(), place); });
  });
}

/// Puts the places of a series side by side, in order of their sources: partitions by time, the head last.
void Query::merge() {
  series_.reserve(places_.size());
  if (places_.empty() || places_.front().source == places_.back().source) {
    for (uint32_t i = 0; i < places_.size(); ++i) series_.push_back({places_[i].hash, i, 1});
    return;
  }
  std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
    return std::tie(a.hash, a.source, a.number) < std::tie(b.hash, b.source, b.number);
  });
  group([](const Place& a, const Place& b) { return a.hash == b.hash; });
  // Labels are compared afterwards, in the order in which they lie in memory. That two series have one hash hardly happens.
  if (hashes_tell_series()) return;
  std::vector<Label> left, right;
  std::stable_sort(places_.begin(), places_.end(), [&](const Place& a, const Place& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    left.clear(), labels(a, left);
    right.clear(), labels(b, right);
    return left < right;
  });
  group([&](const Place& a, const Place& b) { return a.hash == b.hash && same_labels(a, b); });
}

Result<Query::Reader::Outcome> Query::Reader::outcome(Result<void> read, const std::shared_ptr<SealedFile>& file) const {
  if (read) return Outcome::done;
  if (read.error().code() != TARSIER_CORRUPT) return std::move(read).error();
  query_.on_damage_(file, read.error());
  return Outcome::again;
}

Result<void> Query::Reader::open_segments() {
  if (std::exchange(segments_opened_, true)) return {};
  for (const auto& segment : query_.segments_) {
    auto opened = SegmentReader::open(segment);
    if (!opened) return std::move(opened).error();
    segments_.push_back(std::move(*opened));
  }
  return {};
}

/// Oldest first: segments, what a flush has in hand, and what no flush has taken.
Result<Query::Reader::Outcome> Query::Reader::read_head(const HeadSelection::Item& item, Columns& out) {
  const QueryRange range = query_.range_;
  if (item.newest) {
    out.append({.time = item.newest_time, .value = *item.newest});
    return Outcome::done;
  }
  if (auto opened = open_segments(); !opened) return std::move(opened).error();
  for (SegmentReader& segment : segments_) {
    const size_t before = out.size();
    if (auto done = segment.read(item.key, range.start, range.end, out); !done) {
      auto read = outcome(std::move(done), segment.file());
      if (!read || *read == Outcome::again) return read;
    }
    if (deletions_.any()) deletions_.drop(segment.file()->cover(), out, before);
  }
  if (auto read = read_memory(item, out); !read) return std::move(read).error();
  return Outcome::done;
}

Result<void> Query::Reader::read_memory(const HeadSelection::Item& item, Columns& out) const {
  const QueryRange& range = query_.range_;
  const auto decode = [&](std::span<const ChunkView> chunks) -> Result<void> {
    for (const ChunkView& chunk : chunks) {
      if (chunk.min_time > range.end || chunk.max_time < range.start) continue;
      if (auto decoded = decode_chunk(chunk, range.start, range.end, out); !decoded) return decoded;
    }
    return {};
  };
  if (query_.head_.frozen != nullptr) {
    if (auto decoded = decode(query_.head_.frozen->find(item.key)); !decoded) return decoded;
  }
  return decode(std::span(query_.head_.views).subspan(item.first_view, item.view_count));
}

Result<Query::Reader::Outcome> Query::Reader::read_partition(const Place& place, Columns& out) {
  const auto& partition = query_.indexes_[place.source]->partition();
  if (partition->damaged()) return Outcome::done;
  auto known = partitions_.find(place.source);
  if (known == partitions_.end()) {
    const int64_t start = tier_start(query_.range_.start, partition->cover().tier_ns);
    auto opened = PartitionSamples::open(*partition, start, query_.range_.end);
    if (!opened) return std::move(opened).error();
    known = partitions_.emplace(place.source, std::move(*opened)).first;
  }
  const size_t before = out.size();
  auto read = outcome(known->second.read(place.number, out), partition);
  if (read && *read == Outcome::done) deletions_.drop(partition->cover(), out, before);
  if (out.size() != before) tier_ns_ = std::max(tier_ns_, partition->cover().tier_ns);
  return read;
}

/// A partition cannot have a newer sample than the one that the head has in memory, where that is all that is wanted. Usually none
/// has, but a series that the head had forgotten may come back with late samples.
bool Query::is_needless(const Place& place, const HeadSelection::Item& newest) const noexcept {
  return newest.newest && !indexes_[place.source]->partition()->overlaps(newest.newest_time, INT64_MAX);
}

void Query::Reader::find_deletions(const Entry& entry) {
  if (query_.deletions_->empty()) return;
  labels_.clear();
  query_.labels(entry, labels_);
  deletions_.find(query_.deletions_, labels_);
}

Result<Query::Reader::Outcome> Query::Reader::read_places(const Entry& entry, const Part* head_part, Columns& out) {
  out.clear();
  find_deletions(entry);
  tier_ns_ = 0;
  const Place& last = query_.last_place(entry);
  const HeadSelection::Item* head = query_.in_head(last) ? &query_.head_.items[last.number] : nullptr;
  for (uint32_t i = 0; i < entry.place_count; ++i) {
    const Place& place = query_.places_[entry.first_place + i];
    if (!query_.in_head(place)) {
      if (head != nullptr && query_.is_needless(place, *head)) continue;
      if (auto read = read_partition(place, out); !read || *read == Outcome::again) return read;
    } else if (head_part != nullptr) {
      if (head_part->columns != nullptr) out.append(*head_part->columns, head_part->first, head_part->past);
    } else if (auto read = read_head(*head, out); !read || *read == Outcome::again) {
      return read;
    }
  }
  out.normalise();
  if (tier_ns_ != 0) finish_summaries(out);
  return Outcome::done;
}

/// Once more for each environment that is set aside on the way, so at most as often as there are any.
Result<void> Query::Reader::read_one(const Entry& entry, const Part* head_part, Samples& out) {
  for (;;) {
    auto read = read_places(entry, head_part, out.columns);
    if (!read) return std::move(read).error();
    if (*read == Outcome::again) continue;
    out.tier_ns = tier_ns_;
    return {};
  }
}

Result<Query::Reader::Part> Query::Reader::read_head_part(const Entry& entry, Columns& out) {
  find_deletions(entry);
  const size_t first = out.size();
  for (;;) {
    auto read = read_head(query_.item(entry), out);
    if (!read) return std::move(read).error();
    if (*read == Outcome::done) return Part{&out, first, out.size()};
    out.truncate(first);
  }
}

/// Of entries that lie in the head only: segment by segment.
Result<Query::Reader::Outcome> Query::Reader::read_segments(std::span<const Entry> entries, std::span<Samples> out) {
  if (auto opened = open_segments(); !opened) return std::move(opened).error();
  for (size_t i = 0; i < entries.size(); ++i) out[i].columns.clear(), out[i].tier_ns = 0;
  for (SegmentReader& segment : segments_) {
    for (size_t i = 0; i < entries.size(); ++i) {
      auto done = segment.read(query_.item(entries[i]).key, query_.range_.start, query_.range_.end, out[i].columns);
      if (!done) return outcome(std::move(done), segment.file());
    }
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    if (auto read = read_memory(query_.item(entries[i]), out[i].columns); !read) return std::move(read).error();
    out[i].columns.normalise();
  }
  return Outcome::done;
}

Result<void> Query::Reader::read(std::span<const Entry> entries, std::span<Samples> out) {
  if (entries.size() > 1) {
    auto read = read_segments(entries, out);
    if (!read) return std::move(read).error();
    if (*read == Outcome::done) return {};
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    if (auto read = read_one(entries[i], nullptr, out[i]); !read) return read;
  }
  return {};
}

std::vector<uint32_t> Query::head_order(std::span<const Entry> entries) const {
  std::vector<std::pair<SeriesKey, uint32_t>> keys;
  for (uint32_t i = 0; i < entries.size(); ++i)
    if (in_head(last_place(entries[i]))) keys.emplace_back(item(entries[i]).key, i);
  std::sort(keys.begin(), keys.end());
  std::vector<uint32_t> order;
  order.reserve(keys.size());
  for (const auto& [key, number] : keys) order.push_back(number);
  return order;
}

uint64_t Query::samples_in_segments() const noexcept {
  uint64_t samples = 0, series = 1;
  for (const auto& segment : segments_) {
    samples += segment->info().samples;
    series = std::max(series, segment->info().series);
  }
  return samples / series + 1;
}

size_t Query::series_per_pass() const noexcept {
  constexpr uint64_t kMostSamples = 2'000'000, kFewestSeries = 1024;
  if (indexes_.empty() || segments_.empty() || range_.newest_only) return 0;
  return static_cast<size_t>(std::max(kMostSamples / samples_in_segments(), kFewestSeries));
}

size_t Query::series_at_once() const noexcept {
  constexpr uint64_t kMostSeries = 32, kMostSamples = 16'384;  // of all of them
  const bool head_only = indexes_.empty() && deletions_->empty() && !range_.newest_only;
  if (!head_only || segments_.empty()) return 1;
  return static_cast<size_t>(std::clamp<uint64_t>(kMostSamples / samples_in_segments(), 1, kMostSeries));
}

}  // namespace tarsier::samples
