// Labels as a person writes them: {__address__="a:1", job="x"}.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::host::cli {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

/// The braces may be left out; names with other letters than [a-zA-Z0-9_.:] stand in quotes, values always. A JSON object of
/// strings is taken as well. INVALID says where it cannot be read.
Result<LabelPairs> read_label_text(std::string_view text);

/// As a JSON object.
std::string json_of(const LabelPairs& labels);

}  // namespace tarsier::host::cli
