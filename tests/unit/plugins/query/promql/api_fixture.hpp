// ApiFixture: the handlers of the Prometheus API on a fake host, over whatever store a test puts there.
#pragma once

#include <gtest/gtest.h>

#include "plugins/query/promql/api/handlers.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::promql::test {

class ApiFixture : public testing::Test {
 protected:
  /// Before the first question.
  void serve(const tarsier_samples_store& store) {
    fake_.offered[TARSIER_SAMPLES_STORE_SERVICE] = &store;
    store_ = ServiceRef<tarsier_samples_store>(host_, TARSIER_SAMPLES_STORE_SERVICE);
    const auto added = api_.add_routes(routes_);
    ASSERT_TRUE(added) << added.error().message();
  }

  fake::FakeHost fake_;
  Host raw_host_{fake_.raw()};
  const Host& host_ = fake::attached(raw_host_);
  Engine engine_{{}, [] { return int64_t{0}; }};
  ServiceRef<tarsier_samples_store> store_;
  Api api_{host_, engine_, store_};
  http::Routes routes_{host_};
};

}  // namespace tarsier::promql::test
