// The answer of a query as the Prometheus API writes it.
#pragma once

#include <string_view>

#include "plugins/lib/json/json_writer.hpp"
#include "plugins/query/promql/exec/engine.hpp"

namespace tarsier::promql {

/// {"resultType":...,"result":...}, with statistics when `stats` is not empty, by step when it is "all" (both need
/// count_samples in the request).
void write_answer(json::Writer& json, const QueryAnswer& answer, std::string_view stats);
/// {"__name__":"up"}
void write_labels(json::Writer& json, const Labels& labels);

}  // namespace tarsier::promql
