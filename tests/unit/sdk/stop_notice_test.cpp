#include "tarsier/stop_notice.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace tarsier {
namespace {

/// A scheduler that keeps jobs and drops them when the test says so.
class StopNoticeTest : public testing::Test {
 protected:
  StopNoticeTest() {
    scheduler_.size = sizeof(scheduler_);
    scheduler_.after = [](const tarsier_host* raw, int64_t, const tarsier_job* job, tarsier_timer** out, tarsier_error* error) {
      auto& self = *static_cast<StopNoticeTest*>(raw->ctx);
      if (self.stopped_) return Error::unavailable("the instance is stopped").to_c(error);
      EXPECT_EQ(out, nullptr) << "a job with a handle is not dropped";
      self.jobs_.push_back(*job);
      return tarsier_status{TARSIER_OK};
    };
    raw_.ctx = this;
    host_.scheduler = &scheduler_;
  }
  ~StopNoticeTest() override { stop(); }
  void stop() {
    stopped_ = true;
    for (const tarsier_job& job : std::exchange(jobs_, {})) job.drop(job.user);
  }
  StopNotice ask() {
    auto asked = StopNotice::ask(host_, "stop", [this] { ++told_; });
    EXPECT_TRUE(asked);
    return std::move(*asked);
  }

  int told_ = 0;
  bool stopped_ = false;
  std::vector<tarsier_job> jobs_;
  tarsier_scheduler scheduler_{};
  tarsier_host raw_{};
  Host host_{&raw_};
};

TEST_F(StopNoticeTest, ComesOnceWhenTheInstanceStops) {
  const StopNotice notice = ask();
  EXPECT_EQ(told_, 0);
  stop();
  EXPECT_EQ(told_, 1);
}

TEST_F(StopNoticeTest, DoesNotComeAfterItWasGivenUp) {
  {
    const StopNotice notice = ask();
  }
  StopNotice other = ask();
  other.reset();
  EXPECT_FALSE(other);
  stop();
  EXPECT_EQ(told_, 0);
}

TEST_F(StopNoticeTest, ComesToWhereItWasMoved) {
  StopNotice first = ask();
  const StopNotice second = std::move(first);
  EXPECT_TRUE(second);
  stop();
  EXPECT_EQ(told_, 1);
}

TEST_F(StopNoticeTest, IsRefusedWhenTheInstanceIsStoppedAlready) {
  stop();
  const auto late = StopNotice::ask(host_, "stop", [this] { ++told_; });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), TARSIER_UNAVAILABLE);
  EXPECT_EQ(told_, 0);
}

TEST_F(StopNoticeTest, FreesWhatItsClosureHolds) {
  const auto alive = std::make_shared<int>(0);
  auto notice = StopNotice::ask(host_, "stop", [alive] {});
  EXPECT_EQ(alive.use_count(), 2);
  notice->reset();
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace tarsier
