#include "plugins/query/promql/api/metric_metadata.hpp"

#include <algorithm>

#include "plugins/lib/exposition/metric_type.hpp"
#include "tarsier/service.hpp"
#include "tarsier/service/metadata.h"

namespace tarsier::promql {
namespace {

constexpr size_t kMostOfOneMetric = 1000;  // different entries; many targets may each say something else

void add(void* user, const tarsier_metadata* one) {
  auto& found = *static_cast<MetadataByMetric*>(user);
  const std::string_view name = view(one->name), type = exposition::type_word(one->type);
  auto metric = found.find(name);
  if (metric == found.end()) metric = found.try_emplace(std::string(name)).first;
  const bool is_known = std::ranges::any_of(metric->second, [&](const MetricMetadata& known) {
    return known.type == type && known.help == view(one->help) && known.unit == view(one->unit);
  });
  if (!is_known && metric->second.size() < kMostOfOneMetric)
    metric->second.push_back({type, std::string(view(one->help)), std::string(view(one->unit))});
}

MetadataByMetric read_pages(const Host& host, std::string_view metric) {
  std::vector<std::string> instances;
  host.services->providers(host.raw(), str(TARSIER_METADATA_SERVICE), &instances, [](void* user, tarsier_str instance) {
    static_cast<std::vector<std::string>*>(user)->emplace_back(view(instance));
  });
  MetadataByMetric found;
  for (const std::string& instance : instances) {
    const ServiceRef<tarsier_metadata_source> source(host, TARSIER_METADATA_SERVICE "@" + instance);
    if (const auto use = source.acquire()) (*use)->current((*use)->self, str(metric), &found, add);  // or it has just stopped
  }
  return found;
}

}  // namespace

Result<MetadataByMetric> read_metadata(const tarsier_samples_store& store, std::string_view metric, uint64_t limit) {
  MetadataByMetric found;
  tarsier_error error = empty_error();
  const tarsier_status status = store.metadata(store.self, str(metric), limit, &found, add, &error);
  if (status != TARSIER_OK) return Error::from_c(status, error);
  return found;
}

Result<MetadataByMetric> read_all_metadata(const Host& host, const tarsier_samples_store& store, std::string_view metric,
                                           uint64_t limit) {
  auto stored = read_metadata(store, metric, limit);
  if (!stored) return stored;
  MetadataByMetric found = read_pages(host, metric);
  found.merge(std::move(*stored));  // takes what is not there yet
  if (limit != 0 && found.size() > limit) found.erase(std::next(found.begin(), static_cast<ptrdiff_t>(limit)), found.end());
  return found;
}

}  // namespace tarsier::promql
