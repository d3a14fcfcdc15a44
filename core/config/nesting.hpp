// How deeply a TOML text nests tables and arrays, found without recursion: a parser that builds one table for each part of a dotted
// key would exhaust the stack on a hostile file, so this is asked first.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tarsier::config {

/// The line of the first place that is deeper than `limit`; nullopt when there is none. Meant for well-formed text; of any other it
/// says something, and the parser refuses it.
std::optional<uint32_t> line_nested_deeper_than(std::string_view toml, uint32_t limit);

}  // namespace tarsier::config
