#include "merging.hpp"

#include <algorithm>
#include <set>

#include "merged_source.hpp"
#include "partition_writer.hpp"
#include "tiers.hpp"

namespace tarsier::samples {

Result<void> Merging::merge(const Partitions& inputs, Cover cover) {
  const DeletionList deletions = deletions_.all();
  cover.revision = revision_without(deletions, cover);
  if (auto checked = sealed_.check_cover(cover, inputs.size()); !checked) return checked;
  auto source = MergedSource::open(inputs, deletions, [this] { return cancelled_.load(std::memory_order_relaxed); });
  if (!source) return std::move(source).error();
  PartitionWriter writer(host_, slot_of(options_, cover.tier_ns), Packer::kSmall);
  auto written = writer.write(cover, **source);
  if (!written) {
    if (written.error().code() == TARSIER_CORRUPT && (*source)->failed() != nullptr)
      sealed_.set_aside((*source)->failed(), written.error());
    return std::move(written).error();
  }
  if (!*written) {  // all of it is deleted
    return replace(inputs, {});
  }
  auto opened = open_made(host_, partition_name(cover));
  if (!opened) return std::move(opened).error();
  return replace(inputs, {std::move(*opened)});
}

/// CORRUPT when a query has found an input damaged meanwhile.
Result<void> Merging::replace(const Partitions& inputs, Partitions made) {
  if (sealed_.replace(inputs, std::move(made))) return {};
  return Error{TARSIER_CORRUPT, "what was merged was found to be damaged meanwhile"};
}

/// The first merge that is due, of the finest tier first. What lies in another tier, too, is left as it is: that is how the two are
/// known to be the same.
std::optional<MergePlan> Merging::plan(int64_t now_ns, Partitions& inputs) const {
  // First, so that what is sealed meanwhile is seen here or there.
  const std::vector<Cover> unmergeable = sealed_.unmergeable();
  const Partitions all = sealed_.partitions();
  std::set<int64_t> tiers;
  for (const auto& partition : all) tiers.insert(partition->info().cover.tier_ns);
  for (const int64_t tier : tiers) {
    Partitions parts;
    std::vector<MergeCandidate> candidates;
    std::vector<Cover> others = unmergeable;
    for (const auto& partition : all) {
      const PartitionInfo& info = partition->info();
      if (info.cover.tier_ns == tier && !has_twin(*partition, all)) {
        parts.push_back(partition);
        candidates.push_back({info.cover, info.samples, partition->file_bytes()});
      } else {
        others.push_back(info.cover);
      }
    }
    for (Cover& other : others) other.tier_ns = tier;
    auto plan = plan_merge(candidates, others, now_ns, merge_options(options_, tier));
    if (!plan) continue;
    for (const size_t place : plan->inputs) inputs.push_back(parts[place]);
    return plan;
  }
  return std::nullopt;
}

Result<uint64_t> Merging::run(int64_t now_ns) {
  uint64_t made = 0;
  while (!cancelled_) {
    Partitions inputs;
    const auto plan = this->plan(now_ns, inputs);
    if (!plan) break;
    auto merged = merge(inputs, plan->cover);
    if (merged) {
      ++made;
    } else if (merged.error().code() == TARSIER_CANCELLED) {
      break;
    } else if (std::none_of(inputs.begin(), inputs.end(), [](const auto& input) { return input->damaged(); })) {
      return std::move(merged).error().in("merge to " + partition_name(plan->cover));
    }  // else an input was set aside, and the plan is another one
  }
  return made;
}

}  // namespace tarsier::samples
