// The C table of the metrics service.
#include <array>
#include <exception>

#include "core/host/host_context.hpp"
#include "core/telemetry/metrics.hpp"
#include "tarsier/result.hpp"

namespace tarsier::telemetry {
namespace {

Result<tarsier_metric*> resolve_checked(const tarsier_host* host, MetricSpec spec, const tarsier_pair* labels, uint32_t count) {
  const host::HostContext& context = host::context(host);
  if (context.rooms->metrics == nullptr) return Error::unavailable("this host keeps no metrics");
  std::array<Label, Metrics::kMaxLabels + 1> converted;  // one more than allowed, so that too many are refused and not cut
  const size_t kept = labels == nullptr ? 0 : std::min<size_t>(count, converted.size());
  for (size_t i = 0; i < kept; ++i) converted[i] = {view(labels[i].name), view(labels[i].value)};
  spec.labels = std::span(converted).first(kept);
  return context.rooms->metrics->resolve(context.owner, spec);
}

tarsier_metric* resolve(const tarsier_host* host, tarsier_metric_type type, tarsier_str name, tarsier_str help,
                        const tarsier_pair* labels, uint32_t label_count, const double* bounds, uint32_t bound_count,
                        tarsier_error* error) noexcept {
  try {
    const MetricSpec spec{type, view(name), view(help), {}, {bounds, bounds == nullptr ? 0 : bound_count}};
    auto metric = resolve_checked(host, spec, labels, label_count);
    if (metric) return *metric;
    (void)metric.error().to_c(error);
  } catch (const std::exception& thrown) {
    (void)Error::internal(thrown.what()).to_c(error);
  }
  return nullptr;
}

void add(tarsier_metric* metric, double value) noexcept {
  if (metric != nullptr) Metrics::add(metric, value);
}
void set(tarsier_metric* metric, double value) noexcept {
  if (metric != nullptr) Metrics::set(metric, value);
}

constexpr tarsier_metrics kService = {sizeof(tarsier_metrics), resolve, add, set};

}  // namespace

const tarsier_metrics* metrics_service() noexcept { return &kService; }

}  // namespace tarsier::telemetry
