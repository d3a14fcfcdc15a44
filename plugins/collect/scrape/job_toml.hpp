// The configuration of one job as the host shows it: defaults filled in, secrets left out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tarsier::scrape {

/// Of a document as tarsier_control's config_toml writes it, the element of the array of tables `array` ("plugin.scrape.job") whose
/// job_name is `job`, as a document of its own.
std::optional<std::string> job_toml(std::string_view document, std::string_view array, std::string_view job);

/// "plugin.scrape.job" of "tarsier.toml:14:3: plugin.scrape.job[2]", the place of an element.
std::string array_of(std::string_view location);

}  // namespace tarsier::scrape
