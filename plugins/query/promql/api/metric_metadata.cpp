#include "plugins/query/promql/api/metric_metadata.hpp"

#include "tarsier/batch.hpp"

namespace tarsier::promql {
namespace {

std::string_view type_name(uint32_t type) {
  switch (type) {
    case TARSIER_SERIES_COUNTER:
      return "counter";
    case TARSIER_SERIES_GAUGE:
      return "gauge";
    case TARSIER_SERIES_HISTOGRAM:
      return "histogram";
    case TARSIER_SERIES_SUMMARY:
      return "summary";
    case TARSIER_SERIES_GAUGE_HISTOGRAM:
      return "gaugehistogram";
    case TARSIER_SERIES_INFO:
      return "info";
    case TARSIER_SERIES_STATESET:
      return "stateset";
    default:
      return "unknown";
  }
}

}  // namespace

Result<std::map<std::string, std::vector<MetricMetadata>>> read_metadata(const tarsier_samples_store& store,
                                                                         std::string_view metric, uint64_t limit) {
  std::map<std::string, std::vector<MetricMetadata>> found;
  tarsier_error error = empty_error();
  const tarsier_status status = store.metadata(
      store.self, str(metric), limit, &found,
      [](void* user, const tarsier_metadata* one) {
        (*static_cast<decltype(found)*>(user))[std::string(view(one->name))].push_back(
            {type_name(one->type), std::string(view(one->help)), std::string(view(one->unit))});
      },
      &error);
  if (status != TARSIER_OK) return Error::from_c(status, error);
  return found;
}

}  // namespace tarsier::promql
