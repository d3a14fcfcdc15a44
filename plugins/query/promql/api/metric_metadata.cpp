#include "plugins/query/promql/api/metric_metadata.hpp"

#include "plugins/lib/exposition/metric_type.hpp"

namespace tarsier::promql {
Result<std::map<std::string, std::vector<MetricMetadata>>> read_metadata(const tarsier_samples_store& store,
                                                                         std::string_view metric, uint64_t limit) {
  std::map<std::string, std::vector<MetricMetadata>> found;
  tarsier_error error = empty_error();
  const tarsier_status status = store.metadata(
      store.self, str(metric), limit, &found,
      [](void* user, const tarsier_metadata* one) {
        (*static_cast<decltype(found)*>(user))[std::string(view(one->name))].push_back(
            {exposition::type_word(one->type), std::string(view(one->help)), std::string(view(one->unit))});
      },
      &error);
  if (status != TARSIER_OK) return Error::from_c(status, error);
  return found;
}

}  // namespace tarsier::promql
