#include "summarising.hpp"

#include <algorithm>

#include "merge_plan.hpp"
#include "merged_source.hpp"
#include "partition_writer.hpp"
#include "retention.hpp"
#include "summary_source.hpp"
#include "tiers.hpp"

namespace tarsier::samples {

Summarising::Due Summarising::next(int64_t now_ns, uint64_t other_bytes) const {
  const Partitions all = sealed_.partitions();
  const auto target = [&](const Partition& partition) -> int64_t {
    const PartitionInfo& info = partition.info();
    const Tier* tier = next_tier(options_, info.cover.tier_ns, info.max_time, now_ns);
    return tier == nullptr || summed_up(partition, all) ? 0 : tier->every_ns;
  };
  for (const auto& partition : retired(all, now_ns, other_bytes, options_)) {
    if (const int64_t every = target(*partition); every != 0) return {partition, every, true};
  }
  for (const auto& partition : all) {
    const Cover& cover = partition->info().cover;
    if (cover.tier_ns == 0) continue;
    const auto span = static_cast<uint64_t>(cover.end) - static_cast<uint64_t>(cover.begin);
    if (span < static_cast<uint64_t>(merge_levels(merge_options(options_, cover.tier_ns)).back())) continue;
    if (const int64_t every = target(*partition); every != 0) return {partition, every, false};
  }
  return {};
}

Result<void> Summarising::sum_up(const Due& due) {
  Cover cover = due.partition->info().cover;
  const DeletionList deletions = deletions_.all();
  cover.tier_ns = due.every_ns;
  cover.revision = 0;
  cover.revision = revision_without(deletions, cover);
  if (auto checked = sealed_.check_cover(cover, 0); !checked) return checked;
  auto source = MergedSource::open({due.partition}, deletions, [this] { return cancelled_.load(std::memory_order_relaxed); });
  if (!source) return std::move(source).error();
  SummarySource summaries(**source, due.every_ns);
  PartitionWriter writer(host_, slot_of(options_, due.every_ns), Packer::kSmall);
  auto written = writer.write(cover, summaries);
  if (!written) {
    if (written.error().code() == TARSIER_CORRUPT && (*source)->failed() != nullptr)
      sealed_.set_aside((*source)->failed(), written.error());
    return std::move(written).error();
  }
  Partitions made;
  if (*written) {  // else nothing is in it
    auto opened = open_made(host_, partition_name(cover));
    if (!opened) return std::move(opened).error();
    made.push_back(std::move(*opened));
  }
  const bool goes = due.retired || made.empty();
  if (sealed_.replace(goes ? Partitions{due.partition} : Partitions{}, std::move(made))) return {};
  return Error{TARSIER_CORRUPT, "what was summed up was found to be damaged meanwhile"};
}

Result<uint64_t> Summarising::run(int64_t now_ns, uint64_t other_bytes) {
  uint64_t made = 0;
  while (!cancelled_) {
    const Due due = next(now_ns, other_bytes);
    if (due.partition == nullptr) break;
    auto summed = sum_up(due);
    if (summed) {
      ++made;
    } else if (summed.error().code() == TARSIER_CANCELLED) {
      break;
    } else if (!due.partition->damaged()) {
      return std::move(summed).error().in("sum up " + due.partition->name());
    }  // else it was set aside
  }
  return made;
}

}  // namespace tarsier::samples
