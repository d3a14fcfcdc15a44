// The bodies of /api/v1/targets, /api/v1/scrape_pools and /api/v1/targets/metadata, as Prometheus answers them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/collect/scrape/pool_set.hpp"

namespace tarsier::scrape {

/// `state` is active, dropped, any or empty (any), in any case; another shows none. `pool` empty: all. Beside what the original
/// says, targets that cannot be scraped are in refusedTargets, with the reason, where there are any and dropped ones are asked for.
std::string targets_json(const std::vector<Pool>& pools, std::string_view state, std::string_view pool);
/// {"yaml":...}, as the original names it; it is TOML.
std::string config_json(std::string_view toml);
std::string scrape_pools_json(const std::vector<Pool>& pools);
/// INVALID when a parameter is wrong: to be answered as bad_data.
Result<std::string> metadata_json(const std::vector<Pool>& pools, std::string_view match_target, std::string_view metric,
                                  std::string_view limit);
std::string error_json(std::string_view type, std::string_view message);

}  // namespace tarsier::scrape
