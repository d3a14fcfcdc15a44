// Answers of queries are written while the client takes them, and given up when it does not.
#include "plugins/query/promql/api/query_sender.hpp"

#include <gtest/gtest.h>
#include <utility>

#include "plugins/lib/json/json_writer.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kSteps = 11'000;

/// A client that takes as many pieces as it is told to, and a scheduler whose time has come when the test says so.
class Client {
 public:
  Client() {
    http_.size = sizeof(http_);
    http_.respond = [](tarsier_exchange* exchange, uint32_t, const tarsier_pair*, uint32_t, tarsier_bytes all) {
      of(exchange).body = view(all);
      of(exchange).whole = true;
    };
    http_.begin = [](tarsier_exchange* exchange, uint32_t, const tarsier_pair*, uint32_t) { of(exchange).begun = true; };
    http_.write = [](tarsier_exchange* exchange, tarsier_bytes piece) -> tarsier_status {
      auto& self = of(exchange);
      if (self.gone) return TARSIER_CANCELLED;
      if (self.takes == 0) return TARSIER_AGAIN;
      --self.takes;
      self.body += view(piece);
      self.largest = std::max<size_t>(self.largest, piece.size);
      return TARSIER_OK;
    };
    http_.end = [](tarsier_exchange* exchange, int32_t broken) {
      (broken != 0 ? of(exchange).aborted : of(exchange).ended) = true;
    };
    http_.on_writable = [](tarsier_exchange* exchange, void* user, void (*fn)(void*)) { of(exchange).waiting_ = {fn, user}; };
    scheduler_.size = sizeof(scheduler_);
    scheduler_.after = [](const tarsier_host* raw, int64_t delay, const tarsier_job* job, tarsier_timer** out,
                          tarsier_error*) -> tarsier_status {
      auto& self = *static_cast<Client*>(raw->ctx);
      self.delay_ns = delay;
      self.job_ = *job;
      *out = reinterpret_cast<tarsier_timer*>(&self);
      return TARSIER_OK;
    };
    scheduler_.cancel = [](tarsier_timer* timer) { reinterpret_cast<Client*>(timer)->job_ = {}; };
    raw_.ctx = this;
    host.scheduler = &scheduler_;
  }
  http::Exchange exchange() { return {&http_, reinterpret_cast<tarsier_exchange*>(this)}; }
  /// There is room for so many pieces more.
  void take(size_t pieces) {
    takes = pieces;
    const auto [fn, user] = std::exchange(waiting_, {});
    fn(user);
  }
  bool waited_for() const { return waiting_.first != nullptr; }
  bool has_timer() const { return job_.run != nullptr; }
  void let_time_pass() { job_.run(job_.user); }

  std::string body;
  size_t takes = 0, largest = 0;
  int64_t delay_ns = 0;
  bool begun = false, ended = false, aborted = false, whole = false, gone = false;

 private:
  static Client& of(tarsier_exchange* exchange) { return *reinterpret_cast<Client*>(exchange); }
  tarsier_http http_{};
  tarsier_scheduler scheduler_{};
  tarsier_job job_{};
  tarsier_host raw_{};
  std::pair<void (*)(void*), void*> waiting_{};

 public:
  Host host{&raw_};
};

/// A range query's answer of that many series.
std::shared_ptr<QueryAnswer> answer_of(size_t series) {
  auto answer = std::make_shared<QueryAnswer>();
  answer->type = ValueType::kVector;
  answer->range = true;
  answer->step_ns = kSecond;
  answer->timeout_ns = 7 * kSecond;
  answer->warnings = {"careful"};
  for (size_t i = 0; i < series; ++i) {
    Series made;
    made.first = i;
    made.values.assign(kSteps - i, static_cast<double>(i));
    answer->series.push_back(std::move(made));
  }
  return answer;
}

std::string text_of(const QueryAnswer& answer) {
  json::Writer json;
  json.begin_object().key("status").string("success").key("data");
  AnswerWriter writer(answer, Stats::kNone);
  while (writer.write_some(json)) {
  }
  return json.text() + R"(,"warnings":["careful"]})";
}

class QuerySenderTest : public testing::Test {
 protected:
  void send(std::shared_ptr<QueryAnswer> answer) {
    auto place = std::make_shared<int>(0);
    answer_ = answer;
    place_ = place;
    QuerySender::start(client_.host, client_.exchange(), std::move(answer), Stats::kNone, std::move(place));
  }
  Client client_;
  std::weak_ptr<QueryAnswer> answer_;
  std::weak_ptr<void> place_;
};

TEST_F(QuerySenderTest, AnswersAtOnceWhatIsSmall) {
  auto small = answer_of(1);
  small->series[0].values.resize(2);
  const std::string text = text_of(*small);
  send(std::move(small));
  EXPECT_TRUE(client_.whole);
  EXPECT_FALSE(client_.begun);
  EXPECT_EQ(client_.body, text);
  EXPECT_TRUE(place_.expired());
  EXPECT_TRUE(answer_.expired());
}

TEST_F(QuerySenderTest, WritesWhileTheClientTakes) {
  auto large = answer_of(10);
  const std::string text = text_of(*large);
  send(std::move(large));
  EXPECT_TRUE(client_.begun);
  EXPECT_EQ(client_.delay_ns, 7 * kSecond);
  size_t turns = 0;
  for (; client_.waited_for(); ++turns) {
    EXPECT_FALSE(place_.expired()) << "the turn lasts while the answer is written";
    client_.take(3);
  }
  EXPECT_GT(turns, 5U);
  EXPECT_LT(client_.largest, size_t{256} << 10U);
  EXPECT_TRUE(client_.ended);
  EXPECT_FALSE(client_.aborted);
  EXPECT_EQ(client_.body, text);
  EXPECT_TRUE(place_.expired());
  EXPECT_TRUE(answer_.expired());
  EXPECT_FALSE(client_.has_timer());
}

TEST_F(QuerySenderTest, GivesUpClientsThatTakeNothing) {
  send(answer_of(10));
  client_.take(1);
  ASSERT_TRUE(client_.waited_for());
  client_.let_time_pass();
  EXPECT_TRUE(place_.expired());
  EXPECT_TRUE(answer_.expired());
  EXPECT_FALSE(client_.ended || client_.aborted);
  client_.take(100);
  EXPECT_TRUE(client_.aborted) << "the client must not think that this was all";
}

TEST_F(QuerySenderTest, EndsWhenTheClientIsGone) {
  send(answer_of(10));
  client_.gone = true;
  client_.take(0);
  EXPECT_TRUE(client_.aborted);
  EXPECT_TRUE(place_.expired());
  EXPECT_TRUE(answer_.expired());
}

}  // namespace
}  // namespace tarsier::promql
