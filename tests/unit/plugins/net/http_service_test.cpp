// The table as plugins use it: over real sockets, with a host that enters, revokes and drains.
#include "plugins/net/http_service.hpp"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/lib/http/compression.hpp"
#include "plugins/net/builtin_routes.hpp"
#include "plugins/net/dispatcher.hpp"
#include "plugins/net/work_queue.hpp"
#include "tests/unit/plugins/lib/http/http2_peer.hpp"
#include "tests/unit/plugins/net/made_up_host.hpp"

namespace tarsier::net::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

using Handler = std::function<void(const tarsier_http_request*, tarsier_exchange*)>;

struct Service : ::testing::Test {
  MadeUpHost world;
  MadeUpHost::Instance& net = world.add("net");
  MadeUpHost::Instance& plugin = world.add("promql");
  MemoryLog log;
  Router router;
  HeldRequests held{*net.host};
  WorkQueue queue{*net.host};
  Owners owners{*net.host, router};
  BuiltinRoutes builtin{*net.host, [] {}};
  std::shared_ptr<const AccessPolicy> access = std::make_shared<const AccessPolicy>(AccessPolicy{false, {}, {"*"}});
  IoThreads threads{1};
  Dispatcher dispatcher{DispatchContext{&router,
                                        &queue,
                                        &held,
                                        access,
                                        [] { return true; },
                                        [this](std::string_view instance) { return net.host->in_transit(instance); },
                                        {}},
                        "prometheus",
                        {"*"}};
  Client client{threads, queue, {}};
  Server server{threads, queue, log};
  HttpService service{*net.host, owners, client};
  const tarsier_http& http = service.table;
  std::string address;
  uint16_t port = 0;
  std::list<Handler> handlers;

  void SetUp() override {
    ASSERT_TRUE(builtin.add_to(router).ok());
    EntrypointOptions options;
    options.name = "prometheus";
    options.address = "127.0.0.1:0";
    address = *server.listen(options, dispatcher);
    port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  void TearDown() override {
    held.close();
    EXPECT_TRUE(world.quiesce(plugin));
    owners.let_go();
    server.stop(std::chrono::steady_clock::now() + 20s);
    client.stop();
    world.workers.stop();
    EXPECT_EQ(0U, owners.owed());
  }
  Result<tarsier_route*> route(const std::string& pattern, Handler handler, MadeUpHost::Instance* owner = nullptr,
                               uint32_t flags = 0) {
    handlers.push_back(std::move(handler));
    tarsier_route_spec spec{};
    spec.size = sizeof(spec);
    spec.methods = TARSIER_HTTP_GET | TARSIER_HTTP_POST;
    spec.flags = flags;
    spec.api = str("prometheus");
    spec.pattern = str(pattern);
    spec.permission = str("metrics:read");
    spec.user = &handlers.back();
    spec.handler = [](void* user, const tarsier_http_request* request, tarsier_exchange* exchange) {
      (*static_cast<Handler*>(user))(request, exchange);
    };
    tarsier_route* made = nullptr;
    tarsier_error error = empty_error();
    const auto status = http.add_route(http.self, &(owner != nullptr ? owner : &plugin)->raw, &spec, &made, &error);
    if (status != TARSIER_OK) return Error::from_c(status, error);
    return made;
  }
  Handler text(std::string body) {
    return [this, body = std::move(body)](const tarsier_http_request*, tarsier_exchange* exchange) {
      http.respond(exchange, 200, nullptr, 0, bytes(body));
    };
  }
  std::string get(const std::string& path, const std::string& method = "GET") {
    Raw raw(port);
    raw.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    return raw.read_to_end();
  }
};

TEST_F(Service, GivesHandlersTheRequestAndTakesTheirAnswer) {
  ASSERT_TRUE(route("/api/v1/label/:/values", [this](const tarsier_http_request* request, tarsier_exchange* exchange) {
                std::string body;
                for (const tarsier_str part : {request->path, request->query, request->path_args[0], request->entrypoint}) {
                  body += std::string(view(part)) + "|";
                }
                for (uint32_t i = 0; i < request->header_count; ++i) {
                  if (view(request->headers[i].name) == "host") body += view(request->headers[i].value);
                }
                const tarsier_pair type = {str("Content-Type"), str("text/plain")};
                http.respond(exchange, 201, &type, 1, bytes(body));
              }).ok());
  const std::string answer = get("/api/v1/label/a%2Fb/values?x=1");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 201 Created"));
  EXPECT_THAT(answer, HasSubstr("Vary: Origin\r\n"));
  EXPECT_THAT(answer, EndsWith("/api/v1/label/a/b/values|x=1|a/b|prometheus|localhost"));
}

TEST_F(Service, LeavesTheBodyAsItWasSentToARouteThatWantsIt) {
  const Handler echo = [this](const tarsier_http_request* request, tarsier_exchange* exchange) {
    http.respond(exchange, 200, nullptr, 0, request->body);
  };
  ASSERT_TRUE(route("/as_sent", echo, nullptr, TARSIER_ROUTE_BODY_AS_SENT).ok());
  ASSERT_TRUE(route("/unpacked", echo).ok());
  const auto post = [this](const std::string& path, const std::string& coding, const std::string& body) {
    Raw raw(port);
    raw.send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Encoding: " + coding +
             "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return raw.read_to_end();
  };
  const std::string packed = *compress(Encoding::gzip, "packed body");
  EXPECT_THAT(post("/as_sent", "gzip", packed), EndsWith("\r\n\r\n" + packed));
  EXPECT_THAT(post("/as_sent", "gzip", "no gzip"), EndsWith("\r\n\r\nno gzip"));
  EXPECT_THAT(post("/as_sent", "br", "anything"), EndsWith("\r\n\r\nanything"));
  EXPECT_THAT(post("/unpacked", "gzip", packed), EndsWith("\r\n\r\npacked body"));
  EXPECT_THAT(post("/unpacked", "gzip", "no gzip"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(post("/unpacked", "br", "anything"), StartsWith("HTTP/1.1 415"));
}

TEST_F(Service, TakesAnswersLaterAndFromAnotherThread) {
  std::promise<tarsier_exchange*> handed;
  ASSERT_TRUE(route("/later", [&](const tarsier_http_request*, tarsier_exchange* exchange) { handed.set_value(exchange); }).ok());
  auto answer = std::async(std::launch::async, [&] { return get("/later"); });
  tarsier_exchange* exchange = handed.get_future().get();
  EXPECT_EQ(0, http.cancelled(exchange));
  http.begin(exchange, 200, nullptr, 0);
  EXPECT_EQ(TARSIER_OK, http.write(exchange, bytes("streamed")));
  http.end(exchange, 0);
  EXPECT_THAT(answer.get(), HasSubstr("8\r\nstreamed\r\n0\r\n\r\n"));
}

TEST_F(Service, AnswersReadinessReloadAndMetrics) {
  EXPECT_THAT(get("/-/ready"), EndsWith("Tarsier is Ready.\n"));
  EXPECT_THAT(get("/-/healthy"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get("/metrics"), EndsWith("tarsier_up 1\n"));
  EXPECT_THAT(get("/-/reload"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(get("/-/reload", "POST"), StartsWith("HTTP/1.1 200"));
  world.reload_status = TARSIER_INVALID;
  world.reload_findings = "tarsier.toml:3:1: expected a duration\n";
  const std::string failed = get("/-/reload", "PUT");
  EXPECT_THAT(failed, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(failed, HasSubstr("tarsier.toml:3:1: expected a duration"));
  world.not_running = "alerts: failed: no luck\nrules: refused\n";
  EXPECT_THAT(get("/-/ready"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(get("/-/ready"), EndsWith("Service Unavailable\nalerts: failed: no luck\nrules: refused\n"));
  EXPECT_THAT(get("/-/healthy"), StartsWith("HTTP/1.1 200"));
  world.ready = false;
  EXPECT_THAT(get("/-/ready"), EndsWith("Service Unavailable\nthe host is starting or stopping\n"));
}

TEST_F(Service, DoesNotCallARemovedRoute) {
  const auto made = route("/a", text("x"));
  EXPECT_THAT(get("/a"), EndsWith("x"));
  http.remove_route(http.self, *made);
  EXPECT_THAT(get("/a"), StartsWith("HTTP/1.1 404"));
}

TEST_F(Service, LetsAHandlerRemoveItsOwnRoute) {
  tarsier_route* made = nullptr;
  made = *route("/once", [&](const tarsier_http_request*, tarsier_exchange* exchange) {
    http.remove_route(http.self, made);
    http.respond(exchange, 200, nullptr, 0, bytes("once"));
  });
  EXPECT_THAT(get("/once"), EndsWith("once"));
  EXPECT_THAT(get("/once"), StartsWith("HTTP/1.1 404"));
}

TEST_F(Service, AnswersForAHandlerThatThrows) {
  ASSERT_TRUE(route("/a", [](const auto*, auto*) { throw std::runtime_error("no more memory"); }).ok());
  EXPECT_THAT(get("/a"), AllOf(StartsWith("HTTP/1.1 500"), EndsWith("promql: no more memory\n")));
  ASSERT_TRUE(route("/b", [this](const auto*, tarsier_exchange* exchange) {
                http.begin(exchange, 200, nullptr, 0);
                throw 1;
              }).ok());
  EXPECT_THAT(get("/b"), StartsWith("HTTP/1.1 200")) << "and then the connection breaks off";
  EXPECT_TRUE(world.quiesce(plugin)) << "nothing of it is still open";
  MadeUpHost::reopen(plugin);
}

TEST_F(Service, EndsWhatAStoppingPluginHolds) {
  ASSERT_TRUE(route("/a", text("x")).ok());
  EXPECT_THAT(get("/a"), EndsWith("x"));
  EXPECT_TRUE(world.quiesce(plugin));
  EXPECT_THAT(get("/a"), StartsWith("HTTP/1.1 404"));
  EXPECT_FALSE(route("/b", text("x")).ok());
  MadeUpHost::reopen(plugin);
  ASSERT_TRUE(route("/a", text("again")).ok());
  EXPECT_THAT(get("/a"), EndsWith("again"));
}

TEST_F(Service, HoldsRequestsWhileTheirPluginIsReplaced) {
  ASSERT_TRUE(route("/a", text("before")).ok());
  world.set_in_transit({"promql"});
  EXPECT_TRUE(world.quiesce(plugin));
  auto answer = std::async(std::launch::async, [&] { return get("/a"); });
  auto nowhere = std::async(std::launch::async, [&] { return get("/b"); });
  EXPECT_EQ(std::future_status::timeout, answer.wait_for(50ms)) << "it is held";
  MadeUpHost::reopen(plugin);
  ASSERT_TRUE(route("/a", [this](const tarsier_http_request* request, tarsier_exchange* exchange) {
                http.respond(exchange, 200, nullptr, 0, bytes("after " + std::string(view(request->path))));
              }).ok());
  world.set_in_transit({});
  EXPECT_THAT(answer.get(), EndsWith("after /a"));
  EXPECT_THAT(nowhere.get(), StartsWith("HTTP/1.1 404"));
}

TEST_F(Service, HoldsRequestsOfAPluginThatUsesWhatIsReplaced) {
  std::atomic<int> calls = 0;
  ASSERT_TRUE(route("/a", [&](const tarsier_http_request*, tarsier_exchange* exchange) {
                ++calls;
                http.respond(exchange, 200, nullptr, 0, bytes("x"));
              }).ok());
  world.set_in_transit({"samples", "promql"});  // promql refers to what samples offers
  auto answer = std::async(std::launch::async, [&] { return get("/a"); });
  EXPECT_EQ(std::future_status::timeout, answer.wait_for(50ms));
  EXPECT_EQ(0, calls);
  world.set_in_transit({});
  EXPECT_THAT(answer.get(), EndsWith("x"));
}

TEST_F(Service, LetsGoOfHeldRequestsAtItsEnd) {
  world.set_in_transit({"promql"});
  auto answer = std::async(std::launch::async, [&] { return get("/a"); });
  EXPECT_EQ(std::future_status::timeout, answer.wait_for(20ms));
  held.close();
  EXPECT_THAT(answer.get(), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(get("/a"), StartsWith("HTTP/1.1 503")) << "and does not hold later ones";
}

TEST_F(Service, WaitsForAnswersThatAStoppingPluginOwes) {
  std::promise<tarsier_exchange*> handed;
  ASSERT_TRUE(route("/later", [&](const tarsier_http_request*, tarsier_exchange* exchange) { handed.set_value(exchange); }).ok());
  auto answer = std::async(std::launch::async, [&] { return get("/later"); });
  tarsier_exchange* exchange = handed.get_future().get();
  auto drained = std::async(std::launch::async, [&] { return world.quiesce(plugin); });
  while (http.cancelled(exchange) == 0) std::this_thread::yield();  // told, because the made-up host does not wait with "later"
  http.respond(exchange, 200, nullptr, 0, bytes("done"));
  EXPECT_TRUE(drained.get());
  EXPECT_THAT(answer.get(), EndsWith("done"));
}

TEST_F(Service, LetsAnUpgradedPluginTakeOverItsRoutes) {
  ASSERT_TRUE(route("/a", text("old")).ok());
  MadeUpHost::Instance& newer = world.add("promql");
  ASSERT_TRUE(route("/a", text("new"), &newer).ok());
  EXPECT_THAT(get("/a"), EndsWith("new"));
  EXPECT_TRUE(world.quiesce(plugin));
  EXPECT_THAT(get("/a"), EndsWith("new"));
  MadeUpHost::Instance& stranger = world.add("other");
  EXPECT_THAT(route("/a", text("theirs"), &stranger).error().message(), HasSubstr("exists already"));
  EXPECT_TRUE(world.quiesce(newer));
}

TEST_F(Service, CallsOtherServersForItsOwners) {
  ASSERT_TRUE(route("/a", text("over the wire")).ok());
  std::promise<std::string> ended;
  tarsier_http_client_request request{};
  request.size = sizeof(request);
  const std::string url = "http://" + address + "/a";
  request.url = str(url);
  tarsier_error error = empty_error();
  tarsier_http_call* call = nullptr;
  ASSERT_EQ(TARSIER_OK, http.request(
                            http.self, &plugin.raw, &request,
                            [](void* user, tarsier_status status, tarsier_str, const tarsier_http_client_response* response) {
                              static_cast<std::promise<std::string>*>(user)->set_value(
                                  status == TARSIER_OK ? std::string(view(response->body)) : "failed");
                            },
                            &ended, &call, &error));
  EXPECT_EQ("over the wire", ended.get_future().get());
  request.url = str("nonsense");
  EXPECT_EQ(TARSIER_INVALID, http.request(http.self, &plugin.raw, &request, nullptr, nullptr, nullptr, &error));
}

TEST_F(Service, CancelsCallsOfAStoppingPlugin) {
  MadeUpHost::Instance& other = world.add("scrape");
  std::promise<tarsier_exchange*> handed;
  ASSERT_TRUE(route("/wait", [&](const tarsier_http_request*, tarsier_exchange* exchange) { handed.set_value(exchange); }).ok());
  std::promise<tarsier_status> ended;
  tarsier_http_client_request request{};
  request.size = sizeof(request);
  const std::string url = "http://" + address + "/wait";
  request.url = str(url);
  ASSERT_EQ(TARSIER_OK, http.request(
                            http.self, &other.raw, &request,
                            [](void* user, tarsier_status status, tarsier_str, const tarsier_http_client_response*) {
                              static_cast<std::promise<tarsier_status>*>(user)->set_value(status);
                            },
                            &ended, nullptr, nullptr));
  tarsier_exchange* exchange = handed.get_future().get();
  EXPECT_TRUE(world.quiesce(other));
  EXPECT_EQ(TARSIER_CANCELLED, ended.get_future().get());
  http.respond(exchange, 200, nullptr, 0, bytes("late"));
}

/// Answers that are taken while they come.
class StreamsOfAPlugin : public Service {
 protected:
  void SetUp() override {
    Service::SetUp();
    ASSERT_TRUE(route("/pieces", [this](const tarsier_http_request*, tarsier_exchange* exchange) {
                  http.begin(exchange, 200, nullptr, 0);
                  http.write(exchange, bytes("one"));
                  handed_.set_value(exchange);
                }).ok());
    begin();
    exchange_ = handed_.get_future().get();
    wait_for("one");
  }
  void begin() {
    const std::string url = "http://" + address + "/pieces";
    tarsier_http_client_request request{};
    request.size = sizeof(request);
    request.url = str(url);
    tarsier_http_pieces pieces{};
    pieces.size = sizeof(pieces);
    pieces.on_piece = [](void* user, const tarsier_http_client_response* head, tarsier_bytes piece) -> tarsier_status {
      auto& self = *static_cast<StreamsOfAPlugin*>(user);
      if (head->code != 200 || head->body.size != 0) return TARSIER_INTERNAL;
      if (view(piece) == "enough") return TARSIER_RESOURCE;
      const std::lock_guard lock(self.mutex_);
      self.text_ += view(piece);
      self.changed_.notify_all();
      return TARSIER_OK;
    };
    ASSERT_EQ(TARSIER_OK, http.stream(
                              http.self, &other_.raw, &request, &pieces,
                              [](void* user, tarsier_status outcome, tarsier_str, const tarsier_http_client_response*) {
                                static_cast<StreamsOfAPlugin*>(user)->ended_.set_value(outcome);
                              },
                              this, &call_, nullptr));
  }
  void wait_for(const std::string& text) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 20s, [&] { return text_ == text; })) << text_;
  }
  MadeUpHost::Instance& other_ = world.add("discover-kubernetes");
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  std::promise<tarsier_exchange*> handed_;
  std::promise<tarsier_status> ended_;
  tarsier_exchange* exchange_ = nullptr;
  tarsier_http_call* call_ = nullptr;
};

TEST_F(StreamsOfAPlugin, ComePieceByPiece) {
  http.write(exchange_, bytes("two"));
  wait_for("onetwo");
  http.end(exchange_, 0);
  EXPECT_EQ(TARSIER_OK, ended_.get_future().get());
  EXPECT_TRUE(world.quiesce(other_));
}

TEST_F(StreamsOfAPlugin, EndWhenThePluginHasEnough) {
  http.write(exchange_, bytes("enough"));
  EXPECT_EQ(TARSIER_RESOURCE, ended_.get_future().get());
  http.end(exchange_, 0);
  EXPECT_TRUE(world.quiesce(other_));
}

TEST_F(StreamsOfAPlugin, EndWhenThePluginStops) {
  EXPECT_TRUE(world.quiesce(other_));
  EXPECT_EQ(TARSIER_CANCELLED, ended_.get_future().get());
  http.end(exchange_, 0);
}

TEST_F(StreamsOfAPlugin, CanBeCancelled) {
  http.cancel(http.self, call_);
  EXPECT_EQ(TARSIER_CANCELLED, ended_.get_future().get());
  http.end(exchange_, 0);
  EXPECT_TRUE(world.quiesce(other_));
}

/// A call that may finish and one that may not, which both wait for an answer.
class CallsOfAStoppingPlugin : public Service {
 protected:
  void SetUp() override {
    Service::SetUp();
    ASSERT_TRUE(
        route("/wait", [&](const tarsier_http_request*, tarsier_exchange* exchange) { finishing_.set_value(exchange); }).ok());
    ASSERT_TRUE(route("/cut", [&](const tarsier_http_request*, tarsier_exchange* exchange) { cut_.set_value(exchange); }).ok());
    begin("/wait", TARSIER_CLIENT_MAY_FINISH, finished_);
    begin("/cut", 0, cut_off_);
    exchange_ = finishing_.get_future().get();
    cut_exchange_ = cut_.get_future().get();
  }
  void TearDown() override {
    http.respond(cut_exchange_, 200, nullptr, 0, bytes("late"));
    Service::TearDown();
  }
  void begin(const std::string& path, uint32_t flags, std::promise<tarsier_status>& ended) {
    tarsier_http_client_request request{};
    request.size = sizeof(request);
    request.flags = flags;
    const std::string url = "http://" + address + path;
    request.url = str(url);
    ASSERT_EQ(TARSIER_OK, http.request(
                              http.self, &other_.raw, &request,
                              [](void* user, tarsier_status status, tarsier_str, const tarsier_http_client_response*) {
                                static_cast<std::promise<tarsier_status>*>(user)->set_value(status);
                              },
                              &ended, nullptr, nullptr));
  }
  MadeUpHost::Instance& other_ = world.add("remote-write");
  std::promise<tarsier_exchange*> finishing_, cut_;
  std::promise<tarsier_status> finished_, cut_off_;
  tarsier_exchange *exchange_ = nullptr, *cut_exchange_ = nullptr;
};

TEST_F(CallsOfAStoppingPlugin, MayFinish) {
  world.hold_timers();
  std::thread stops([&] { EXPECT_TRUE(world.quiesce(other_)); });
  EXPECT_EQ(TARSIER_CANCELLED, cut_off_.get_future().get());
  http.respond(exchange_, 200, nullptr, 0, bytes("in time"));
  EXPECT_EQ(TARSIER_OK, finished_.get_future().get());
  stops.join();
  world.run_timers();
}

TEST_F(CallsOfAStoppingPlugin, AreCutOffWhenTheyDoNotFinish) {
  EXPECT_TRUE(world.quiesce(other_));
  EXPECT_EQ(TARSIER_CANCELLED, cut_off_.get_future().get());
  EXPECT_EQ(TARSIER_CANCELLED, finished_.get_future().get());
  http.respond(exchange_, 200, nullptr, 0, bytes("late"));
}

struct Sockets {
  const tarsier_http* http;
  std::promise<void> closed;
};

TEST_F(Service, UpgradesToWebsocketsAndClosesThemWithTheirPlugin) {
  Sockets sockets{&http, {}};
  tarsier_websocket_handler handler{};
  handler.size = sizeof(handler);
  handler.user = &sockets;
  handler.on_message = [](void* user, tarsier_websocket* socket, tarsier_bytes message, int32_t is_text) {
    static_cast<Sockets*>(user)->http->send(socket, message, is_text);
  };
  handler.on_close = [](void* user, tarsier_websocket*) { static_cast<Sockets*>(user)->closed.set_value(); };
  ASSERT_TRUE(route("/ws", [&](const tarsier_http_request*, tarsier_exchange* exchange) {
                http.upgrade(exchange, &plugin.raw, &handler);
              }).ok());
  Raw raw(port);
  raw.send(
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_THAT(raw.read_answer(), StartsWith("HTTP/1.1 101"));
  raw.send(std::string("\x81\x85\0\0\0\0hello", 11));
  EXPECT_EQ("\x81\x05hello", raw.read(7));
  auto drained = std::async(std::launch::async, [&] { return world.quiesce(plugin); });
  EXPECT_EQ('\x88', raw.read(2)[0]);
  raw.finish_sending();
  EXPECT_TRUE(drained.get());
  sockets.closed.get_future().get();
}

TEST_F(Service, TellsTheVersionAndSendsTrailers) {
  ASSERT_TRUE(route("/trailers", [this](const tarsier_http_request* request, tarsier_exchange* exchange) {
                ASSERT_TRUE(TARSIER_HAS(request, version));
                http.begin(exchange, 200, nullptr, 0);
                http.write(exchange, bytes(std::to_string(request->version)));
                const tarsier_pair trailer = {str("Checksum"), str("abc")};
                http.end_with_trailers(exchange, &trailer, 1);
              }).ok());
  EXPECT_THAT(get("/trailers"), EndsWith("2\r\n11\r\n0\r\nchecksum: abc\r\n\r\n"));
  Raw old(port);
  old.send("GET /trailers HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(old.read_to_end(), EndsWith("\r\n\r\n10"));
}

TEST_F(Service, DoesNotServeWhatAClientOfHttp2HasCancelled) {
  std::atomic<int> blocked{0};
  std::atomic<int> served{0};
  std::promise<void> release;
  const auto released = release.get_future().share();
  ASSERT_TRUE(route("/block", [&, this](const tarsier_http_request*, tarsier_exchange* exchange) {
                ++blocked;
                released.wait();
                http.respond(exchange, 200, nullptr, 0, {});
              }).ok());
  ASSERT_TRUE(route("/count", [&, this](const tarsier_http_request*, tarsier_exchange* exchange) {
                ++served;
                http.respond(exchange, 200, nullptr, 0, {});
              }).ok());
  Http2Peer peer(port);
  const int32_t first = peer.get("/block");
  const int32_t second = peer.get("/block");
  ASSERT_TRUE(peer.until([&] { return blocked == 2; })) << "all workers";
  peer.reset(peer.get("/count"));
  peer.send_raw(frame_bytes(6, 0, 0, "12345678"));
  ASSERT_TRUE(peer.until([&] { return peer.pings_answered == 1; })) << "the server has seen it";
  release.set_value();
  EXPECT_EQ(200U, peer.wait(first).code);
  EXPECT_EQ(200U, peer.wait(second).code);
  EXPECT_EQ(200U, peer.wait(peer.get("/count")).code);
  EXPECT_EQ(1, served.load());
}

}  // namespace
}  // namespace tarsier::net::test
