// Which route a request comes to, and which requests come to none.
#include "plugins/net/dispatcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "plugins/lib/http/target.hpp"
#include "plugins/net/access_log.hpp"
#include "tests/unit/plugins/lib/http/support.hpp"

namespace tarsier::net::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Dispatching : ::testing::Test {
  Workers workers;
  Router router;
  std::shared_ptr<AccessPolicy> policy = std::make_shared<AccessPolicy>(AccessPolicy{false, {"tarsier.example"}, {"*"}});
  AccessPolicy& access = *policy;
  bool ready = true;
  std::set<std::string> in_transit;
  Dispatcher main{context(), "", {"*"}};
  Dispatcher prometheus{context(), "prometheus", {"prometheus"}};

  DispatchContext context() {
    DispatchContext made;
    made.router = &router;
    made.executor = &workers;
    made.access = policy;
    made.is_ready = [this] { return ready; };
    made.in_transit = [this](std::string_view instance) {
      return instance.empty() ? !in_transit.empty() : in_transit.contains(std::string(instance));
    };
    return made;
  }
  void add(std::string api, std::string pattern, uint32_t methods = TARSIER_HTTP_GET, std::string permission = "metrics:read",
           std::string owner = "") {
    auto route = std::make_shared<PluginRoute>();
    route->api = std::move(api);
    route->pattern = std::move(pattern);
    route->methods = methods;
    route->permission = std::move(permission);
    route->owner = std::move(owner);
    ASSERT_TRUE(router.add(route).ok());
  }
  void SetUp() override {
    add("", "/**");
    add("", "/api/health");
    add("prometheus", "/api/v1/query", TARSIER_HTTP_GET | TARSIER_HTTP_POST);
    add("prometheus", "/api/v1/admin", TARSIER_HTTP_POST, "admin");
    add("node", "/metrics");
    add("*", "/metrics");
    add("*", "/-/ready");
  }
  Request request;
  Admission ask(Dispatcher& dispatcher, const std::string& target, const std::string& method = "GET", Headers headers = {}) {
    request = Request{};
    request.method = method_bit(method);
    request.target = target;
    const auto parsed = parse_target(target);
    request.raw_path = parsed->raw_path;
    request.query = parsed->query;
    request.segments = parsed->segments;
    request.remote = "127.0.0.1:40000";
    request.host = "localhost:3001";
    for (Header& each : headers) {
      if (each.name == "host") request.host = each.value;
      if (each.name == "remote") request.remote = each.value;
    }
    request.headers = std::move(headers);
    return dispatcher.admit(request);
  }
  /// "api pattern path", or the code that refuses it.
  std::string outcome(Dispatcher& dispatcher, const std::string& target, const std::string& method = "GET", Headers headers = {}) {
    const Admission admission = ask(dispatcher, target, method, std::move(headers));
    if (admission.refusal) return std::to_string(admission.refusal->code);
    if (!admission.route) return "held";
    const auto& route = *static_cast<const PluginRoute*>(admission.route.get());
    return route.api + " " + route.pattern + " " + request.path + (request.prefix.empty() ? "" : " behind " + request.prefix);
  }
};

TEST_F(Dispatching, ServesAnApiAtItsRootAndBehindItsPrefix) {
  EXPECT_EQ("prometheus /api/v1/query /api/v1/query", outcome(prometheus, "/api/v1/query"));
  EXPECT_EQ("prometheus /api/v1/query /api/v1/query behind /prometheus", outcome(main, "/prometheus/api/v1/query"));
  EXPECT_EQ(" /api/health /api/health", outcome(main, "/api/health"));
  EXPECT_EQ(" /** /api/v1/query", outcome(main, "/api/v1/query"));
  EXPECT_EQ("404", outcome(prometheus, "/node/metrics2"));
}

TEST_F(Dispatching, PrefersAnApisOwnRouteToThoseOfEveryEntrypointButNotItsRest) {
  Dispatcher node(context(), "node", {"node"});
  EXPECT_EQ("node /metrics /metrics", outcome(node, "/metrics"));
  EXPECT_EQ("* /metrics /metrics", outcome(main, "/metrics"));
  EXPECT_EQ("* /-/ready /-/ready", outcome(main, "/-/ready"));
  EXPECT_EQ("* /-/ready /-/ready behind /prometheus", outcome(main, "/prometheus/-/ready"));
  EXPECT_EQ(" /** /targets", outcome(main, "/targets"));
}

TEST_F(Dispatching, RefusesUnknownPathsAsPrometheusDoes) {
  const Admission admission = ask(prometheus, "/api/v1/nothing");
  ASSERT_TRUE(admission.refusal);
  EXPECT_EQ(404U, admission.refusal->code);
  EXPECT_EQ("404 page not found\n", admission.refusal->body);
  EXPECT_THAT(find_header(admission.refusal->headers, "content-type"), HasSubstr("text/plain"));
}

TEST_F(Dispatching, HasWhatIsSentToAnApiThatNoPluginServesSentAgain) {
  Dispatcher otlp(context(), "otlp", {});
  EXPECT_EQ("503", outcome(otlp, "/v1/metrics", "POST"));
  EXPECT_EQ("404", outcome(otlp, "/v1/metrics"));
  EXPECT_EQ("* /-/ready /-/ready", outcome(otlp, "/-/ready"));
  add("otlp", "/v1/traces", TARSIER_HTTP_POST);
  EXPECT_EQ("404", outcome(otlp, "/v1/metrics", "POST"));
}

TEST_F(Dispatching, NamesTheMethodsOfAPath) {
  const Admission admission = ask(prometheus, "/api/v1/query", "DELETE");
  EXPECT_EQ(405U, admission.refusal->code);
  EXPECT_EQ("GET, HEAD, POST, OPTIONS", find_header(admission.refusal->headers, "allow"));
}

TEST_F(Dispatching, RefusesAMethodThatNobodyKnowsLikeOneThatThePathDoesNotTake) {
  const Admission admission = ask(prometheus, "/api/v1/query", "BREW");
  EXPECT_EQ(405U, admission.refusal->code);
  EXPECT_EQ("GET, HEAD, POST, OPTIONS", find_header(admission.refusal->headers, "allow"));
  EXPECT_EQ("404", outcome(prometheus, "/api/v1/nothing", "BREW"));
}

TEST_F(Dispatching, TellsTheMethodsOfAPathThatIsAskedForThem) {
  const Admission admission = ask(prometheus, "/metrics", "OPTIONS");
  EXPECT_EQ(200U, admission.refusal->code);
  EXPECT_EQ("GET, HEAD, OPTIONS", find_header(admission.refusal->headers, "allow"));
  EXPECT_EQ("404", outcome(prometheus, "/nothing", "OPTIONS"));
}

TEST_F(Dispatching, LeadsFromSlashesTooManyToThePath) {
  const auto led = [&](Dispatcher& dispatcher, const std::string& target, const std::string& method = "GET") {
    const Admission admission = ask(dispatcher, target, method);
    return std::to_string(admission.refusal->code) + " " + std::string(find_header(admission.refusal->headers, "location"));
  };
  EXPECT_EQ("301 /api/v1/query?query=1", led(prometheus, "//api/v1//query?query=1"));
  EXPECT_EQ("301 /api/v1/query", led(prometheus, "/api/v1/query/"));
  EXPECT_EQ("308 /api/v1/query", led(prometheus, "/api/v1/query/", "POST"));
  EXPECT_EQ("301 /metrics", led(prometheus, "/metrics/"));
  EXPECT_EQ("301 /prometheus/api/v1/query", led(main, "/prometheus/api/v1/query/"));
  EXPECT_EQ("404 ", led(prometheus, "/nothing/"));
}

TEST_F(Dispatching, TellsStartingFromUnknown) {
  ready = false;
  EXPECT_EQ("503", outcome(prometheus, "/api/v1/targets"));
  EXPECT_EQ("prometheus /api/v1/query /api/v1/query", outcome(prometheus, "/api/v1/query"));
}

TEST_F(Dispatching, HoldsWhatMayBeForARouteThatIsAboutToComeBack) {
  add("prometheus", "/api/v1/targets", TARSIER_HTTP_GET, "metrics:read", "scrape");
  add("prometheus", "/api/v1/labels", TARSIER_HTTP_GET, "metrics:read", "promql");
  in_transit = {"scrape"};
  EXPECT_EQ("prometheus /api/v1/labels /api/v1/labels", outcome(prometheus, "/api/v1/labels"));
  EXPECT_EQ("* /-/ready /-/ready", outcome(main, "/-/ready"));
  EXPECT_EQ("held", outcome(prometheus, "/api/v1/targets")) << "its own route, of an instance that is being replaced";
  EXPECT_EQ("held", outcome(prometheus, "/api/v1/alerts")) << "no route";
  EXPECT_EQ("held", outcome(main, "/alertmanager/api/v2/alerts")) << "only the page's \"**\"";
  EXPECT_EQ("held", outcome(main, "/metrics")) << "only the host's own";
  EXPECT_EQ("421", outcome(main, "/metrics", "GET", {{"host", "evil.example"}})) << "strangers are not held";
  in_transit.clear();
  EXPECT_EQ("404", outcome(prometheus, "/api/v1/alerts"));
}

TEST_F(Dispatching, AnswersPagesOfOtherOriginsAsPrometheusDoes) {
  const Headers from_page = {{"origin", "http://grafana.example"}};
  Admission admission = ask(prometheus, "/api/v1/query", "OPTIONS", from_page);
  EXPECT_EQ(204U, admission.refusal->code);
  EXPECT_EQ("*", find_header(admission.extra_headers, "access-control-allow-origin"));
  EXPECT_EQ("GET, POST, OPTIONS", find_header(admission.extra_headers, "access-control-allow-methods"));
  EXPECT_EQ("Accept, Authorization, Content-Type, Origin", find_header(admission.extra_headers, "access-control-allow-headers"));
  EXPECT_EQ("Date", find_header(admission.extra_headers, "access-control-expose-headers"));
  admission = ask(prometheus, "/api/v1/query");
  EXPECT_EQ("Origin", find_header(admission.extra_headers, "vary"));
  EXPECT_EQ(1U, admission.extra_headers.size());
  access.cors_origins = {"http://other.example"};
  EXPECT_FALSE(has_header(ask(prometheus, "/api/v1/query", "GET", from_page).extra_headers, "access-control-allow-origin"));
}

TEST_F(Dispatching, TakesChangesOnlyFromItsOwnPages) {
  EXPECT_EQ("prometheus /api/v1/admin /api/v1/admin", outcome(prometheus, "/api/v1/admin", "POST"));
  EXPECT_EQ("403", outcome(prometheus, "/api/v1/admin", "POST", {{"origin", "http://evil.example"}}));
  EXPECT_EQ("403", outcome(prometheus, "/api/v1/admin", "POST", {{"origin", "null"}}));
  EXPECT_EQ("403", outcome(prometheus, "/api/v1/admin", "POST", {{"sec-fetch-site", "same-site"}}));
  EXPECT_EQ("prometheus /api/v1/admin /api/v1/admin",
            outcome(prometheus, "/api/v1/admin", "POST", {{"origin", "http://localhost:3001"}}));
  EXPECT_EQ("prometheus /api/v1/admin /api/v1/admin",
            outcome(prometheus, "/api/v1/admin", "POST", {{"sec-fetch-site", "same-origin"}}));
  EXPECT_EQ("prometheus /api/v1/query /api/v1/query",
            outcome(prometheus, "/api/v1/query", "POST", {{"origin", "http://grafana.example"}}));
  access.cors_origins = {};
  EXPECT_EQ("403", outcome(prometheus, "/api/v1/query", "POST", {{"origin", "http://grafana.example"}}));
  EXPECT_EQ("403", outcome(main, "/live", "GET", {{"upgrade", "websocket"}, {"origin", "http://evil.example"}}));
}

TEST_F(Dispatching, LetsInOnlyThisMachineAndOnlyByItsNames) {
  EXPECT_EQ("403", outcome(main, "/", "GET", {{"remote", "10.0.0.1:5"}}));
  EXPECT_EQ(" /** /", outcome(main, "/", "GET", {{"remote", "[::1]:5"}}));
  EXPECT_EQ("421", outcome(main, "/", "GET", {{"host", "rebound.evil.example:3001"}}));
  EXPECT_EQ("400", outcome(main, "/", "GET", {{"host", "a b"}}));
  for (const char* host : {"127.0.0.1:3001", "[::1]:3001", "localhost", "Tarsier.Example:3001", "10.1.2.3"}) {
    EXPECT_EQ(" /** /", outcome(main, "/", "GET", {{"host", host}})) << host;
  }
  access.allow_remote = true;
  EXPECT_EQ(" /** /", outcome(main, "/", "GET", {{"remote", "10.0.0.1:5"}}));
}

TEST(AccessLine, IsJsonWhateverTheClientSent) {
  Request request;
  request.entrypoint = "main";
  request.method_name = "GET";
  request.target = "/a\"b\\";
  request.headers = {{"user-agent", "x\xff\n"}};
  RequestRecord record;
  record.code = 200;
  record.sent_bytes = 7;
  record.duration = std::chrono::microseconds(1500);
  EXPECT_EQ(
      R"({"time":"1970-01-01T00:00:01.500Z","entrypoint":"main","remote":"","user":"","host":"","method":"GET","target":"/a\"b\\","protocol":"HTTP/1.1","agent":"x\u00ff\u000a","status":200,"received_bytes":0,"sent_bytes":7,"duration_us":1500})",
      access_line(request, record, 1'500'000'000));
}

}  // namespace
}  // namespace tarsier::net::test
