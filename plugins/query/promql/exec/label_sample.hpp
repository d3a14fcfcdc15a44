// The place of a label set between 0 and 1, the same each time: limit_ratio keeps those below its ratio.
#pragma once

#include "plugins/query/promql/exec/labels.hpp"

namespace tarsier::promql {

double place_of(const Labels& labels);

}  // namespace tarsier::promql
