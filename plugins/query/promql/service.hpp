// The service tarsier.promql/1 over the engine.
#pragma once

#include <functional>

#include "plugins/query/promql/exec/engine.hpp"
#include "tarsier/service/promql.h"

namespace tarsier::promql {

class QueryService {
 public:
  /// Calls its argument with the store, and returns what that returned; UNAVAILABLE when there is none now.
  using WithStore = std::function<Result<void>(const std::function<Result<void>(const tarsier_samples_store&)>&)>;

  QueryService(Engine& engine, WithStore with_store);
  const tarsier_promql* table() const noexcept { return &table_; }

 private:
  static tarsier_status query(void* self, const tarsier_query* query, void* user,
                              void (*on_result)(void*, const tarsier_query_result*), tarsier_error* error);
  static tarsier_status parse(void* self, tarsier_str expression, tarsier_sink formatted, tarsier_error* error);

  Engine& engine_;
  WithStore with_store_;
  tarsier_promql table_{};
};

}  // namespace tarsier::promql
