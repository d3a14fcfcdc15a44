// What the service tells of the retention.
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

class Retention : public StoreFixture {
 protected:
  tarsier_store_retention told(uint32_t size = sizeof(tarsier_store_retention)) {
    tarsier_store_retention out{};
    out.size = size;
    tarsier_error error = empty_error();
    EXPECT_EQ(service_->table()->retention(service_->table()->self, &out, &error), TARSIER_OK);
    return out;
  }
};

TEST_F(Retention, IsToldAsItIsConfigured) {
  options_.retention_ns = 20 * 24 * kHourNs;
  options_.retention_bytes = 3 << 20;
  open();
  EXPECT_EQ(told().time_ns, 20 * 24 * kHourNs);
  EXPECT_EQ(told().bytes, uint64_t{3 << 20});
}

TEST_F(Retention, IsToldAsFarAsTheCallerKnowsIt) {
  options_.retention_bytes = 3 << 20;
  open();
  const auto out = told(offsetof(tarsier_store_retention, bytes));
  EXPECT_EQ(out.time_ns, options_.retention_ns);
  EXPECT_EQ(out.bytes, 0U);
}

}  // namespace
}  // namespace tarsier::samples::test
