// The body of /api/v1/targets/relabel_steps: what a job's rules for targets, or for series, make of labels, step by step.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/collect/scrape/pool_set.hpp"

namespace tarsier::scrape {

struct StepsWanted {
  bool of_series = false;  ///< metric_relabel_configs, not relabel_configs
  bool reasons = false;    ///< each step has a sentence that says what was compared
};

/// `labels` is a JSON object of strings. INVALID when a parameter is wrong: to be answered as bad_data.
Result<std::string> relabel_steps_json(const std::vector<Pool>& pools, std::string_view pool, std::string_view labels,
                                       StepsWanted wanted);

}  // namespace tarsier::scrape
