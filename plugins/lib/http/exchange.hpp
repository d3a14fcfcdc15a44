// Exchange: one request and the answer being given to it. The handler's side may be used on any thread; what it says becomes bytes
// of HTTP/1.x (or fields and a body, for HTTP/2) here, on that thread, and waits for the connection to send it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/http/compression.hpp"
#include "plugins/lib/http/headers.hpp"
#include "plugins/lib/http/runtime.hpp"
#include "plugins/lib/http/websocket.hpp"

namespace tarsier::net {

struct Request {
  uint32_t method = 0;  // TARSIER_HTTP_* bit
  std::string method_name;
  std::string target;  // as received
  std::string path;    // percent-decoded, without the prefix
  std::string raw_path;
  std::string query;
  std::string prefix;
  std::string api;
  std::string entrypoint;
  std::string remote;  // "127.0.0.1:43512"
  std::string user;
  std::string host;  // the Host field, or the authority of an absolute target
  std::vector<std::string> segments;
  std::vector<std::string> path_args;
  Headers headers;  // names in lower case
  std::string body;
  bool http_1_1 = true;  // or later
  bool http_2 = false;
  bool keep_alive = true;
  bool secure = false;
};

struct Answer {
  uint32_t code = 200;
  Headers headers;
  std::string body;
};
/// A plain text answer, as refusals are.
Answer text_answer(uint32_t code, std::string_view text);

/// How a request was answered, for the access log and the metrics.
struct RequestRecord {
  uint32_t code = 0;  // 499: the client went before there was an answer
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  std::chrono::nanoseconds duration{0};
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  enum class Write { taken, full, cancelled };
  /// What the connection provides; `wake` is called on any thread when there is something to send, and only posts.
  struct Wiring {
    std::function<void()> wake;
    Executor* executor = nullptr;
    const std::atomic<bool>* draining = nullptr;  // then the connection is closed after the answer
  };
  static constexpr size_t kMaxWaiting = 1024 * 1024;

  Exchange(Request request, Headers extra_headers, std::shared_ptr<void> route, Wiring wiring);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  const Request& request() const noexcept { return request_; }
  /// [any] What admit() or set_route() gave.
  std::shared_ptr<void> route() const;
  /// Before it is handed out: the route is found late, or is another one now.
  void set_route(std::shared_ptr<void> route);

  // ---- the handler's side [any] --------------------------------------------------------------------------------------------

  /// From here on the exchange keeps itself, until the handler has finished it; `released` is called once, then.
  void hand_out(std::function<void()> released);
  void respond(Answer answer);
  void begin(uint32_t code, Headers headers);
  Write write(std::string_view piece);
  void end(bool aborted, const Headers& trailers = {});
  void on_writable(std::function<void()> call);
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }
  /// False, and answered with 400 or 426, when the client did not ask for a websocket.
  bool upgrade(WebsocketCallbacks callbacks);

  // ---- the connection's side [net] ------------------------------------------------------------------------------------------

  /// Bytes to send, if there are any; in HTTP/2 those of the body.
  std::deque<std::string> take_output();
  /// HTTP/2, once the answer has begun, and once it is complete.
  Headers take_head();
  Headers take_trailers();
  /// `bytes` of the output have been sent.
  void sent(size_t bytes);
  struct Progress {
    bool begun = false;     // the head is made
    bool complete = false;  // everything that will be sent has been made
    bool aborted = false;   // to be cut off
    bool upgraded = false;
    bool keep_alive = false;
    uint32_t code = 0;
  };
  Progress progress() const;
  /// The handler has not finished it yet, whatever has been answered.
  bool owed() const;
  WebsocketCallbacks take_websocket();
  /// The client went, or the owner of the route is going.
  void cancel();
  /// Answers by itself, when nothing has been answered yet; the handler's own answer comes to nothing then. Also cancels.
  void expire(Answer answer);
  /// The connection is going: nothing of it may be called any more.
  void detach();

 private:
  enum class State { waiting, streaming, complete };
  using Lock = std::unique_lock<std::mutex>;

  void push_head(uint32_t code, const Headers& headers, std::optional<uint64_t> length);
  void push(std::string bytes);
  void push_piece(std::string_view piece);
  void finish_locked(Answer answer, Encoding encoding);
  Encoding encoding_for(uint32_t code, const Headers& headers) const;
  bool body_allowed(uint32_t code) const noexcept;
  void notify_writable(Lock& lock);
  void wake(Lock& lock);
  /// The handler is through; calls `released` unless a callback into the owner is running.
  void release(Lock& lock);

  const Request request_;
  const Headers extra_headers_;

  mutable std::mutex state_mutex_;
  std::shared_ptr<void> route_;
  Wiring wiring_;
  State state_ = State::waiting;
  bool expired_ = false;
  bool aborted_ = false;
  bool upgraded_ = false;
  bool keep_alive_ = false;
  bool chunked_ = false;
  uint32_t code_ = 0;
  size_t waiting_bytes_ = 0;
  std::deque<std::string> output_;
  Headers head_;  // HTTP/2
  Headers trailers_;
  std::unique_ptr<Encoder> encoder_;
  std::function<void()> writable_;
  WebsocketCallbacks websocket_;
  std::atomic<bool> cancelled_{false};

  bool finished_by_handler_ = false;
  uint32_t callbacks_running_ = 0;
  std::function<void()> released_;
  std::shared_ptr<Exchange> self_;
};

}  // namespace tarsier::net
