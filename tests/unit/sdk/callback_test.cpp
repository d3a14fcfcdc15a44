#include "tarsier/callback.hpp"

#include <gtest/gtest.h>
#include <memory>

namespace tarsier {
namespace {

TEST(Callback, IsFreedAtOnceWhenRetiredFromOutside) {
  const auto alive = std::make_shared<int>(0);
  auto* callback = Callback<>::make([alive] {});
  EXPECT_EQ(alive.use_count(), 2);
  callback->retire();
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(Callback, OutlivesItsOwnCallWhenRetiredWithin) {
  const auto alive = std::make_shared<int>(0);
  Callback<>* callback = nullptr;
  callback = Callback<>::make([&callback, alive] {
    callback->retire();
    EXPECT_GE(alive.use_count(), 2) << "the closure is still there while it runs";
  });
  (*callback)();
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace tarsier
