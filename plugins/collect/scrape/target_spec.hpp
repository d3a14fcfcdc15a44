// From a job to its targets: what each was found with, what rules make of it, and where it is scraped.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "plugins/collect/scrape/job.hpp"
#include "plugins/collect/scrape/label_set.hpp"

namespace tarsier::scrape {

/// One target with the labels that it was found with and those that its series get.
struct TargetSpec {
  LabelSet discovered;
  LabelSet labels;
  std::string url;
  std::string socket;  // of this machine, by which the URL is asked; "": none
  bool native_histograms = false, classic_beside_native = false, convert_classic = false;  // the job's, or what its labels say
  std::string scrape_interval, scrape_timeout;                                             // as its labels say it
  int64_t interval_ns = 0;
  int64_t timeout_ns = 0;
};

/// What was found and is not scraped.
struct Unscraped {
  struct Refused {
    LabelSet discovered;
    std::string why;
  };
  std::vector<PackedLabels> dropped;  // by rules; at most keep_dropped_targets
  uint64_t dropped_count = 0;
  std::vector<Refused> refused;
};

struct Targets {
  std::vector<TargetSpec> active;  // each once, however often it was found
  Unscraped unscraped;
};

/// Gives each target that was found, one after the other: there may be very many.
using FoundTargets = std::function<void(const std::function<void(LabelSet)>& take)>;

/// Of the job's static lists, and what was found besides. A target that cannot be scraped is refused by itself; the others of the
/// job do not mind.
Targets expand_targets(const Job& job, const FoundTargets& found = {});

}  // namespace tarsier::scrape
