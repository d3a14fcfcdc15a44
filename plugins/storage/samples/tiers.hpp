// Tiers: summaries of an interval each, which are kept longer than the samples themselves. A partition that is to go is summed up
// first: a partition of the next tier with the same cover takes its place. While both are there, a query reads one of them.
#pragma once

#include "options.hpp"
#include "partition.hpp"

namespace tarsier::samples {

/// INVALID when the tiers of the options do not fit together.
Result<void> check_tiers(const Options& options);

/// 0: for ever. What is of a tier that is not configured any more stays until the size is limited.
int64_t retention_of(const Options& options, int64_t tier_ns) noexcept;

/// The tier that a partition of `tier_ns` with this newest sample is to be summed up for; null: none keeps it.
const Tier* next_tier(const Options& options, int64_t tier_ns, int64_t newest, int64_t now_ns) noexcept;

/// How partitions of a tier are merged; its levels begin where those of the samples end.
Options merge_options(const Options& options, int64_t tier_ns);

/// The span of a block: of summaries longer than of samples, and a level of merging, too, so that blocks and partitions end
/// together.
int64_t slot_of(const Options& options, int64_t tier_ns);

/// Of equal covers, in different tiers.
bool same_samples(const Partition& a, const Partition& b) noexcept;

/// Another tier has the same samples: summed up, or what this one is the sum of.
bool has_twin(const Partition& partition, const Partitions& all) noexcept;
/// A coarser tier has them.
bool summed_up(const Partition& partition, const Partitions& all) noexcept;

/// Leaves each sample in one partition: as it is where it is there, in the finest tier else, in a coarser one when that is no
/// longer than `coarsest_ns`.
Partitions choose_tiers(Partitions all, int64_t coarsest_ns);

/// Summaries from here on are read for a range that begins at `start`: windows and look-back shorter than a tier need them.
int64_t tier_start(int64_t start, int64_t tier_ns) noexcept;

}  // namespace tarsier::samples
