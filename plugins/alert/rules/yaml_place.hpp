// Where in a YAML file a part of a scalar was written, so that a mistake inside an expression or a template is shown at its own
// line and column, not at those of the scalar.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <yaml-cpp/yaml.h>

namespace tarsier::rules {

/// Both from 1; columns count bytes.
struct Place {
  size_t line = 1;
  size_t column = 1;
};

/// "line:column"
std::string text(Place place);

/// Where the node begins; the file's beginning for a node that is not there.
Place place_of(const YAML::Mark& mark);
Place place_of(const YAML::Node& node);

/// Where byte `at` of the scalar's value was written in `file`, in whatever style: plain, quoted, block. The beginning of the
/// scalar when the file does not have the value as it is there (an alias into another encoding, say).
Place place_inside(std::string_view file, const YAML::Node& scalar, size_t at);

/// The byte of `value` that is meant by `line` and `column`, as parsers of what is inside count them (both from 1).
size_t offset_of(std::string_view value, Place inside);

}  // namespace tarsier::rules
