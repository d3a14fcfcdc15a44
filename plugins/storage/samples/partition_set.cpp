#include "partition_set.hpp"

#include <algorithm>

#include "retention.hpp"

namespace tarsier::samples {
namespace {

bool sealed_before(const std::shared_ptr<Partition>& a, const std::shared_ptr<Partition>& b) {
  const Cover& left = a->info().cover;
  const Cover& right = b->info().cover;
  return left.first_flush != right.first_flush ? left.first_flush < right.first_flush : left.begin < right.begin;
}

}  // namespace

Result<std::vector<std::string>> PartitionSet::open(const std::vector<std::string>& names, std::vector<NamedCover> segments) {
  Partitions found;
  std::vector<NamedCover> covers = std::move(segments);
  std::vector<SetAside> unopened;
  for (const std::string& name : names) {
    Cover cover;
    if (!parse_partition_name(name, cover)) return Error::invalid("open " + name + ": it is no partition's name");
    auto opened = Partition::open(host_, name);
    if (!opened) {
      unopened.push_back({name, opened.error().message(), cover});
      continue;
    }
    covers.push_back({name, (*opened)->info().cover});
    found.push_back(std::move(*opened));
  }
  std::vector<std::string> segments_left;
  for (std::string& name : obsolete(covers)) {
    const auto partition = std::find_if(found.begin(), found.end(), [&](const auto& one) { return one->name() == name; });
    if (partition == found.end()) {
      segments_left.push_back(std::move(name));
      continue;
    }
    (*partition)->doom();
    found.erase(partition);
  }
  for (SetAside& one : unopened) {
    // An input of a merge that a crash left is not missed: what was made of it holds all of it.
    const auto merged = [&](const auto& other) { return one.cover.lies_within(other->info().cover); };
    if (std::none_of(found.begin(), found.end(), merged)) {
      note_set_aside(std::move(one));
    } else if (auto removed = remove_env(host_, one.name); !removed) {
      return std::move(removed).error().in("remove " + one.name);
    }
  }
  std::sort(found.begin(), found.end(), sealed_before);
  const std::scoped_lock lock(mutex_);
  partitions_ = std::move(found);
  return segments_left;
}

Partitions PartitionSet::all() const {
  const std::scoped_lock lock(mutex_);
  return partitions_;
}

void PartitionSet::replace(const Partitions& gone, Partitions made) {
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(partitions_, [&](const auto& one) { return std::find(gone.begin(), gone.end(), one) != gone.end(); });
    partitions_.insert(partitions_.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
    std::sort(partitions_.begin(), partitions_.end(), sealed_before);
  }
  for (const auto& partition : gone) partition->doom();
}

void PartitionSet::note_set_aside(SetAside entry) {
  host_.error("a partition is damaged and set aside; queries are answered without its samples",
              {field("partition", entry.name), field("error", entry.reason)});
  const std::scoped_lock lock(mutex_);
  set_aside_.push_back(std::move(entry));
}

void PartitionSet::set_aside(const std::shared_ptr<Partition>& partition, const Error& why) {
  if (!partition->damage()) return;  // another reader was first
  {
    const std::scoped_lock lock(mutex_);
    std::erase(partitions_, partition);
  }
  note_set_aside({partition->name(), why.message(), partition->info().cover});
}

std::vector<SetAside> PartitionSet::set_aside(int64_t start, int64_t end) const {
  std::vector<SetAside> found;
  const std::scoped_lock lock(mutex_);
  for (const SetAside& one : set_aside_) {
    if (one.cover.begin <= end && (one.cover.end > start || one.cover.end == INT64_MAX)) found.push_back(one);
  }
  return found;
}

size_t PartitionSet::apply_retention(int64_t now_ns, uint64_t other_bytes, const Options& options) {
  const Partitions gone = expired(all(), now_ns, other_bytes, options);
  if (!gone.empty()) replace(gone, {});
  return gone.size();
}

}  // namespace tarsier::samples
