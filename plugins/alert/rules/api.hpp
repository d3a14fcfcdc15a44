// Prometheus' /api/v1/rules and /api/v1/alerts.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "plugins/alert/rules/group.hpp"
#include "tarsier/http.hpp"

namespace tarsier::rules {

using Groups = std::vector<std::shared_ptr<RuleGroup>>;

/// Adds both routes; `groups` gives the current ones and is called from several threads.
Result<void> add_routes(http::Routes& routes, std::function<Groups()> groups);

}  // namespace tarsier::rules
