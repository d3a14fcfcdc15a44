// Subscribers hear of each change; those that hang or leave are let go.
#include "plugins/query/promql/api/notifications.hpp"

#include <deque>
#include <gtest/gtest.h>

namespace tarsier::promql {
namespace {

struct Client {
  std::string body;
  uint32_t code = 0;
  bool gone = false, hangs = false, ended = false, aborted = false;
};

class NotificationsTest : public testing::Test {
 protected:
  NotificationsTest() {
    http_.size = sizeof(http_);
    http_.respond = [](tarsier_exchange* exchange, uint32_t code, const tarsier_pair*, uint32_t, tarsier_bytes) {
      of(exchange).code = code;
      of(exchange).ended = true;
    };
    http_.begin = [](tarsier_exchange* exchange, uint32_t code, const tarsier_pair*, uint32_t) { of(exchange).code = code; };
    http_.write = [](tarsier_exchange* exchange, tarsier_bytes piece) -> tarsier_status {
      if (of(exchange).hangs) return TARSIER_AGAIN;
      of(exchange).body += view(piece);
      return TARSIER_OK;
    };
    http_.end = [](tarsier_exchange* exchange, int32_t aborted) {
      of(exchange).ended = true;
      of(exchange).aborted = aborted != 0;
    };
    http_.cancelled = [](tarsier_exchange* exchange) -> int32_t { return of(exchange).gone ? 1 : 0; };
    scheduler_.size = sizeof(scheduler_);
    scheduler_.every = [](const tarsier_host* raw, const tarsier_timer_spec* spec, tarsier_timer** out,
                          tarsier_error*) -> tarsier_status {
      auto& self = *static_cast<NotificationsTest*>(raw->ctx);
      self.job_ = spec->job;
      *out = reinterpret_cast<tarsier_timer*>(&self);
      return TARSIER_OK;
    };
    scheduler_.after = [](const tarsier_host* raw, int64_t, const tarsier_job* job, tarsier_timer**,
                          tarsier_error*) -> tarsier_status {
      static_cast<NotificationsTest*>(raw->ctx)->at_stop_ = *job;
      return TARSIER_OK;
    };
    scheduler_.cancel = [](tarsier_timer* timer) { reinterpret_cast<NotificationsTest*>(timer)->job_ = {}; };
    clock_.size = sizeof(clock_);
    clock_.wall_ns = [](const tarsier_host*) -> int64_t { return 1'000'000'000; };
    raw_.ctx = this;
    host_.scheduler = &scheduler_;
    host_.clock = &clock_;
    notifications_.emplace(host_, [this]() -> Result<HostState> {
      HostState state;
      state.config_ok = config_ok_;
      return state;
    });
  }
  ~NotificationsTest() override { host_stops(); }
  void host_stops() {
    const tarsier_job job = std::exchange(at_stop_, {});
    if (job.drop != nullptr) job.drop(job.user);
  }
  Client& subscribe(uint32_t method = TARSIER_HTTP_GET) {
    Client& client = clients_.emplace_back();
    tarsier_http_request request{};
    request.method = method;
    notifications_->subscribe(http::Request(&request), {&http_, reinterpret_cast<tarsier_exchange*>(&client)});
    return client;
  }
  void config_is(bool ok) {
    config_ok_ = ok;
    look();
  }
  void look() { job_.run(job_.user); }

  static constexpr const char* kHello = ":\n\n";  // headers arrive with it
  static constexpr const char* kFailed =
      "data: {\"text\":\"Configuration reload has failed.\",\"date\":\"1970-01-01T00:00:01Z\",\"active\":true}\n\n";
  static constexpr const char* kOver =
      "data: {\"text\":\"Configuration reload has failed.\",\"date\":\"1970-01-01T00:00:01Z\",\"active\":false}\n\n";

  std::deque<Client> clients_;
  bool config_ok_ = true;
  tarsier_job job_{}, at_stop_{};

 private:
  static Client& of(tarsier_exchange* exchange) { return *reinterpret_cast<Client*>(exchange); }
  tarsier_http http_{};
  tarsier_scheduler scheduler_{};
  tarsier_clock clock_{};
  tarsier_host raw_{};
  Host host_{&raw_};

 protected:
  std::optional<Notifications> notifications_;
};

TEST_F(NotificationsTest, TellsWhatHoldsAndEachChangeOnce) {
  Client& early = subscribe();
  EXPECT_EQ(early.code, 200U);
  look();
  EXPECT_EQ(early.body, kHello);
  config_is(false);
  look();
  EXPECT_EQ(early.body, std::string(kHello) + kFailed);
  const Client& late = subscribe();
  EXPECT_EQ(late.body, std::string(kHello) + kFailed);
  config_is(true);
  EXPECT_EQ(late.body, std::string(kHello) + kFailed + kOver);
  EXPECT_EQ(early.body, late.body);
}

TEST_F(NotificationsTest, AnswersThoseThatOnlyAsk) {
  const auto asked = [this] {
    json::Writer json;
    EXPECT_TRUE(notifications_->write(json));
    return json.take();
  };
  EXPECT_EQ(asked(), "[]");
  config_ok_ = false;
  EXPECT_EQ(asked(), R"([{"text":"Configuration reload has failed.","date":"1970-01-01T00:00:01Z","active":true}])");
}

TEST_F(NotificationsTest, EndsTheStreamsWhenTheHostSaysThatItStops) {
  const Client& client = subscribe();
  host_stops();
  EXPECT_TRUE(client.ended);
  EXPECT_FALSE(client.aborted);
  EXPECT_EQ(subscribe().code, 503U);
}

TEST_F(NotificationsTest, HasRoomForSixteen) {
  for (size_t i = 0; i < Notifications::kMaxSubscribers; ++i) EXPECT_EQ(subscribe().code, 200U);
  EXPECT_EQ(subscribe().code, 204U);
  clients_.front().gone = true;
  EXPECT_EQ(subscribe().code, 200U) << "the place of one that left is free";
  EXPECT_TRUE(clients_.front().ended);
}

TEST_F(NotificationsTest, CutsOffWhoTakesNothing) {
  Client& one = subscribe();
  const Client& other = subscribe();
  one.hangs = true;
  config_is(false);
  EXPECT_TRUE(one.ended && one.aborted);
  EXPECT_EQ(other.body, std::string(kHello) + kFailed);
  EXPECT_FALSE(other.ended);
}

TEST_F(NotificationsTest, GivesASignOfLifeNowAndThen) {
  const Client& client = subscribe();
  for (int i = 0; i < 30; ++i) look();
  EXPECT_EQ(client.body, ":\n\n:\n\n:\n\n");
}

TEST_F(NotificationsTest, DoesNotKeepWhoAsksForTheHeadOnly) { EXPECT_TRUE(subscribe(TARSIER_HTTP_HEAD).ended); }

TEST_F(NotificationsTest, EndsTheStreamsWhenItEnds) {
  const Client& client = subscribe();
  notifications_.reset();
  EXPECT_TRUE(client.ended && !client.aborted);
  EXPECT_EQ(job_.run, nullptr);
  host_stops();  // of no interest any more
}

}  // namespace
}  // namespace tarsier::promql
