#include "retention.hpp"

#include <algorithm>

#include "tiers.hpp"

namespace tarsier::samples {

bool is_past(int64_t newest, int64_t now_ns, int64_t retention_ns) noexcept {
  int64_t age = 0;
  if (__builtin_sub_overflow(now_ns, newest, &age)) age = now_ns > newest ? INT64_MAX : INT64_MIN;
  return retention_ns != 0 && age > retention_ns;
}

Partitions retired(Partitions partitions, int64_t now_ns, uint64_t other_bytes, const Options& options) {
  uint64_t bytes = other_bytes;
  for (const auto& partition : partitions) bytes += partition->file_bytes();
  std::stable_sort(partitions.begin(), partitions.end(), [](const auto& a, const auto& b) {
    const PartitionInfo &left = a->info(), &right = b->info();
    return left.cover.tier_ns != right.cover.tier_ns ? left.cover.tier_ns < right.cover.tier_ns : left.max_time < right.max_time;
  });
  // Whatever the limit, what came last stays: a limit below the size of one partition would leave nothing.
  const Partition* newest = nullptr;
  for (const auto& partition : partitions) {
    if (partition->info().cover.tier_ns == 0) newest = partition.get();  // they ascend
  }
  Partitions gone;
  const auto take = [&](auto&& is_due) {
    std::erase_if(partitions, [&](const auto& partition) {
      if (!is_due(*partition)) return false;
      bytes -= partition->file_bytes();
      gone.push_back(partition);
      return true;
    });
  };
  take([&](const Partition& one) { return is_past(one.info().max_time, now_ns, retention_of(options, one.info().cover.tier_ns)); });
  take([&](const Partition& one) { return &one != newest && options.retention_bytes != 0 && bytes > options.retention_bytes; });
  return gone;
}

Partitions expired(const Partitions& partitions, int64_t now_ns, uint64_t other_bytes, const Options& options, Sums sums) {
  Partitions gone = retired(partitions, now_ns, other_bytes, options);
  if (sums == Sums::given_up) return gone;
  std::erase_if(gone, [&](const auto& partition) {
    const PartitionInfo& info = partition->info();
    return next_tier(options, info.cover.tier_ns, info.max_time, now_ns) != nullptr && !summed_up(*partition, partitions);
  });
  return gone;
}

}  // namespace tarsier::samples
