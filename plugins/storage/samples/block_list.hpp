// The pieces on the disk that hold samples and do not change any more, as the service tells of them: head segments and partitions,
// those of tiers included. What is in memory and in the journal is not among them, nor what is damaged and set aside.
#pragma once

#include "options.hpp"
#include "sealed_set.hpp"

namespace tarsier::samples {

struct Block {
  std::string name;
  uint32_t level = 1;
  int64_t min_time = 0;
  int64_t max_time = 0;  // inclusive
  int64_t tier_ns = 0;
  uint64_t series = 0;
  uint64_t samples = 0;
  uint64_t chunks = 0;
  uint64_t bytes = 0;
};

/// By their oldest samples; of two that begin together the shorter one comes first.
std::vector<Block> block_list(const Sealed& sealed, const Options& options);

}  // namespace tarsier::samples
