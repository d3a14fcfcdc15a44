// Websockets on Beast's stream, instantiated once over Transport.
#include "plugins/lib/http/websocket.hpp"

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/beast/websocket/teardown.hpp>

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

/// Transport as Beast wants a stream to be. What was read behind the handshake is handed out first.
class Stream {
 public:
  using executor_type = asio::io_context::executor_type;
  Stream(std::shared_ptr<Transport> transport, std::string received)
      : state_(std::make_shared<State>(State{std::move(transport), std::move(received)})) {}

  executor_type get_executor() const { return state_->transport->context().get_executor(); }
  Transport& transport() const { return *state_->transport; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, size_t)>(
        [state = state_](auto handler, const Buffers& to) {
          auto done = share(std::move(handler));
          const asio::mutable_buffer first = first_of(to);
          if (state->received.empty())
            return state->transport->read_some(static_cast<char*>(first.data()), first.size(), std::move(done));
          const size_t size = asio::buffer_copy(to, asio::buffer(state->received));
          state->received.erase(0, size);
          asio::post(state->transport->context(), [done = std::move(done), size] { done(error_code(), size); });
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, size_t)>(
        [state = state_](auto handler, const Buffers& from) {
          const asio::const_buffer first = first_of(from);
          state->transport->write_some({static_cast<const char*>(first.data()), first.size()}, {}, share(std::move(handler)));
        },
        token, buffers);
  }

 private:
  struct State {
    std::shared_ptr<Transport> transport;
    std::string received;
  };
  /// Beast's handlers can only be moved; Transport's must be copyable.
  template <class Handler>
  static Transport::Done share(Handler handler) {
    auto shared = std::make_shared<Handler>(std::move(handler));
    return [shared](error_code ec, size_t size) { std::move (*shared)(ec, size); };
  }
  template <class Buffers>
  static auto first_of(const Buffers& buffers) {
    auto at = asio::buffer_sequence_begin(buffers);
    const auto end = asio::buffer_sequence_end(buffers);
    using Buffer = std::conditional_t<asio::is_mutable_buffer_sequence<Buffers>::value, asio::mutable_buffer, asio::const_buffer>;
    Buffer first = *at;
    while (first.size() == 0 && ++at != end) first = *at;
    return first;
  }
  std::shared_ptr<State> state_;
};

// How Beast closes a stream that it gives up, and ends one after the closing handshake; found by argument-dependent lookup.
void beast_close_socket(Stream& stream) { stream.transport().close(); }
template <class Handler>
void async_teardown(beast::role_type, Stream& stream, Handler&& handler) {
  stream.transport().shutdown([shared = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler))](
                                  error_code, size_t) { std::move (*shared)(error_code()); });
}

/// What belongs to the network thread. Only completions hold it besides the session, which lets go of it there: whoever still holds
/// the session, on whatever thread, holds nothing of the loop.
struct Wire {
  Wire(std::shared_ptr<Transport> the_transport, std::string received)
      : transport(the_transport), stream(Stream(std::move(the_transport), std::move(received))) {}
  std::shared_ptr<Transport> transport;
  websocket::stream<Stream, false> stream;
  beast::flat_buffer buffer;
};

class Session final : public Websocket, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Transport> transport, WebsocketOptions options, WebsocketCallbacks callbacks, Executor& executor,
          std::function<void()> ended)
      : context_(transport->context()),
        options_(std::move(options)),
        callbacks_(std::move(callbacks)),
        executor_(executor),
        ended_(std::move(ended)),
        wire_(std::make_shared<Wire>(std::move(transport), std::move(options_.received))) {}

  void start() {
    websocket::stream_base::timeout times{};
    times.handshake_timeout = std::chrono::seconds(10);
    times.idle_timeout = std::chrono::seconds(60);
    times.keep_alive_pings = true;
    wire_->stream.set_option(times);
    wire_->stream.read_message_max(options_.max_message_bytes);
    http::request<http::empty_body> request(http::verb::get, options_.target, 11);
    for (const Header& field : options_.request_headers) request.insert(field.name, field.value);
    wire_->stream.async_accept(request, [self = shared_from_this(), wire = wire_](error_code ec) {
      if (ec) return self->finish();
      self->open_ = true;
      self->enqueue(0, [self] { self->callbacks_.on_open(self); });
      self->read();
      self->pump();
    });
  }

  Send send(std::string_view message, bool is_text) override {
    const std::lock_guard lock(mutex_);
    if (ended_already_ || goodbye_) return Send::closed;
    if (outgoing_bytes_ > kMaxWaiting) return Send::full;
    outgoing_bytes_ += message.size();
    outgoing_.emplace_back(std::string(message), is_text);
    asio::post(context_, [self = shared_from_this()] { self->pump(); });
    return Send::taken;
  }

  void close(uint16_t code, std::string_view reason) override {
    const std::lock_guard lock(mutex_);
    if (ended_already_ || goodbye_) return;
    goodbye_.emplace(code, std::string(reason.substr(0, 120)));
    asio::post(context_, [self = shared_from_this()] { self->pump(); });
  }

  void kill() override {
    if (wire_) wire_->transport->close();
  }

 private:
  static constexpr size_t kMaxWaiting = 1024 * 1024;

  void read() {
    if (!wire_) return;
    reading_ = true;
    wire_->stream.async_read(wire_->buffer, [self = shared_from_this(), wire = wire_](error_code ec, size_t) {
      self->reading_ = false;
      if (ec) return self->finish();
      std::string message = beast::buffers_to_string(wire->buffer.data());
      wire->buffer.consume(wire->buffer.size());
      const size_t size = message.size();
      self->enqueue(size, [self, text = wire->stream.got_text(), message = std::move(message)] {
        self->callbacks_.on_message(message, text);
      });
      const std::lock_guard lock(self->mutex_);
      if (self->incoming_bytes_ <= kMaxWaiting) self->read();
    });
  }

  /// [net] Sends the next message, and the goodbye after the last.
  void pump() {
    if (!open_ || writing_ || saying_goodbye_) return;
    std::optional<std::pair<uint16_t, std::string>> goodbye;
    {
      const std::lock_guard lock(mutex_);
      if (ended_already_) return;
      if (!outgoing_.empty()) {
        current_ = std::move(outgoing_.front());
        outgoing_.pop_front();
        writing_ = true;
      } else if (goodbye_) {
        goodbye = goodbye_;
        saying_goodbye_ = true;
      }
    }
    if (writing_) {
      wire_->stream.text(current_.second);
      wire_->stream.async_write(asio::buffer(current_.first), [self = shared_from_this(), wire = wire_](error_code ec, size_t) {
        self->writing_ = false;
        {
          const std::lock_guard lock(self->mutex_);
          self->outgoing_bytes_ -= self->current_.first.size();
        }
        if (ec) return self->finish();
        self->pump();
      });
    } else if (goodbye) {
      const websocket::close_reason reason(static_cast<websocket::close_code>(goodbye->first), goodbye->second);
      wire_->stream.async_close(reason, [self = shared_from_this(), wire = wire_](error_code) {
        wire->transport->close();
        if (!self->reading_) self->finish();
      });
    }
  }

  /// [net] Nothing more is read or sent.
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(ended_already_, true)) return;
    }
    wire_->transport->close();
    wire_.reset();
    enqueue(0, [self = shared_from_this()] {
      if (self->open_) self->callbacks_.on_close();
      const auto gone = std::exchange(self->callbacks_.on_gone, nullptr);
      self->callbacks_ = {};
      gone();
    });
    std::exchange(ended_, nullptr)();  // it holds the connection, which belongs to this thread too
  }

  /// Appends to the socket's own queue, which one worker at a time empties.
  void enqueue(size_t bytes, std::function<void()> event) {
    const std::lock_guard lock(mutex_);
    incoming_bytes_ += bytes;
    events_.emplace_back(bytes, std::move(event));
    if (std::exchange(draining_, true)) return;
    executor_.post(Executor::Need::required, [self = shared_from_this()] { self->drain(); });
  }
  void drain() {
    std::unique_lock lock(mutex_);
    while (!events_.empty()) {
      auto [bytes, event] = std::move(events_.front());
      events_.pop_front();
      lock.unlock();
      event();
      lock.lock();
      const bool was_full = incoming_bytes_ > kMaxWaiting;
      incoming_bytes_ -= bytes;
      if (was_full && incoming_bytes_ <= kMaxWaiting && !ended_already_) {
        asio::post(context_, [self = shared_from_this()] {
          if (!self->reading_) self->read();
        });
      }
    }
    draining_ = false;
  }

  asio::io_context& context_;
  WebsocketOptions options_;
  WebsocketCallbacks callbacks_;
  Executor& executor_;
  std::function<void()> ended_;
  // of the network thread
  std::shared_ptr<Wire> wire_;  // null when it has ended
  bool reading_ = false;
  bool writing_ = false;
  bool saying_goodbye_ = false;
  std::pair<std::string, bool> current_;
  std::atomic<bool> open_{false};
  // of any thread
  std::mutex mutex_;
  bool ended_already_ = false;
  bool draining_ = false;
  size_t incoming_bytes_ = 0;
  size_t outgoing_bytes_ = 0;
  std::deque<std::pair<size_t, std::function<void()>>> events_;
  std::deque<std::pair<std::string, bool>> outgoing_;
  std::optional<std::pair<uint16_t, std::string>> goodbye_;
};

}  // namespace

std::shared_ptr<Websocket> run_websocket(std::shared_ptr<Transport> transport, WebsocketOptions options,
                                         WebsocketCallbacks callbacks, Executor& executor, std::function<void()> ended) {
  auto session =
      std::make_shared<Session>(std::move(transport), std::move(options), std::move(callbacks), executor, std::move(ended));
  session->start();
  return session;
}

}  // namespace tarsier::net
