// What a plugin says of its section, as findings: each line at the place that it names itself, as the SDK's config errors do.
#pragma once

#include <string_view>

#include "core/config/finding.hpp"

namespace tarsier::config {

/// A line such as "x.toml:2:17: plugin.alerts.route.receiver: expected ..." or "rules.yml:9:39: parse error" is a finding there.
/// What names no place is about `position` and `path`.
Findings placed_errors(std::string_view text, const Position& position, std::string_view path);

}  // namespace tarsier::config
