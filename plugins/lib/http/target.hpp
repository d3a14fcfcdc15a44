// The request target: taken apart, percent-decoded by segment (so that %2F inside a segment does not become a separator), checked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::net {

struct Target {
  std::string raw_path;               // as received, without the query
  std::string query;                  // as received, without '?'
  std::vector<std::string> segments;  // percent-decoded: "/a/b%2Fc/" is {"a", "b/c", ""}; "/" is {""}
};

/// Origin form ("/path?query"), absolute form ("http://host/path": the authority is dropped) and "*". INVALID for a broken escape,
/// a control character, or a "." or ".." segment, also an escaped one.
Result<Target> parse_target(std::string_view target);

/// INVALID for a broken escape or a decoded NUL. '+' is left alone.
Result<std::string> percent_decode(std::string_view text);

/// "/" and the segments from `first` on, joined with '/'.
std::string join_path(const std::vector<std::string>& segments, size_t first);

}  // namespace tarsier::net
