#include "sealed_set.hpp"

#include <algorithm>
#include <tuple>
#include <type_traits>

namespace tarsier::samples {
namespace {

/// Partitions in the order in which they were sealed: of two samples with the same time the one of the earlier counts. Segments by
/// window, those of one length side by side, then likewise.
void sort(Sealed& sealed) {
  std::sort(sealed.partitions.begin(), sealed.partitions.end(), [](const auto& a, const auto& b) {
    const Cover &left = a->cover(), &right = b->cover();
    return left.first_flush != right.first_flush ? left.first_flush < right.first_flush : left.begin < right.begin;
  });
  std::sort(sealed.segments.begin(), sealed.segments.end(), [](const auto& a, const auto& b) {
    const Cover &left = a->cover(), &right = b->cover();
    return std::tie(left.begin, left.end, left.first_flush) < std::tie(right.begin, right.end, right.first_flush);
  });
}

/// The file is not what it should be. Any other error may be gone the next time: too many open files, permissions, a disk that
/// fails.
bool tells_damage(const Error& error) {
  const tarsier_status code = error.code();
  return code == TARSIER_CORRUPT || code == TARSIER_INVALID || code == TARSIER_UNSUPPORTED || code == TARSIER_NOT_FOUND;
}

std::string unknown_text(uint64_t series) {
  return "the labels of " + std::to_string(series) + " of its series are lost with a damaged catalog";
}

template <class All, class Gone>
void erase_all(All& all, const Gone& gone) {
  std::erase_if(all, [&](const auto& one) { return std::find(gone.begin(), gone.end(), one) != gone.end(); });
}

}  // namespace

Result<void> SealedSet::open(const std::vector<std::string>& partition_names, const std::vector<std::string>& segment_names) {
  std::vector<SetAside> unopened;
  for (const std::string& name : partition_names) {
    Cover cover;
    if (!parse_partition_name(name, cover)) return Error::invalid("open " + name + ": it is no partition's name");
    auto opened = Partition::open(host_, name);
    if (opened) {
      sealed_.partitions.push_back(std::move(*opened));
    } else {
      unopened.push_back({name, opened.error().message(), cover, !tells_damage(opened.error())});
    }
  }
  for (const std::string& name : segment_names) {
    const auto parsed = SegmentName::parse(name);
    if (!parsed) {
      unopened.push_back({name, "it has no name that a segment of this version has", {INT64_MIN, INT64_MAX, 0, 0}});
      continue;
    }
    auto opened = HeadSegment::open(host_, name);
    if (opened) {
      sealed_.segments.push_back(std::move(*opened));
    } else {
      unopened.push_back({name, opened.error().message(), parsed->cover(), !tells_damage(opened.error())});
    }
  }
  drop_obsolete();
  sort(sealed_);
  set_aside_unopened(std::move(unopened));
  return list_missing();
}

/// "samples/damaged.head.7.1799996400", or the like with "-2" behind it.
Result<void> SealedSet::list_missing() {
  auto names = list_envs(host_, kAsidePrefix);
  if (!names) return std::move(names).error().in("list what is set aside");
  for (const std::string& name : *names) {
    const std::string former = "samples/" + name.substr(kAsidePrefix.size());
    const auto parsed = SegmentName::parse(former.substr(0, former.find('-', former.rfind('.'))));
    if (!parsed) continue;
    note_missing({name, "the labels of some of its series are lost with a damaged catalog", parsed->cover()});
  }
  return {};
}

void SealedSet::drop_obsolete() {
  std::vector<NamedCover> covers;
  for (const auto& segment : sealed_.segments) covers.push_back({segment->name(), segment->cover()});
  for (const auto& partition : sealed_.partitions) covers.push_back({partition->name(), partition->cover()});
  const std::vector<std::string> names = obsolete(covers);
  const auto drop = [&](auto& all) {
    std::erase_if(all, [&](const auto& one) {
      const bool gone = std::find(names.begin(), names.end(), one->name()) != names.end();
      if (gone) one->doom();
      return gone;
    });
  };
  drop(sealed_.segments);
  drop(sealed_.partitions);
}

/// What a crash left of a merge or of sealing is not missed: what was made of it holds all of it.
void SealedSet::set_aside_unopened(std::vector<SetAside> unopened) {
  for (SetAside& one : unopened) {
    const auto holds_it = [&](const auto& other) { return one.cover.lies_within(other->cover()); };
    const bool held = std::any_of(sealed_.partitions.begin(), sealed_.partitions.end(), holds_it) ||
                      std::any_of(sealed_.segments.begin(), sealed_.segments.end(), holds_it);
    if (!held) {
      note_set_aside(std::move(one));
    } else if (auto removed = remove_env(host_, one.name); !removed) {
      host_.warn("what a merge has left could not be removed; it is tried again after a restart",
                 {field("environment", one.name), field("error", removed.error().message())});
    }
  }
}

Sealed SealedSet::all() const {
  const std::scoped_lock lock(mutex_);
  return sealed_;
}

Partitions SealedSet::partitions() const {
  const std::scoped_lock lock(mutex_);
  return sealed_.partitions;
}

bool SealedSet::has_segments(int64_t start, int64_t end) const {
  const std::scoped_lock lock(mutex_);
  return std::any_of(sealed_.segments.begin(), sealed_.segments.end(),
                     [&](const auto& segment) { return segment->overlaps(start, end); });
}

std::vector<Cover> SealedSet::unmergeable() const {
  std::vector<Cover> covers;
  const std::scoped_lock lock(mutex_);
  for (const auto& segment : sealed_.segments) covers.push_back(segment->cover());
  for (const SetAside& one : set_aside_) covers.push_back(one.cover);
  return covers;
}

std::vector<Cover> SealedSet::covers() const {
  std::vector<Cover> covers;
  const std::scoped_lock lock(mutex_);
  for (const auto& partition : sealed_.partitions) covers.push_back(partition->cover());
  for (const auto& segment : sealed_.segments) covers.push_back(segment->cover());
  for (const SetAside& one : set_aside_) covers.push_back(one.cover);
  return covers;
}

Result<void> SealedSet::check_cover(const Cover& cover, size_t inputs) const {
  std::vector<Cover> of_tier = covers();
  std::erase_if(of_tier, [&](const Cover& one) { return one.tier_ns != cover.tier_ns; });
  const size_t within = count_within(of_tier, cover);
  if (within <= inputs) return {};
  return Error::internal("what is made of " + std::to_string(inputs) + " files would take the place of " +
                         std::to_string(within - inputs) + " others that lie in its time and flushes");
}

bool SealedSet::has_segments_aside() const {
  const std::scoped_lock lock(mutex_);
  return std::any_of(set_aside_.begin(), set_aside_.end(),
                     [](const SetAside& one) { return one.name.starts_with(kSegmentPrefix); });
}

uint64_t SealedSet::last_flush() const {
  uint64_t last = 0;
  for (const Cover& cover : covers()) last = std::max(last, cover.last_flush);
  return last;
}

uint64_t SealedSet::last_revision() const {
  uint64_t last = 0;
  for (const Cover& cover : covers()) last = std::max(last, cover.revision);
  return last;
}

void SealedSet::add(HeadSegments made) {
  const std::scoped_lock lock(mutex_);
  sealed_.segments.insert(sealed_.segments.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
  sort(sealed_);
}

template <class Gone, class Made>
bool SealedSet::exchange(const std::vector<Gone>& gone, std::vector<Made> made) {
  const auto all_of = [this](const auto& kind) -> auto& {
    if constexpr (std::is_same_v<std::decay_t<decltype(kind)>, Partitions>) {
      return sealed_.partitions;
    } else {
      return sealed_.segments;
    }
  };
  {
    const std::scoped_lock lock(mutex_);
    auto& from = all_of(gone);
    const auto is_there = [&](const Gone& one) { return std::find(from.begin(), from.end(), one) != from.end(); };
    if (!std::all_of(gone.begin(), gone.end(), is_there)) {
      for (const Made& one : made) one->doom();
      return false;
    }
    erase_all(from, gone);
    auto& to = all_of(made);
    to.insert(to.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
    sort(sealed_);
  }
  for (const Gone& one : gone) one->doom();
  return true;
}

bool SealedSet::replace(const Partitions& gone, Partitions made) { return exchange(gone, std::move(made)); }

bool SealedSet::replace(const HeadSegments& gone, std::shared_ptr<Partition> made) {
  Partitions list;
  if (made != nullptr) list.push_back(std::move(made));
  if (!exchange(gone, std::move(list))) return false;
  for (const auto& segment : gone) {
    if (segment->unknown_series() != 0) note_missing({segment->name(), unknown_text(segment->unknown_series()), segment->cover()});
  }
  return true;
}

bool SealedSet::replace(const HeadSegments& gone, std::shared_ptr<HeadSegment> made) {
  HeadSegments list;
  if (made != nullptr) list.push_back(std::move(made));
  return exchange(gone, std::move(list));
}

void SealedSet::note_missing(SetAside entry) {
  const std::scoped_lock lock(mutex_);
  missing_.push_back(std::move(entry));
}

void SealedSet::note_set_aside(SetAside entry) {
  host_.error(entry.unopened ? "a sealed environment cannot be opened now; it is tried again, and queries are answered without it"
                             : "a sealed environment is damaged and set aside; queries are answered without its samples",
              {field("environment", entry.name), field("error", entry.reason)});
  const std::scoped_lock lock(mutex_);
  set_aside_.push_back(std::move(entry));
}

void SealedSet::set_aside(const std::shared_ptr<SealedFile>& file, const Error& why) {
  if (!file->damage()) return;  // another reader was first
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(sealed_.partitions, [&](const auto& one) { return one == file; });
    std::erase_if(sealed_.segments, [&](const auto& one) { return one == file; });
  }
  note_set_aside({file->name(), why.message(), file->cover()});
}

std::vector<std::string> SealedSet::unopened() const {
  std::vector<std::string> names;
  const std::scoped_lock lock(mutex_);
  for (const SetAside& one : set_aside_) {
    if (one.unopened) names.push_back(one.name);
  }
  return names;
}

template <class File>
void SealedSet::take_back_file(std::vector<std::shared_ptr<File>>& files, std::shared_ptr<File> file) {
  host_.info("a sealed environment that could not be opened is read again", {field("environment", file->name())});
  Sealed before;  // what is not needed any more is removed after the lock
  const std::scoped_lock lock(mutex_);
  before = sealed_;
  std::erase_if(set_aside_, [&](const SetAside& one) { return one.name == file->name(); });
  files.push_back(std::move(file));
  drop_obsolete();
  sort(sealed_);
}

void SealedSet::take_back(std::shared_ptr<HeadSegment> segment) { take_back_file(sealed_.segments, std::move(segment)); }
void SealedSet::take_back(std::shared_ptr<Partition> partition) { take_back_file(sealed_.partitions, std::move(partition)); }

void SealedSet::note_again(const std::string& name, const Error& why) {
  SetAside damaged;
  {
    const std::scoped_lock lock(mutex_);
    const auto known = std::find_if(set_aside_.begin(), set_aside_.end(), [&](const SetAside& one) { return one.name == name; });
    if (known == set_aside_.end()) return;
    known->reason = why.message();
    if (!tells_damage(why)) return;
    damaged = std::move(*known);
    set_aside_.erase(known);
  }
  damaged.unopened = false;
  note_set_aside(std::move(damaged));
}

std::vector<SetAside> SealedSet::set_aside(int64_t start, int64_t end) const {
  std::vector<SetAside> found;
  const std::scoped_lock lock(mutex_);
  const auto in_range = [&](const Cover& cover) { return cover.begin <= end && (cover.end > start || cover.end == INT64_MAX); };
  for (const auto* list : {&set_aside_, &missing_}) {
    for (const SetAside& one : *list) {
      if (in_range(one.cover)) found.push_back(one);
    }
  }
  for (const auto& segment : sealed_.segments) {
    if (segment->unknown_series() == 0 || !segment->overlaps(start, end)) continue;
    found.push_back({segment->name(), unknown_text(segment->unknown_series()), segment->cover()});
  }
  return found;
}

Partitions SealedSet::apply_retention(int64_t now_ns, uint64_t other_bytes, const Options& options, Sums sums) {
  const Sealed now = all();
  for (const auto& segment : now.segments) other_bytes += segment->file_bytes();
  Partitions gone = expired(now.partitions, now_ns, other_bytes, options, sums);
  // One that is found to be damaged now keeps the others until the next time.
  if (!gone.empty() && !replace(gone, Partitions{})) gone.clear();
  return gone;
}

}  // namespace tarsier::samples
