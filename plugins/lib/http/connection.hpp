// One accepted connection of a server, from handshake to close. Inside the library only.
#pragma once

#include <memory>
#include <string>

#include "plugins/lib/http/server.hpp"
#include "plugins/lib/http/transport.hpp"

namespace tarsier::net {

class Connection {
 public:
  struct Setup {
    std::shared_ptr<const EntrypointOptions> options;
    std::shared_ptr<EntrypointStats> stats;
    RequestHandler* handler = nullptr;
    Executor* executor = nullptr;
    Log* log = nullptr;
    const std::atomic<bool>* draining = nullptr;
    std::string remote;
    bool secure = false;
  };
  virtual ~Connection() = default;
  /// [any] End after the answer that is owed.
  virtual void drain() = 0;
  /// [any] End now.
  virtual void kill() = 0;
};

/// [net] Begins to serve; `ended` is called on the same thread when all of it is over.
std::shared_ptr<Connection> serve_connection(std::shared_ptr<Transport> transport, Connection::Setup setup,
                                             std::function<void()> ended);

}  // namespace tarsier::net
