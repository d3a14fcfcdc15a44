// Client: HTTP calls with pooled connections. Each call ends exactly once, on a worker, with an answer or an error that a user
// understands.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "plugins/lib/http/headers.hpp"
#include "plugins/lib/http/io_threads.hpp"
#include "plugins/lib/http/proxy.hpp"
#include "plugins/lib/http/runtime.hpp"
#include "plugins/lib/http/tls.hpp"
#include "tarsier/result.hpp"

namespace tarsier::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  uint32_t max_redirects = 0;                                   // 0: an answer with a redirect is the answer
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);  // over all
  uint64_t max_body_bytes = 64 * 1024 * 1024;                   // decompressed
  bool cut_body = false;                                        // a longer body ends there, or is empty, and is no failure
  bool accept_compressed = false;
  TlsClientOptions tls;
  ProxyOptions proxy;
  std::chrono::nanoseconds quiet_timeout{0};  // nothing came for so long; 0: only `timeout` counts
  bool http2 = false;                         // offered over TLS: calls then share a connection
};

struct ClientResponse {
  uint32_t code = 0;
  Headers headers;  // names in lower case
  std::string body;
  std::chrono::nanoseconds duration{0};
};

struct ClientLimits {
  size_t max_idle_connections = 20'000;
  std::chrono::nanoseconds idle_timeout = std::chrono::minutes(5);
  std::string user_agent = "Tarsier";
  /// Of a connection of HTTP/2: nothing came for so long while calls wait, and then nothing either: it is dead.
  std::chrono::nanoseconds http2_ping_after = std::chrono::seconds(30);
  std::chrono::nanoseconds http2_ping_timeout = std::chrono::seconds(15);
  bool operator==(const ClientLimits&) const = default;
};

/// One call under way.
class ClientCall {
 public:
  virtual ~ClientCall() = default;
  /// [any] It ends with CANCELLED, unless its end is already on the way.
  virtual void cancel() = 0;
};

struct ClientStats {
  std::atomic<uint64_t> opened{0};  // connections
  std::atomic<uint64_t> reused{0};  // calls on one that was there
  std::atomic<int64_t> idle{0};     // connections without a call
};

class Client {
 public:
  /// [work] The head, and the body decompressed in pieces of at most kMaxPiece; first with an empty one when the head has come.
  /// One at a time; nothing more is read before it has returned. An error ends the call with it.
  using OnPiece = std::function<Result<void>(const ClientResponse& head, std::string_view piece)>;
  static constexpr size_t kMaxPiece = size_t{1} << 20U;
  /// UNAVAILABLE (resolve, connect, TLS, reset), DEADLINE, RESOURCE (body too large), INVALID (malformed answer, redirects),
  /// CANCELLED.
  using Done = std::function<void(Result<ClientResponse>)>;

  Client(IoThreads& threads, Executor& executor, ClientLimits limits);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// [any] INVALID for a request that cannot be sent (URL, headers, certificate files); `done` is called only when OK.
  Result<std::shared_ptr<ClientCall>> request(ClientRequest request, Done done);
  /// [any] The same, with the body handed over while it comes: `done` gets none, after the last piece.
  Result<std::shared_ptr<ClientCall>> stream(ClientRequest request, OnPiece on_piece, Done done);
  /// [ctl] Cancels all calls and closes the pool; returns when none runs. Later requests are refused.
  void stop();
  const ClientStats& stats() const;

 private:
  struct Shared;
  Result<std::shared_ptr<ClientCall>> begin(ClientRequest request, OnPiece on_piece, Done done);
  std::shared_ptr<Shared> shared_;
};

}  // namespace tarsier::net
