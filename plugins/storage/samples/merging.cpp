#include "merging.hpp"

#include "merged_source.hpp"
#include "partition_writer.hpp"

namespace tarsier::samples {

Result<void> Merging::merge(const Partitions& inputs, Cover cover) {
  const DeletionList deletions = deletions_.all();
  cover.revision = revision_without(deletions, cover);
  auto source = MergedSource::open(inputs, deletions, [this] { return cancelled_.load(std::memory_order_relaxed); });
  if (!source) return std::move(source).error();
  PartitionWriter writer(host_, options_.partition_window_ns, Packer::kSmall);
  if (auto written = writer.write(cover, **source); !written) {
    if ((*source)->found_none()) return sealed_.replace(inputs, {}), Result<void>();
    if (written.error().code() == TARSIER_CORRUPT && (*source)->failed() != nullptr)
      sealed_.set_aside((*source)->failed(), written.error());
    return written;
  }
  const std::string name = partition_name(cover);
  auto opened = Partition::open(host_, name);
  if (opened) {
    sealed_.replace(inputs, {std::move(*opened)});
    return {};
  }
  // It was written and cannot be read: the inputs stay, and nothing may take their place at the next start.
  if (auto removed = remove_env(host_, name); !removed)
    host_.error("a merged partition that cannot be opened could not be removed",
                {field("partition", name), field("error", removed.error().message())});
  return std::move(opened).error();
}

Result<uint64_t> Merging::run(int64_t now_ns) {
  uint64_t made = 0;
  while (!cancelled_) {
    const Partitions all = sealed_.partitions();
    std::vector<MergeCandidate> candidates;
    for (const auto& partition : all) candidates.push_back({partition->info().cover, partition->info().samples});
    const auto plan = plan_merge(candidates, sealed_.unmergeable(), now_ns, options_);
    if (!plan) break;
    Partitions inputs;
    for (const size_t place : plan->inputs) inputs.push_back(all[place]);
    auto merged = merge(inputs, plan->cover);
    if (merged) {
      ++made;
    } else if (merged.error().code() == TARSIER_CANCELLED) {
      break;
    } else if (merged.error().code() != TARSIER_CORRUPT || sealed_.partitions() == all) {
      return std::move(merged).error().in("merge to " + partition_name(plan->cover));
    }  // else an input was set aside, and the plan is another one
  }
  return made;
}

}  // namespace tarsier::samples
