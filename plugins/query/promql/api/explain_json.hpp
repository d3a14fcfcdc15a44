// How a query was evaluated, for programs and for people.
#pragma once

#include <string>

#include "plugins/lib/json/json_writer.hpp"
#include "plugins/query/promql/exec/engine.hpp"
#include "plugins/query/promql/exec/explanation.hpp"

namespace tarsier::promql {

/// {"totalSeconds":...,"samplesRead":...,"plan":{"expression":...,"children":[...]}}
void write_explanation(json::Writer& json, const QueryAnswer& answer, const Explanation& explanation);
/// One line a node, indented, and one a call of the store.
std::string explanation_text(const QueryAnswer& answer, const Explanation& explanation);

}  // namespace tarsier::promql
