// A server of HTTP/2 over TLS that sends what a test wants it to, whether a server should or not.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/unit/plugins/lib/http/http2_peer.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace tarsier::net::test {

struct Http2Frame {
  static constexpr uint8_t kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoaway = 7, kWindowUpdate = 8,
                           kNothing = 255;
  uint8_t type = kNothing;  // at the end
  uint8_t flags = 0;
  int32_t stream = 0;
  std::string payload;
  uint32_t number() const;  // at the begin of the payload
};

/// Four bytes.
std::string number_bytes(uint32_t value);
/// 200, and with `end` nothing behind it.
std::string ok_head(int32_t stream, bool end = false);
/// 200 with that body.
std::string ok_answer(int32_t stream, std::string_view body = "fine");

class Http2Server {
 public:
  /// One that a client has opened; its end is the end of the function that serves it.
  class Connection {
   public:
    explicit Connection(ssl_st* tls) : tls_(tls) {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    bool send(std::string_view bytes);
    /// The next one after the preface; kNothing at the end, and after 20 s.
    Http2Frame read();
    /// The next of that type; those before are passed over.
    Http2Frame read_to(uint8_t type);
    /// Answers each request, until the end or as many.
    void serve(int count = 1 << 30);
    std::string protocol() const;

   private:
    friend class Http2Server;
    std::string read_bytes(size_t size);
    ssl_st* tls_;
    bool begun_ = false;
  };
  /// `serve` gets each connection and how many there were before, on a thread of its own. `protocol` is chosen when it is offered.
  explicit Http2Server(std::function<void(Connection&, int)> serve, std::string protocol = "h2");
  ~Http2Server();
  Http2Server(const Http2Server&) = delete;
  Http2Server& operator=(const Http2Server&) = delete;
  std::string url(std::string_view path = "/") const;
  uint16_t port() const noexcept { return port_; }
  int connections() const noexcept { return connections_; }
  /// Connections that come from now on are taken, and nothing is done with them.
  void ignore(bool on) noexcept { ignores_ = on; }

 private:
  void accept();
  const std::function<void(Connection&, int)> serve_;
  const std::string protocol_;
  TempDir folder_;
  ssl_ctx_st* context_ = nullptr;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> ignores_{false};
  std::thread acceptor_;
  // The acceptor's, until it has ended.
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
};

}  // namespace tarsier::net::test
