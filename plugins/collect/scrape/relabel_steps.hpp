// The body of /api/v1/targets/relabel_steps: what a job's rules make of a set of labels, step by step.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/collect/scrape/pool_set.hpp"

namespace tarsier::scrape {

/// `labels` is a JSON object of strings. With `reasons` each step has a sentence that says what was compared. INVALID when a
/// parameter is wrong: to be answered as bad_data.
Result<std::string> relabel_steps_json(const std::vector<Pool>& pools, std::string_view pool, std::string_view labels,
                                       bool reasons);

}  // namespace tarsier::scrape
