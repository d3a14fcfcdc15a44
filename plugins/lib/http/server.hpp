// Server: entrypoints that listen, and the connections that they accept. What a request means is up to a RequestHandler.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "plugins/lib/http/exchange.hpp"
#include "plugins/lib/http/io_threads.hpp"
#include "plugins/lib/http/runtime.hpp"
#include "plugins/lib/http/tls.hpp"
#include "tarsier/result.hpp"

namespace tarsier::net {

struct ServerLimits {
  uint64_t max_header_bytes = 64 * 1024;
  uint64_t max_body_bytes = 64 * 1024 * 1024;
  uint64_t max_connections = 1024;
  uint64_t min_rate = 1024;  // bytes a second, on average, while a body is received or an answer is sent
  std::chrono::nanoseconds header_timeout = std::chrono::seconds(10);
  std::chrono::nanoseconds body_timeout = std::chrono::seconds(30);  // grace before min_rate counts
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(75);
  std::chrono::nanoseconds timeout = std::chrono::seconds(120);  // of a handler, until its answer begins
  bool operator==(const ServerLimits&) const = default;
};

/// What becomes of a request whose head is there.
struct Admission {
  std::optional<Answer> refusal;
  Headers extra_headers;                // of every answer to it
  uint64_t max_body_bytes = 0;          // 0: the entrypoint's
  std::chrono::nanoseconds timeout{0};  // 0: the entrypoint's
  bool body_as_sent = false;            // whatever its Content-Encoding
  std::shared_ptr<void> route;          // handed on to handle()
};

/// Thread-safe: each network thread calls it for its connections.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  /// [net] The head is there, the body is not. May fill in the request's path, prefix, user and so on.
  virtual Admission admit(Request& request) = 0;
  /// [net] The request is whole; must not block.
  virtual void handle(const std::shared_ptr<Exchange>& exchange) = 0;
  /// [net] Its connection is through with it.
  virtual void finished(const Request& request, const RequestRecord& record) = 0;
};

/// Counts of one entrypoint.
struct EntrypointStats {
  std::atomic<int64_t> connections{0};
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> refused{0};  // over max_connections
  std::atomic<uint64_t> received_bytes{0};
  std::atomic<uint64_t> sent_bytes{0};
  std::atomic<uint64_t> http2_connections{0};  // of `accepted`
  std::atomic<uint64_t> http2_floods{0};       // of those, ended because they were a nuisance
};

struct EntrypointOptions {
  std::string name;
  std::string address;  // "127.0.0.1:9090", "[::1]:0"
  ServerLimits limits;
  std::shared_ptr<TlsServer> tls;  // null: plain
};

class Server {
 public:
  Server(IoThreads& threads, Executor& executor, Log& log);
  /// Kills what is still open.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// [ctl] Starts to accept; returns the address with the port that was bound. UNAVAILABLE when it is in use.
  Result<std::string> listen(EntrypointOptions options, RequestHandler& handler);
  /// [ctl] Stops accepting; each connection ends after the answer that it owes. Does not wait.
  void retire();
  /// [any] True when nothing is open any more.
  bool ended() const;
  /// [ctl] After retire(): waits until then, or until the deadline; as ended().
  bool wait_ended(std::chrono::steady_clock::time_point deadline);
  /// [ctl] retire(), and waits; connections that are left at `deadline` are cut. True when none was.
  bool stop(std::chrono::steady_clock::time_point deadline);
  std::shared_ptr<const EntrypointStats> stats(const std::string& entrypoint) const;

 private:
  struct Shared;
  struct Listener;
  std::shared_ptr<Shared> shared_;
  mutable std::mutex listeners_mutex_;
  std::vector<std::shared_ptr<Listener>> listeners_;
};

/// "127.0.0.1:9090" as host and port; INVALID with what was expected.
Result<HostPort> parse_address(const std::string& address);

}  // namespace tarsier::net
