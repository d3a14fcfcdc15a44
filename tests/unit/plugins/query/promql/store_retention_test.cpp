#include "plugins/query/promql/api/store_retention.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace tarsier::promql {
namespace {

constexpr int64_t kHour = int64_t{3600} * 1'000'000'000;
constexpr uint64_t kMiB = uint64_t{1} << 20U;

TEST(StoreRetention, IsWrittenAsPrometheusDoes) {
  EXPECT_EQ((StoreRetention{15 * 24 * kHour, 10 * 1024 * kMiB}.text()), "15d or 10GiB");
  EXPECT_EQ((StoreRetention{14 * 24 * kHour, 1'000'000}.text()), "2w or 976KiB576B");
  EXPECT_EQ((StoreRetention{36 * kHour, 0}.text()), "1d12h");
  EXPECT_EQ((StoreRetention{0, 1536 * kMiB}.text()), "1GiB512MiB");
  EXPECT_EQ(StoreRetention{}.text(), "");
  EXPECT_EQ(StoreRetention{}.time_text(), "0s");
  EXPECT_EQ(StoreRetention{}.size_text(), "0B");
  EXPECT_EQ((StoreRetention{0, std::numeric_limits<uint64_t>::max()}.size_text()), "15EiB1023PiB1023TiB1023GiB1023MiB1023KiB1023B");
}

TEST(StoreRetention, IsWhatTheStoreTells) {
  tarsier_samples_store store{};
  store.size = sizeof(store);
  store.retention = [](void*, tarsier_store_retention* out, tarsier_error*) -> tarsier_status {
    out->time_ns = kHour;
    out->bytes = kMiB;
    return TARSIER_OK;
  };
  const auto told = StoreRetention::of(store);
  ASSERT_TRUE(told && *told);
  EXPECT_EQ((*told)->text(), "1h or 1MiB");
}

TEST(StoreRetention, IsNotKnownOfAStoreThatDoesNotTell) {
  tarsier_samples_store store{};
  store.size = sizeof(store);
  EXPECT_EQ(*StoreRetention::of(store), std::nullopt);
  store.size = offsetof(tarsier_samples_store, retention);  // of an older contract
  EXPECT_EQ(*StoreRetention::of(store), std::nullopt);
}

TEST(StoreRetention, IsAnErrorWhenTheStoreFails) {
  tarsier_samples_store store{};
  store.size = sizeof(store);
  store.retention = [](void*, tarsier_store_retention*, tarsier_error* error) { return Error::internal("no luck").to_c(error); };
  const auto told = StoreRetention::of(store);
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().message(), "no luck");
}

}  // namespace
}  // namespace tarsier::promql
