// What a sender is told.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/collect/remote_write_receiver/tally.hpp"
#include "tarsier/result.hpp"

namespace tarsier::remote_write {

struct Answer {
  uint32_t code = 204;
  std::string body;
  int64_t retry_after_s = 0;  // 0: not said
  // What is stored, for the statistics of version 2.
  uint64_t samples = 0;
  uint64_t histograms = 0;
  uint64_t exemplars = 0;
};

/// `stored` is what became of the batch; without one, nothing remained to be stored.
Answer answer_of(const Result<void>& stored, const Tally& tally);

}  // namespace tarsier::remote_write
