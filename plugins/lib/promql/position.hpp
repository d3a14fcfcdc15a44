// Where in the text of a query something stands, and the error of a query that cannot be read: "1:3: parse error: ...".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::promql {

/// Bytes [start, end) of the query.
struct Position {
  uint32_t start = 0;
  uint32_t end = 0;
};

/// "line:column", both from 1, of a byte; columns count bytes.
std::string line_column(std::string_view query, uint32_t at);

/// "1:3: parse error: unexpected ..."
Error parse_error(std::string_view query, Position position, std::string_view what);

}  // namespace tarsier::promql
