// The order in which people put names: "node-2" before "node-10".
#pragma once

#include <string_view>

namespace tarsier::promql {

bool natural_less(std::string_view a, std::string_view b);

}  // namespace tarsier::promql
