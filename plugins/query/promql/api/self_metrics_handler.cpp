// /status/self_metrics: what /metrics shows, for who reads JSON.
#include "plugins/lib/promql/matching.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/host_state.hpp"
#include "plugins/query/promql/api/metric_families.hpp"

namespace tarsier::promql {

void Api::self_metrics(const Request& request, const Exchange& exchange) {
  const http::Form form(request);
  std::optional<CompiledMatcher> wanted;
  if (const std::string_view pattern = form.get("metric_name_pattern"); !pattern.empty()) {
    auto compiled = CompiledMatcher::compile({MatchOp::kRegex, "metric_name_pattern", std::string(pattern)});
    if (!compiled) return refuse(exchange, 400, "bad_data", "invalid metric_name_pattern: " + compiled.error().message());
    wanted = std::move(*compiled);
  }
  const auto families = MetricFamilies::of(told_by(host_, host_.control->metrics_text));
  if (!families) return refuse(exchange, 500, "internal", "error gathering self metrics: " + families.error().message());
  answer(exchange, [&](json::Writer& json) {
    families->write(json, [&](std::string_view name) { return !wanted || wanted->matches(name); });
  });
}

}  // namespace tarsier::promql
