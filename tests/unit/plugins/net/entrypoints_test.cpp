// Entrypoints from one configuration to the next.
#include "plugins/net/entrypoints.hpp"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "plugins/net/work_queue.hpp"
#include "tests/unit/plugins/net/made_up_host.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;

struct Changing : ::testing::Test {
  MadeUpHost world;
  MadeUpHost::Instance& net = world.add("net");
  MemoryLog log;
  WorkQueue queue{*net.host};
  NetMetrics metrics{*net.host};
  Router router;
  HeldRequests held{*net.host};
  IoThreads threads{1};
  Entrypoints entrypoints{*net.host,
                          {&threads, &queue, &log, &router, &held, &metrics, [](const Request&, const RequestRecord&) {}}};
  AccessPolicy access;
  std::promise<std::shared_ptr<Exchange>> handed;

  void SetUp() override {
    add("/a", [](const auto& exchange) { exchange->respond(text_answer(200, exchange->request().entrypoint)); });
    add("/wait", [this](const auto& exchange) { handed.set_value(exchange); });
  }
  void TearDown() override {
    entrypoints.stop(std::chrono::steady_clock::now() + 20s);
    world.workers.stop();
  }
  void add(const std::string& pattern, std::function<void(const std::shared_ptr<Exchange>&)> serve) {
    auto route = std::make_shared<PluginRoute>();
    route->pattern = pattern;
    route->methods = TARSIER_HTTP_GET;
    route->serve = [serve = std::move(serve)](const auto& exchange, const auto&) {
      serve(exchange);
      return true;
    };
    ASSERT_TRUE(router.add(route).ok());
  }
  /// A port that was free a moment ago.
  static uint16_t free_port() { return Site().port; }
  static EntrypointSettings at(const std::string& name, uint16_t port) {
    EntrypointSettings settings;
    settings.name = name;
    settings.address = "127.0.0.1:" + std::to_string(port);
    return settings;
  }
  static void ask(Raw& raw, const std::string& path) { raw.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"); }
};

TEST_F(Changing, LeavesAloneWhatStaysTheSame) {
  const EntrypointSettings first = at("first", free_port());
  EntrypointSettings second = at("second", free_port());
  ASSERT_TRUE(entrypoints.apply({first, second}, access).ok());
  Raw kept(static_cast<uint16_t>(std::stoi(first.address.substr(10))));
  ask(kept, "/a");
  EXPECT_THAT(kept.read_answer(), EndsWith("first\n"));
  second.limits.max_body_bytes = 5;
  ASSERT_TRUE(entrypoints.apply({first, second}, access).ok());
  ask(kept, "/a");  // the connection is still the same
  EXPECT_THAT(kept.read_answer(), EndsWith("first\n"));
}

TEST_F(Changing, LetsAChangedOneFinishItsAnswersOnTheSameAddress) {
  const uint16_t port = free_port();
  EntrypointSettings settings = at("before", port);
  ASSERT_TRUE(entrypoints.apply({settings}, access).ok());
  Raw busy(port);
  ask(busy, "/wait");
  const auto exchange = handed.get_future().get();
  settings.name = "after";
  ASSERT_TRUE(entrypoints.apply({settings}, access).ok());
  Raw next(port);
  ask(next, "/a");
  EXPECT_THAT(next.read_answer(), EndsWith("after\n"));
  exchange->respond(text_answer(200, "finished"));
  EXPECT_THAT(busy.read_to_end(), HasSubstr("finished"));
}

TEST_F(Changing, HandsOverWithoutCuttingAnAnswer) {
  const uint16_t port = free_port();
  ASSERT_TRUE(entrypoints.apply({at("old", port)}, access).ok());
  Raw busy(port), idle(port), fresh(port);
  ask(busy, "/wait");
  ask(idle, "/a");
  EXPECT_THAT(idle.read_answer(), EndsWith("old\n"));
  const auto exchange = handed.get_future().get();
  Entrypoints successor{*net.host, {&threads, &queue, &log, &router, &held, &metrics, [](const Request&, const RequestRecord&) {}}};
  ASSERT_TRUE(successor.apply({at("new", port)}, access).ok());
  std::thread handing_over([&] { entrypoints.hand_over(std::chrono::steady_clock::now() + 20s); });
  EXPECT_EQ(idle.read_to_end(), "") << "a connection that owes nothing goes";
  ask(fresh, "/a");
  EXPECT_THAT(fresh.read_to_end(), EndsWith("old\n")) << "one that has only just come is answered first";
  exchange->respond(text_answer(200, "finished"));
  EXPECT_THAT(busy.read_to_end(), HasSubstr("finished"));
  handing_over.join();
  Raw next(port);
  ask(next, "/a");
  EXPECT_THAT(next.read_answer(), EndsWith("new\n"));
  successor.stop(std::chrono::steady_clock::now() + 20s);
}

TEST_F(Changing, LeavesOutWhatIsOptionalAndCannotBeOpenedUntilItCan) {
  const EntrypointSettings first = at("first", free_port());
  EntrypointSettings taken = at("otlp-grpc", free_port());
  taken.address = "192.0.2.1:4317";  // an address that no machine has
  taken.optional = true;
  ASSERT_TRUE(entrypoints.apply({taken, first}, access).ok());
  Raw raw(static_cast<uint16_t>(std::stoi(first.address.substr(10))));
  ask(raw, "/a");
  EXPECT_THAT(raw.read_answer(), EndsWith("first\n"));
  taken.address = at("", free_port()).address;
  ASSERT_TRUE(entrypoints.apply({taken, first}, access).ok());
  Raw other(static_cast<uint16_t>(std::stoi(taken.address.substr(10))));
  ask(other, "/a");
  EXPECT_THAT(other.read_answer(), EndsWith("otlp-grpc\n"));
}

TEST_F(Changing, ChangesNothingWhenOneCannotBeOpened) {
  const EntrypointSettings first = at("first", free_port());
  ASSERT_TRUE(entrypoints.apply({first}, access).ok());
  EntrypointSettings bad = at("bad", 1);
  bad.address = "192.0.2.1:1";  // an address that no machine has
  const auto applied = entrypoints.apply({at("other", free_port()), bad}, access);
  ASSERT_FALSE(applied.ok());
  EXPECT_THAT(applied.error().message(), HasSubstr("entrypoint bad: listen on 192.0.2.1:1"));
  Raw raw(static_cast<uint16_t>(std::stoi(first.address.substr(10))));
  ask(raw, "/a");
  EXPECT_THAT(raw.read_answer(), EndsWith("first\n"));
}

}  // namespace
}  // namespace tarsier::net::test
