// Querier over the service tarsier.promql/1.
#pragma once

#include "plugins/alert/rules/group.hpp"
#include "tarsier/service.hpp"
#include "tarsier/service/promql.h"

namespace tarsier::rules {

class PromqlQuerier final : public Querier {
 public:
  PromqlQuerier(const Host& host, int64_t timeout_ns) : promql_(host, TARSIER_PROMQL_SERVICE), timeout_ns_(timeout_ns) {}

  Result<std::vector<Element>> query(const std::string& expression, int64_t time_ns) override;

 private:
  ServiceRef<tarsier_promql> promql_;
  int64_t timeout_ns_;
};

}  // namespace tarsier::rules
