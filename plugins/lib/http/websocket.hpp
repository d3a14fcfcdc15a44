// Websockets: an upgraded connection as messages, with the callbacks serial per socket on a worker.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/lib/http/headers.hpp"
#include "plugins/lib/http/runtime.hpp"
#include "plugins/lib/http/transport.hpp"

namespace tarsier::net {

class Websocket {
 public:
  enum class Send { taken, full, closed };
  virtual ~Websocket() = default;
  /// [any]
  virtual Send send(std::string_view message, bool is_text) = 0;
  /// [any] Says goodbye with a code of RFC 6455; on_close follows.
  virtual void close(uint16_t code, std::string_view reason) = 0;
  /// [net] Cuts it off; on_close follows.
  virtual void kill() = 0;
};

/// Called on workers, one at a time for each socket.
struct WebsocketCallbacks {
  std::function<void(const std::shared_ptr<Websocket>&)> on_open;
  std::function<void(std::string_view message, bool is_text)> on_message;
  std::function<void()> on_close;
  /// Last of all, also when the socket never came to open; on any thread.
  std::function<void()> on_gone;
  explicit operator bool() const noexcept { return static_cast<bool>(on_gone); }
};

struct WebsocketOptions {
  Headers request_headers;  // of the handshake
  std::string target;
  std::string received;  // what came after the request
  uint64_t max_message_bytes = 4 * 1024 * 1024;
};

/// [net] Answers the handshake and runs the socket; `ended` [net] comes when the transport is closed.
std::shared_ptr<Websocket> run_websocket(std::shared_ptr<Transport> transport, WebsocketOptions options,
                                         WebsocketCallbacks callbacks, Executor& executor, std::function<void()> ended);

}  // namespace tarsier::net
