// Lists and watches; the test answers in the API server's place.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <utility>

#include "plugins/discover/kubernetes/api/object_watch.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::discover_kubernetes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr int64_t kSecond = 1'000'000'000;
const std::string kList = "https://k8s/api/v1/namespaces/shop/pods?limit=500";

std::string pod(const std::string& name, const std::string& version, const std::string& ip = "10.0.0.1") {
  return R"({"metadata": {"name": ")" + name + R"(", "namespace": "shop", "uid": "u-)" + name + R"(", "resourceVersion": ")" +
         version + R"("}, "status": {"podIP": ")" + ip + R"("}})";
}
std::string list(const std::string& version, const std::vector<std::string>& items, const std::string& next = "") {
  std::string text =
      R"({"kind": "PodList", "metadata": {"resourceVersion": ")" + version + R"(", "continue": ")" + next + R"("}, "items": [)";
  for (const std::string& item : items) text += (&item == &items.front() ? "" : ",") + item;
  return text + "]}";
}
std::string event(const std::string& type, const std::string& object) {
  return R"({"type": ")" + type + R"(", "object": )" + object + "}\n";
}
std::string bookmark(const std::string& version) {
  return event("BOOKMARK", R"({"kind": "Pod", "metadata": {"resourceVersion": ")" + version + R"("}})");
}
std::string status(int code, const std::string& reason) {
  return R"({"kind": "Status", "code": )" + std::to_string(code) + R"(, "reason": ")" + reason +
         R"(", "message": "as the test wants"})";
}

class Listener final : public WatchListener {
 public:
  void changed(Kind, const std::vector<std::string>& keys) override { changes.insert(changes.end(), keys.begin(), keys.end()); }
  void looked(const Scope&, const Result<void>& outcome) override {
    outcomes.push_back(outcome ? "ok" : outcome.error().message());
  }
  std::vector<std::string> take_changes() { return std::exchange(changes, {}); }
  std::vector<std::string> changes, outcomes;
};

class ObjectWatchTest : public testing::Test {
 protected:
  ObjectWatchTest() { watch_->join(listener_); }
  ~ObjectWatchTest() override {
    watch_->leave(listener_);
    for (size_t i = 0; i < fake_.calls.size(); ++i)
      if (!ended_.contains(i)) fake_.fail(i, TARSIER_CANCELLED, "the instance stops");
  }
  static Scope scope() {
    Scope scope{{AccessSource::From::settings, "", {"https://k8s", {}}}, Kind::pod, "shop", "", ""};
    return scope;
  }
  /// The one question that is open.
  size_t open() {
    std::vector<size_t> numbers;
    for (size_t i = 0; i < fake_.calls.size(); ++i)
      if (!ended_.contains(i)) numbers.push_back(i);
    if (numbers.size() != 1) bug((std::to_string(numbers.size()) + " questions are open").c_str());
    return numbers.front();
  }
  std::string url() { return fake_.calls[open()].url; }
  bool asks_nothing() const { return ended_.size() == fake_.calls.size(); }
  void answer(const std::string& body, uint32_t code = 200) {
    const size_t call = open();
    ended_.insert(call);
    fake_.answer(call, code, "application/json", body);
  }
  void fail(tarsier_status status, const std::string& message) {
    const size_t call = open();
    ended_.insert(call);
    fake_.fail(call, status, message);
  }
  void send(const std::string& piece, uint32_t code = 200) {
    const size_t call = open();
    if (fake_.calls[call].on_piece == nullptr) bug("the open question is no watch");
    ended_.insert(call);  // it may end within the call, and another begin
    if (fake_.piece(call, code, piece) == TARSIER_OK) ended_.erase(call);
  }
  void end_watch(uint32_t code = 200) {
    const size_t call = open();
    ended_.insert(call);
    fake_.answer(call, code, "application/json", "");
  }
  void list_two() {
    answer(list("100", {pod("a", "5"), pod("b", "7")}));
    ASSERT_THAT(listener_->take_changes(), UnorderedElementsAre("shop/a", "shop/b"));
    send("");
    fake_.mono_ns += 5 * kSecond;
  }
  int64_t next_pause() const {
    for (auto timer = fake_.timers.rbegin(); timer != fake_.timers.rend(); ++timer)
      if (!timer->cancelled) return timer->interval_ns;
    return -1;
  }
  std::string ip(const std::string& name) const {
    const ObjectPtr found = watch_->find("shop/" + name);
    return found == nullptr ? "none" : std::get<Pod>(found->body).ip;
  }

  fake::FakeHost fake_;
  Host host_{fake_.raw()};
  ObjectWatches watches_{fake::attached(host_)};
  std::shared_ptr<ObjectWatch> watch_ = watches_.get(scope());
  std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
  std::set<size_t> ended_;
};

TEST_F(ObjectWatchTest, ListsPageByPageThenWatchesFromThere) {
  EXPECT_EQ(url(), kList);
  EXPECT_FALSE(watch_->synced());
  answer(list("100", {pod("a", "5")}, "to/ken="));
  EXPECT_EQ(url(), kList + "&continue=to%2Fken%3D");
  EXPECT_FALSE(watch_->synced());
  EXPECT_EQ(watch_->find("shop/a"), nullptr) << "half a list is none";
  answer(list("100", {pod("b", "7")}));
  EXPECT_TRUE(watch_->synced());
  EXPECT_THAT(listener_->changes, UnorderedElementsAre("shop/a", "shop/b"));
  EXPECT_THAT(watch_->keys(), UnorderedElementsAre("shop/a", "shop/b"));
  EXPECT_THAT(
      url(),
      StartsWith(
          "https://k8s/api/v1/namespaces/shop/pods?watch=true&allowWatchBookmarks=true&resourceVersion=100&timeoutSeconds="));
  const fake::Call& watch = fake_.calls[open()];
  const std::string seconds = watch.url.substr(watch.url.rfind('=') + 1);
  EXPECT_GE(std::stoi(seconds), 300);
  EXPECT_LE(std::stoi(seconds), 600);
  EXPECT_EQ(watch.timeout_ns, (std::stoi(seconds) + 30) * kSecond);
  EXPECT_EQ(watch.quiet_timeout_ns, 180 * kSecond);
  EXPECT_EQ(watch.max_body_bytes, 0U);
  EXPECT_EQ(watch.headers.at("Accept"), "application/json");
}

TEST_F(ObjectWatchTest, TakesEventsHoweverTheyAreCut) {
  list_two();
  const std::string added = event("ADDED", pod("c", "101", "10.0.0.3"));
  send(added.substr(0, 30));
  EXPECT_THAT(listener_->changes, ElementsAre());
  send(added.substr(30) + event("MODIFIED", pod("a", "102", "10.9.9.9")) + event("DELETED", pod("b", "103")));
  EXPECT_THAT(listener_->changes, ElementsAre("shop/c", "shop/a", "shop/b"));
  EXPECT_EQ(ip("a") + " " + ip("b") + " " + ip("c"), "10.9.9.9 none 10.0.0.3");
}

TEST_F(ObjectWatchTest, GoesOnFromTheLastVersionThatItWasTold) {
  list_two();
  send(event("ADDED", pod("c", "101")));
  end_watch();
  EXPECT_THAT(url(), HasSubstr("resourceVersion=101&"));
  send(bookmark("250"));
  EXPECT_THAT(listener_->take_changes(), ElementsAre("shop/c"));
  end_watch();
  EXPECT_THAT(url(), HasSubstr("resourceVersion=250&"));
  EXPECT_THAT(listener_->outcomes, ElementsAre("ok", "ok", "ok")) << "of the list, and of two watches";
}

TEST_F(ObjectWatchTest, AConnectionThatBreaksIsTakenUpAgainWithoutAList) {
  list_two();
  send(event("ADDED", pod("c", "101")));
  fail(TARSIER_UNAVAILABLE, "connection reset");
  EXPECT_TRUE(asks_nothing());
  EXPECT_GE(next_pause(), kSecond * 8 / 10);
  EXPECT_LE(next_pause(), kSecond * 16 / 10);
  EXPECT_THAT(listener_->outcomes.back(), HasSubstr("pods in shop of https://k8s: connection reset"));
  fake_.fire_timers();
  EXPECT_THAT(url(), HasSubstr("resourceVersion=101&"));
  send("");
  EXPECT_EQ(listener_->outcomes.back(), "ok") << "a watch that has begun is good news";
}

TEST_F(ObjectWatchTest, AnHttpClientThatIsReplacedIsNoFailureOfTheServer) {
  list_two();
  fail(TARSIER_CANCELLED, "the plugin that serves HTTP stops");
  EXPECT_THAT(listener_->outcomes, testing::Each("ok"));
  fake_.fire_timers();
  EXPECT_THAT(url(), HasSubstr("resourceVersion=100&"));
}

TEST_F(ObjectWatchTest, ASilentConnectionIsBegunAnewWithoutAWord) {
  list_two();
  fail(TARSIER_DEADLINE, "nothing came for 180 s");
  EXPECT_THAT(url(), HasSubstr("resourceVersion=100&"));
  EXPECT_THAT(listener_->outcomes, ElementsAre("ok", "ok"));
  fail(TARSIER_DEADLINE, "connect: nothing came for 180 s");
  EXPECT_TRUE(asks_nothing()) << "this one has not begun at all";
  EXPECT_THAT(listener_->outcomes.back(), HasSubstr("connect"));
}

TEST_F(ObjectWatchTest, GoneAsAnEventMeansANewListWhichTakesAwayWhatVanished) {
  list_two();
  send(event("ERROR", status(410, "Expired")));
  EXPECT_TRUE(asks_nothing());
  EXPECT_EQ(ip("b"), "10.0.0.1") << "until it is known better";
  fake_.fire_timers();
  EXPECT_EQ(url(), kList);
  answer(list("300", {pod("a", "5"), pod("d", "290")}));
  EXPECT_THAT(listener_->take_changes(), UnorderedElementsAre("shop/b", "shop/d")) << "a is as it was";
  EXPECT_EQ(ip("b"), "none");
  EXPECT_THAT(url(), HasSubstr("resourceVersion=300&"));
  EXPECT_THAT(listener_->outcomes, testing::Each("ok")) << "it is no failure";
}

TEST_F(ObjectWatchTest, WhatComesChangesAndGoesIsCountedOnce) {
  const double& events = fake_.metrics["tarsier_discovery_kubernetes_events_total"];
  const double& failures = fake_.metrics["tarsier_discovery_kubernetes_failures_total"];
  list_two();
  EXPECT_EQ(events, 2);
  send(event("MODIFIED", pod("a", "101")) + event("ADDED", pod("c", "102")) + event("DELETED", pod("b", "103")) + bookmark("104"));
  EXPECT_EQ(events, 5);
  send(event("ERROR", status(410, "Expired")));
  fake_.fire_timers();
  EXPECT_EQ(failures, 0);
  answer(list("300", {pod("a", "101"), pod("d", "290")}));  // c has gone
  EXPECT_EQ(events, 7);
  fail(TARSIER_UNAVAILABLE, "reset");
  EXPECT_EQ(failures, 1);
}

TEST_F(ObjectWatchTest, GoneAsAStatusDoesSo) {
  list_two();
  end_watch();
  send(status(410, "Gone"), 410);
  end_watch(410);
  fake_.fire_timers();
  EXPECT_EQ(url(), kList);
}

TEST_F(ObjectWatchTest, APodThatWasMadeAnewUnderItsNameIsAnother) {
  list_two();
  send(event("ERROR", status(410, "Expired")));
  fake_.fire_timers();
  std::string again = pod("a", "5");
  again.replace(again.find("u-a"), 3, "u-x");
  answer(list("300", {again, pod("b", "7")}));
  EXPECT_THAT(listener_->changes, ElementsAre("shop/a"));
}

TEST_F(ObjectWatchTest, PagesThatExpireAreAskedForAllAtOnce) {
  answer(list("100", {pod("a", "5")}, "token"));
  answer(status(410, "Expired"), 410);
  EXPECT_THAT(listener_->outcomes.back(), HasSubstr("HTTP status 410: as the test wants"));
  fake_.fire_timers();
  EXPECT_EQ(url(), "https://k8s/api/v1/namespaces/shop/pods");
  answer(list("200", {pod("b", "7")}));
  EXPECT_THAT(watch_->keys(), ElementsAre("shop/b"));
  send(event("ERROR", status(410, "Expired")));
  fake_.fire_timers();
  EXPECT_EQ(url(), kList) << "once";
}

TEST_F(ObjectWatchTest, PausesGrowAndEndGrowing) {
  int64_t least = kSecond * 8 / 10;
  for (int i = 0; i < 12; ++i) {
    answer(status(503, "ServiceUnavailable"), 503);
    EXPECT_GE(next_pause(), least);
    EXPECT_LE(next_pause(), 2 * least);
    least = std::min(2 * least, 30 * kSecond);
    fake_.fire_timers();
  }
  list_two();
  send(bookmark("101"));
  fail(TARSIER_UNAVAILABLE, "reset");
  EXPECT_LE(next_pause(), 2 * kSecond) << "what works begins anew";
}

TEST_F(ObjectWatchTest, WhoMayNotWatchAsksAgainWithoutListing) {
  list_two();
  end_watch();
  send(status(403, "Forbidden"), 403);
  end_watch(403);
  EXPECT_THAT(listener_->outcomes.back(), HasSubstr("HTTP status 403: as the test wants"));
  fake_.fire_timers();
  EXPECT_THAT(url(), HasSubstr("watch=true"));
}

TEST_F(ObjectWatchTest, AVersionThatTheServerDoesNotKnowYetMeansANewList) {
  list_two();
  send(status(504, "Timeout"), 504);
  end_watch(504);
  fake_.fire_timers();
  EXPECT_EQ(url(), kList);
}

TEST_F(ObjectWatchTest, AWatchThatEndsAtOnceIsNotAskedAgainAtOnce) {
  answer(list("100", {}));
  send("");
  end_watch();
  EXPECT_TRUE(asks_nothing());
  EXPECT_THAT(listener_->outcomes.back(), HasSubstr("as soon as it had begun"));
}

TEST_F(ObjectWatchTest, WhatCannotBeReadEndsTheWatchAndKeepsWhatIsKnown) {
  list_two();
  send("no JSON\n");
  EXPECT_THAT(listener_->outcomes.back(), HasSubstr("not of the expected form"));
  EXPECT_EQ(ip("a"), "10.0.0.1");
  fake_.fire_timers();
  EXPECT_EQ(url(), kList);
  answer("<html>");
  EXPECT_EQ(ip("a"), "10.0.0.1");
  fake_.fire_timers();
  answer(list("101", {pod("b", "7")}));
  EXPECT_EQ(ip("a"), "none");
  EXPECT_EQ(listener_->outcomes.back(), "ok");
}

TEST_F(ObjectWatchTest, ALineWithoutAnEndIsNotKept) {
  list_two();
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 8; ++i) send(piece);
  send("x");
  EXPECT_THAT(listener_->outcomes.back(), HasSubstr("a line is longer than 8388608 bytes"));
}

TEST_F(ObjectWatchTest, SelectorsGoWithListAndWatch) {
  Scope selected = scope();
  selected.name_space = "";
  selected.label_selector = "app=web,tier!=x";
  selected.field_selector = "status.phase=Running";
  EXPECT_EQ(selected.list_path(500, "n"),
            "/api/v1/pods?labelSelector=app%3Dweb%2Ctier%21%3Dx&fieldSelector=status.phase%3DRunning&limit=500&continue=n");
  EXPECT_EQ(selected.watch_path("7", 300),
            "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300"
            "&labelSelector=app%3Dweb%2Ctier%21%3Dx&fieldSelector=status.phase%3DRunning");
  selected.kind = Kind::endpointslice;
  EXPECT_THAT(selected.list_path(0, ""), StartsWith("/apis/discovery.k8s.io/v1/endpointslices?labelSelector="));
}

TEST_F(ObjectWatchTest, OneIsSharedAndEndsWithTheLastWhoLooks) {
  EXPECT_EQ(watches_.get(scope()), watch_);
  Scope other = scope();
  other.name_space = "bank";
  EXPECT_NE(watches_.get(other), watch_);
  const auto second = std::make_shared<Listener>();
  watch_->join(second);
  list_two();
  EXPECT_EQ(second->changes.size(), 2U);
  watch_->leave(listener_);
  send(event("ADDED", pod("c", "101")));
  EXPECT_EQ(second->changes.size(), 3U);
  EXPECT_EQ(listener_->changes.size(), 0U);
  const size_t call = open();
  watch_->leave(second);
  EXPECT_TRUE(fake_.calls[call].cancelled);
  EXPECT_NE(watches_.get(scope()), watch_) << "what is over is not begun again";
  fail(TARSIER_CANCELLED, "cancelled");
  EXPECT_TRUE(asks_nothing());
}

}  // namespace
}  // namespace tarsier::discover_kubernetes
