#include "tiers.hpp"

#include <algorithm>

#include "merge_plan.hpp"
#include "retention.hpp"

namespace tarsier::samples {
namespace {

constexpr int64_t kMostPoints = 500;   // of a series in a block
constexpr int64_t kSpanPoints = 4608;  // of a series in a partition: 16 days of 5 minutes
constexpr int64_t kGrowth = 4;         // from one level of merging to the next
constexpr int64_t kTiersBefore = 2;    // a window widened to a tier, and the summary before it

std::string text_of(int64_t ns) { return span_text(static_cast<uint64_t>(ns)); }

int64_t times(int64_t a, int64_t b) noexcept {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

/// Which of two with the same samples a query reads: the lower.
std::pair<int, int64_t> rank(const Partition& partition, int64_t coarsest_ns) noexcept {
  const int64_t tier = partition.info().cover.tier_ns;
  if (tier == 0) return {0, 0};
  return tier <= coarsest_ns ? std::pair{1, -tier} : std::pair{2, tier};
}

}  // namespace

Result<void> check_tiers(const Options& options) {
  int64_t every = 0, retention = options.retention_ns;
  std::string finer = "the samples themselves";
  for (const Tier& tier : options.tiers) {
    const std::string name = "the tier of " + text_of(tier.every_ns);
    if (tier.every_ns <= every) return Error::invalid(name + " comes after " + finer + ": tiers ascend");
    if (every != 0 && tier.every_ns % every != 0)
      return Error::invalid(name + " is no multiple of " + finer + ", of which it is made");
    if (retention == 0 && options.retention_bytes == 0)
      return Error::invalid(name + " never begins: " + finer + " are kept for ever");
    if (tier.retention_ns != 0 && retention != 0 && tier.retention_ns <= retention)
      return Error::invalid(name + " is kept for " + text_of(tier.retention_ns) + ", no longer than " + finer + " (" +
                            text_of(retention) + ")");
    every = tier.every_ns;
    retention = tier.retention_ns;
    finer = "those of " + text_of(every);
  }
  return {};
}

int64_t retention_of(const Options& options, int64_t tier_ns) noexcept {
  if (tier_ns == 0) return options.retention_ns;
  const auto found =
      std::find_if(options.tiers.begin(), options.tiers.end(), [&](const Tier& tier) { return tier.every_ns == tier_ns; });
  return found == options.tiers.end() ? 0 : found->retention_ns;
}

const Tier* next_tier(const Options& options, int64_t tier_ns, int64_t newest, int64_t now_ns) noexcept {
  const auto found = std::find_if(options.tiers.begin(), options.tiers.end(), [&](const Tier& tier) {
    return tier.every_ns > tier_ns && !is_past(newest, now_ns, tier.retention_ns);
  });
  return found == options.tiers.end() ? nullptr : &*found;
}

Options merge_options(const Options& options, int64_t tier_ns) {
  if (tier_ns == 0) return options;
  Options of_tier = options;
  of_tier.partition_window_ns = merge_levels(options).back();
  of_tier.retention_ns = retention_of(options, tier_ns);
  of_tier.merge_to_ns = of_tier.partition_window_ns;
  const int64_t most = times(tier_ns, kSpanPoints);
  while (of_tier.merge_to_ns <= most / kGrowth) of_tier.merge_to_ns *= kGrowth;
  return of_tier;
}

int64_t slot_of(const Options& options, int64_t tier_ns) {
  if (tier_ns == 0) return options.partition_window_ns;
  const int64_t most = times(tier_ns, kMostPoints);
  const std::vector<int64_t> levels = merge_levels(options);
  int64_t slot = levels.front();
  for (const int64_t level : levels) slot = level <= most ? level : slot;
  while (slot >= levels.back() && slot <= most / kGrowth) slot *= kGrowth;
  return slot;
}

bool same_samples(const Partition& a, const Partition& b) noexcept {
  const Cover &one = a.info().cover, &other = b.info().cover;
  return one.tier_ns != other.tier_ns && one.is_part_of(other) && other.is_part_of(one);
}

bool has_twin(const Partition& partition, const Partitions& all) noexcept {
  return std::any_of(all.begin(), all.end(), [&](const auto& other) { return same_samples(partition, *other); });
}

bool summed_up(const Partition& partition, const Partitions& all) noexcept {
  return std::any_of(all.begin(), all.end(), [&](const auto& other) {
    return other->info().cover.tier_ns > partition.info().cover.tier_ns && same_samples(partition, *other);
  });
}

Partitions choose_tiers(Partitions all, int64_t coarsest_ns) {
  const auto is_tier = [](const auto& partition) { return partition->info().cover.tier_ns != 0; };
  if (std::none_of(all.begin(), all.end(), is_tier)) return all;
  Partitions chosen;
  for (const auto& one : all) {
    const bool other_is_read = std::any_of(all.begin(), all.end(), [&](const auto& other) {
      return same_samples(*one, *other) && rank(*other, coarsest_ns) < rank(*one, coarsest_ns);
    });
    if (!other_is_read) chosen.push_back(one);
  }
  return chosen;
}

int64_t tier_start(int64_t start, int64_t tier_ns) noexcept {
  int64_t earlier = 0;
  return __builtin_sub_overflow(start, times(tier_ns, kTiersBefore), &earlier) ? INT64_MIN : earlier;
}

}  // namespace tarsier::samples
