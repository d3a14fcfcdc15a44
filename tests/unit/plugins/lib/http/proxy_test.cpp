// Which requests go by a proxy, and what the proxy sees.
#include <arpa/inet.h>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/plugins/lib/http/support.hpp"

namespace tarsier::net::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

ProxyRules rules(const ProxyOptions& options) {
  auto made = ProxyRules::make(options);
  EXPECT_TRUE(made.ok()) << (made ? "" : made.error().message());
  return *made;
}
bool by_proxy(const std::string& no_proxy, const std::string& url) {
  return rules({.url = "http://proxy:3128", .no_proxy = no_proxy}).proxy_for(*parse_url(url)) != nullptr;
}

TEST(ProxyRules, WithoutExceptionsEverythingGoesByTheProxy) {
  for (const char* url :
       {"http://example.org/", "https://10.0.0.1/", "http://localhost:9090/", "http://127.0.0.1/", "http://[::1]/"})
    EXPECT_TRUE(by_proxy("", url)) << url;
  EXPECT_FALSE(by_proxy("", "unix:///run/socket:/"));
}

TEST(ProxyRules, WithExceptionsThisMachineIsNeverAskedByAProxy) {
  for (const char* url : {"http://localhost:9090/", "http://127.0.0.1/", "http://127.9.9.9:80/", "http://[::1]/"})
    EXPECT_FALSE(by_proxy("other", url)) << url;
  EXPECT_TRUE(by_proxy("other", "http://a.localhost/"));
}

TEST(ProxyRules, ExceptionsAreThoseOfHttpproxy) {
  const std::string list =
      "example.org, .below.org,*.star.org:8080,named.org:99 ,10.0.0.0/8,192.168.7.7,192.168.7.8:81,fd00::/16,"
      "2001:db8::1,[2001:db8::2]:443,:80,,EXAMPLE.NET,10.0.0.0/99,one";
  const auto direct = {"http://example.org/",    "https://example.org:1/",   "http://a.b.example.org/",
                       "http://x.below.org/",    "http://x.star.org:8080/",  "http://named.org:99/",
                       "http://x.named.org:99/", "http://10.255.0.1/",       "http://192.168.7.7:5/",
                       "http://192.168.7.8:81/", "http://[fd00::9]/",        "http://[2001:db8::1]:7/",
                       "https://[2001:db8::2]/", "http://Example.Net/",      "http://one/",
                       "http://two.one/",        "http://[::ffff:10.0.0.1]/"};
  for (const char* url : direct) EXPECT_FALSE(by_proxy(list, url)) << url;
  const auto proxied = {"http://myexample.org/", "http://below.org/",      "http://x.star.org/",  "http://star.org:8080/",
                        "http://named.org/",     "http://11.0.0.1/",       "http://192.168.7.8/", "http://[fd01::1]/",
                        "http://[2001:db8::2]/", "http://example.org.uk/", "http://192.168.7.71/"};
  for (const char* url : proxied) EXPECT_TRUE(by_proxy(list, url)) << url;
  EXPECT_FALSE(by_proxy("a, * ,b", "http://anything.at/all"));
}

TEST(ProxyRules, ReadTheEnvironment) {
  for (const char* name : {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"}) ::unsetenv(name);
  const auto from_environment = [] { return rules({.from_environment = true}); };
  EXPECT_EQ(from_environment().proxy_for(*parse_url("http://a/")), nullptr);
  ::setenv("http_proxy", "plain:1", 1);
  ::setenv("HTTPS_PROXY", "http://secure:2", 1);
  ::setenv("https_proxy", "http://not-this:3", 1);
  ::setenv("no_proxy", "b", 1);
  EXPECT_EQ(from_environment().proxy_for(*parse_url("http://a/"))->origin(), "http://plain:1");
  EXPECT_EQ(from_environment().proxy_for(*parse_url("https://a/"))->origin(), "http://secure:2");
  EXPECT_EQ(from_environment().proxy_for(*parse_url("https://b/")), nullptr);
  EXPECT_EQ(from_environment().proxy_for(*parse_url("http://127.0.0.1/")), nullptr);
  ::setenv("HTTP_PROXY", "socks5://u:secret@s", 1);
  const auto made = ProxyRules::make({.from_environment = true});
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message(), StartsWith("HTTP_PROXY: expected http://"));
  for (const char* name : {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "no_proxy"}) ::unsetenv(name);
}

constexpr const char* kHang = "hang";

/// A proxy that remembers the heads that it was sent. Plain requests it answers itself; CONNECT it refuses with `refusal`, or never
/// answers (kHang), or leads to `behind`, a port of this machine, whatever was asked for.
class Proxy {
 public:
  explicit Proxy(uint16_t behind = 0, std::string refusal = "") : behind_(behind), refusal_(std::move(refusal)) {
    sockaddr_in at = address(0);
    EXPECT_EQ(0, ::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)));
    EXPECT_EQ(0, ::listen(fd_, 8));
    socklen_t size = sizeof(at);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] {
      for (int peer = 0; (peer = ::accept(fd_, nullptr, nullptr)) >= 0;) peers_.emplace_back([this, peer] { serve(peer); });
    });
  }
  ~Proxy() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    for (std::thread& peer : peers_) peer.join();
    ::close(fd_);
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  std::string url(const std::string& user = "") const { return "http://" + user + "127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> heads() {
    const std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  static sockaddr_in address(uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    return at;
  }
  static void say(int peer, const std::string& text) { (void)::send(peer, text.data(), text.size(), MSG_NOSIGNAL); }
  std::string read_head(int peer) {
    std::string head;
    for (char c = 0; !head.ends_with("\r\n\r\n") && ::recv(peer, &c, 1, 0) == 1;) head += c;
    const std::lock_guard lock(mutex_);
    if (!head.empty()) heads_.push_back(head);
    return head;
  }
  void serve(int peer) {
    for (std::string head = read_head(peer); !head.empty(); head = read_head(peer)) {
      if (!head.starts_with("CONNECT ")) {
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied");
        continue;
      }
      if (refusal_ == kHang) {
        for (char c = 0; ::recv(peer, &c, 1, 0) == 1;) continue;
        break;
      }
      say(peer, refusal_.empty() ? "HTTP/1.1 200 Connection established\r\n\r\n" : refusal_);
      if (refusal_.empty()) pump(peer);
      break;
    }
    ::close(peer);
  }
  void pump(int peer) const {
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in at = address(behind_);
    EXPECT_EQ(0, ::connect(server, reinterpret_cast<const sockaddr*>(&at), sizeof(at)));
    pollfd both[] = {{peer, POLLIN, 0}, {server, POLLIN, 0}};
    for (bool open = true; open && ::poll(both, 2, 20'000) > 0;) {
      for (int i = 0; i < 2 && open; ++i) {
        if (both[i].revents == 0) continue;
        char piece[4096];
        const ssize_t got = ::recv(both[i].fd, piece, sizeof(piece), 0);
        open = got > 0 && ::send(both[1 - i].fd, piece, static_cast<size_t>(got), MSG_NOSIGNAL) == got;
      }
    }
    ::close(server);
  }

  const uint16_t behind_;
  const std::string refusal_;
  const int fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
  uint16_t port_ = 0;
  std::thread thread_;
  std::vector<std::thread> peers_;
  std::mutex mutex_;
  std::vector<std::string> heads_;
};

struct ByProxy : ::testing::Test {
  TempDir folder;
  Workers workers;
  IoThreads threads{1};
  std::unique_ptr<Client> client = std::make_unique<Client>(threads, workers, ClientLimits{});

  Result<ClientResponse> get(const std::string& url, const ProxyOptions& proxy, const std::string& ca_file = "") {
    ClientRequest request;
    request.url = url;
    request.timeout = 20s;
    request.proxy = proxy;
    request.tls.ca_file = ca_file;
    return call(*client, request);
  }
};

TEST_F(ByProxy, PlainRequestsGoInAbsoluteForm) {
  Proxy proxy;
  const auto answer = get("http://target.invalid:81/a?b=c", {.url = proxy.url("u:p%40@"), .connect_headers = {{"X-Connect", "1"}}});
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->body, "proxied");
  ASSERT_EQ(proxy.heads().size(), 1U);
  EXPECT_THAT(proxy.heads()[0], StartsWith("GET http://target.invalid:81/a?b=c HTTP/1.1\r\nHost: target.invalid:81\r\n"));
  EXPECT_THAT(proxy.heads()[0], HasSubstr("\r\nProxy-Authorization: Basic dTpwQA==\r\n"));
  EXPECT_THAT(proxy.heads()[0], Not(HasSubstr("X-Connect")));
  client.reset();
}

TEST_F(ByProxy, ConnectionsAreForOneProxyOnly) {
  Site site;
  site.paths.on_text("/", "text/plain", "direct");
  Proxy first, second;
  const auto body = [&](const ProxyOptions& options) {
    const auto answer = get(site.url("/"), options);
    return answer ? answer->body : answer.error().message();
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(body({.url = first.url()}), "proxied");
    EXPECT_EQ(body({.url = second.url()}), "proxied");
    EXPECT_EQ(body({}), "direct");
    EXPECT_EQ(body({.url = first.url(), .no_proxy = "other"}), "direct");
  }
  EXPECT_EQ(client->stats().opened.load(), 3U);
  EXPECT_EQ(first.heads().size(), 2U);
  client.reset();
}

TEST_F(ByProxy, TlsGoesThroughATunnel) {
  const TlsServerOptions options{folder.file("cert.pem"), folder.file("key.pem"), "", "1.2"};
  write_certificate(options.cert_file, options.key_file, "first");
  Site site({}, *TlsServer::load(options));
  site.paths.on("/a", [](const auto& exchange) { exchange->respond({200, {}, exchange->request().secure ? "secure" : "plain"}); });
  Proxy proxy(site.port);
  for (int i = 0; i < 2; ++i) {
    const auto answer =
        get("https://localhost:81/a", {.url = proxy.url("u:p@"), .connect_headers = {{"X-Connect", "1"}}}, options.cert_file);
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(answer->body, "secure");
  }
  ASSERT_EQ(proxy.heads().size(), 1U) << "the tunnel is used again";
  EXPECT_EQ(proxy.heads()[0],
            "CONNECT localhost:81 HTTP/1.1\r\nHost: localhost:81\r\nX-Connect: 1\r\nProxy-Authorization: Basic dTpw\r\n"
            "User-Agent: Tarsier\r\n\r\n");
  client.reset();
}

TEST_F(ByProxy, InATunnelHttp2IsOffered) {
  const TlsServerOptions options{folder.file("cert.pem"), folder.file("key.pem"), "", "1.2"};
  write_certificate(options.cert_file, options.key_file, "first");
  Site site({}, *TlsServer::load(options));
  site.paths.on("/a", [](const auto& exchange) { exchange->respond({200, {}, exchange->request().http_2 ? "2" : "1.1"}); });
  Proxy proxy(site.port);
  for (const bool http2 : {true, true, false}) {
    ClientRequest request;
    request.url = "https://localhost:81/a";
    request.timeout = 20s;
    request.proxy.url = proxy.url();
    request.tls.ca_file = options.cert_file;
    request.http2 = http2;
    const auto answer = call(*client, request);
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(answer->body, http2 ? "2" : "1.1");
  }
  EXPECT_EQ(proxy.heads().size(), 2U);
  client.reset();
}

TEST_F(ByProxy, FailuresNameTheProxyAndNotItsPassword) {
  Proxy refuses(0, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nno no");
  const std::string place = refuses.url().substr(7);
  EXPECT_EQ(get("https://there/", {.url = refuses.url("u:secret@")}).error().message(),
            "proxy " + place + ": CONNECT there:443: HTTP status 407 Proxy Authentication Required");
  Proxy closes(0, " ");
  EXPECT_THAT(get("https://there/", {.url = closes.url()}).error().message(), HasSubstr("CONNECT there:443: "));
  Proxy speaks(0, "HTTP/1.1 200 OK\r\n\r\n220 mail");
  EXPECT_THAT(get("https://there/", {.url = speaks.url()}).error().message(), HasSubstr("before TLS"));
  EXPECT_THAT(get("http://there/", {.url = "http://u:secret@127.0.0.1:1"}).error().message(),
              StartsWith("connect proxy 127.0.0.1:1: "));
  EXPECT_THAT(get("http://there/", {.url = "ftp://u:secret@x"}).error().message(), Not(HasSubstr("secret")));
  client.reset();
}

TEST_F(ByProxy, AProxyThatHangsEndsTheCallAtItsTime) {
  Proxy hangs(0, kHang);
  ClientRequest request;
  request.url = "https://there/";
  request.timeout = 100ms;
  request.proxy.url = hangs.url();
  const auto answer = call(*client, request);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), TARSIER_DEADLINE);
  client.reset();
}

}  // namespace
}  // namespace tarsier::net::test
