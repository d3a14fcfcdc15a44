// A server's connection: one coroutine that reads a request, has it handled and sends the answer, while reads and writes complete
// beside it and wake it. Reading goes on while a handler works, so that a client that leaves is noticed. A client that speaks
// HTTP/2, agreed upon in the TLS handshake or by its first bytes, is handed over to a connection of that kind.
#include "plugins/lib/http/connection.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "plugins/lib/http/event.hpp"
#include "plugins/lib/http/http2_connection.hpp"
#include "plugins/lib/http/http2_session.hpp"
#include "plugins/lib/http/message_parser.hpp"
#include "plugins/lib/http/request_intake.hpp"

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr size_t kIdleBuffer = 4 * 1024;
constexpr size_t kBodyBuffer = 64 * 1024;
constexpr size_t kLargeBodyBuffer = 128 * 1024;    // fewer reads for a body that is known to be long
constexpr uint64_t kMaxReserved = 1024 * 1024;     // of memory for a body before it is there
constexpr size_t kSmall = 16 * 1024;               // pieces below are sent together
constexpr auto kLinger = std::chrono::seconds(2);  // for a client that still sends what was refused

constexpr auto kFirstRequest = std::chrono::seconds(1);  // for a client that came while the server was ending

class ServerConnection final : public Connection, public std::enable_shared_from_this<ServerConnection> {
 public:
  ServerConnection(std::shared_ptr<Transport> transport, Setup setup, std::function<void()> ended)
      : transport_(std::move(transport)),
        setup_(std::move(setup)),
        limits_(setup_.options->limits),
        context_(transport_->context()),
        event_(context_),
        ended_(std::move(ended)) {}

  ~ServerConnection() override {
    if (exchange_) exchange_->detach();
  }
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  void start() {
    asio::co_spawn(
        context_, [self = shared_from_this()] { return self->serve(); },
        [self = shared_from_this()](const std::exception_ptr& thrown) { self->over(thrown); });
  }
  void drain() override {
    asio::post(context_, [self = shared_from_this()] {
      if (self->websocket_) self->websocket_->close(1001, "the server is stopping");
      if (self->http2_) self->http2_->drain();
      self->event_.notify();
    });
  }
  void kill() override {
    asio::post(context_, [self = shared_from_this()] { self->cut(); });
  }

 private:
  bool draining() const { return setup_.draining->load(std::memory_order_relaxed); }

  awaitable<void> serve() {
    bool open = co_await handshake();
    if (open && transport_->protocol() == "h2") {
      continue_as_http2();
      open = false;
    }
    while (open) open = co_await serve_request();
    if (handed_over_) co_return;
    if (!broken_) co_await say_goodbye();
    transport_->close();
  }
  void over(const std::exception_ptr& thrown) {
    if (thrown) {
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& failure) {
        setup_.log->write(TARSIER_LOG_ERROR, "connection failed", {{"remote", setup_.remote}, {"error", failure.what()}});
      }
      if (exchange_) exchange_->detach();
      transport_->close();
    }
    if (!handed_over_) ended_();
  }

  awaitable<bool> handshake() {
    transport_->handshake([self = shared_from_this()](error_code ec, size_t) {
      self->handshake_result_ = ec;
      self->event_.notify();
    });
    const Moment deadline = moment_now() + limits_.header_timeout;
    while (!handshake_result_ && !cut_ && moment_now() < deadline) co_await event_.wait_until(deadline);
    if (handshake_result_ && !*handshake_result_) co_return true;
    if (handshake_result_ && !cut_) {
      setup_.log->write(TARSIER_LOG_DEBUG, "TLS handshake failed",
                        {{"remote", setup_.remote}, {"error", handshake_result_->message()}});
    }
    cut();
    co_return false;
  }

  /// One request and its answer; false when the connection is to end.
  awaitable<bool> serve_request() {
    MessageParser parser(MessageParser::Kind::request, limits_.max_header_bytes);
    const uint64_t sent_before = sent_bytes_;
    const uint64_t received_before = received_bytes_ - inbox_.size();
    if (!co_await read_head(parser)) co_return false;
    const Moment begun = moment_now();

    Request request;
    Admission admission;
    if (parser.failure()) {
      admission.refusal = text_answer(parser.failure()->code, parser.failure()->message);
      describe_request(setup_, request);
    } else {
      admission = admit_request(setup_, parser.head(), request);
    }
    if (!admission.refusal) admission.refusal = co_await read_body(parser, request, admission);
    const bool whole = parser.done() && !parser.failure();  // where a broken message ends, nobody knows
    if (!whole) request.keep_alive = false;
    lingering_ = lingering_ || !whole;

    const auto self = shared_from_this();
    Exchange::Wiring wiring;
    wiring.wake = [weak = weak_from_this(), &context = context_] {
      asio::post(context, [weak] {
        if (const auto connection = weak.lock()) connection->event_.notify();
      });
    };
    wiring.executor = setup_.executor;
    wiring.draining = setup_.draining;
    exchange_ =
        std::make_shared<Exchange>(std::move(request), std::move(admission.extra_headers), std::move(admission.route), wiring);
    if (broken_) {
      exchange_->cancel();
    } else if (admission.refusal) {
      exchange_->respond(std::move(*admission.refusal));
    } else {
      setup_.handler->handle(exchange_);
    }
    const auto timeout = admission.timeout.count() > 0 ? admission.timeout : limits_.timeout;
    bool keep = false;
    if (!broken_) keep = co_await send_answer(timeout);
    RequestRecord record;
    record.code = exchange_->progress().code;
    if (record.code == 0) record.code = 499;
    record.received_bytes = received_bytes_ - inbox_.size() - received_before;
    record.sent_bytes = sent_bytes_ - sent_before;
    record.duration = moment_now() - begun;
    setup_.handler->finished(exchange_->request(), record);
    if (!websocket_) exchange_->detach();
    exchange_.reset();
    co_return keep;
  }

  /// False when the connection ends without a request. A request that is broken is a true, with parser.failure().
  awaitable<bool> read_head(MessageParser& parser) {
    const bool first = first_;
    Moment deadline = moment_now() + (first ? limits_.header_timeout : limits_.idle_timeout);
    bool begun = false;
    first_ = false;
    read_size_ = kIdleBuffer;
    while (true) {
      if (first && is_http2_preface(inbox_)) {
        continue_as_http2();
        co_return false;
      }
      while (!begun && !inbox_.empty() && (inbox_.front() == '\r' || inbox_.front() == '\n')) inbox_.erase(0, 1);
      if (!inbox_.empty() && !(first && may_become_http2_preface(inbox_))) {
        if (!begun) deadline = moment_now() + limits_.header_timeout;
        begun = true;
        inbox_.erase(0, parser.feed(inbox_));
        if (parser.failure() || parser.head_done()) co_return true;
      }
      if (eof_ || cut_) co_return false;
      if (draining() && !begun) {  // a client that has only just come is about to ask
        if (!first) co_return false;
        deadline = std::min(deadline, born_ + kFirstRequest);
      }
      if (moment_now() >= deadline) {
        if (!begun) co_return false;
        refuse_now(408, "the request header took too long");
        co_await flush();
        co_return false;
      }
      read_more(limits_.max_header_bytes + kBodyBuffer);
      co_await event_.wait_until(deadline);
    }
  }

  /// The answer to refuse it with, if it is to be.
  awaitable<std::optional<Answer>> read_body(MessageParser& parser, Request& request, const Admission& admission) {
    if (parser.done()) co_return std::nullopt;
    const uint64_t limit = admission.max_body_bytes;
    BodyIntake body;
    if (auto refusal = body.begin(admission, request)) co_return refusal;
    parser.set_body_limit(limit);
    parser.set_body_sink([&](std::string_view piece) { return body.add(piece); });
    if (equal_ignoring_case(find_header(request.headers, "expect"), "100-continue") && inbox_.empty() && request.http_1_1) {
      out_.emplace_back("HTTP/1.1 100 Continue\r\n\r\n");
      write_more();
    }
    read_size_ = kBodyBuffer;
    if (const auto length = parser.head().content_length; length && !body.decodes()) {
      request.body.reserve(std::min({*length, limit, kMaxReserved}));
      if (*length > kBodyBuffer) read_size_ = kLargeBodyBuffer;
    }
    Pace pace(limits_.body_timeout, limits_.min_rate);
    while (true) {
      const size_t taken = parser.feed(inbox_);
      inbox_.erase(0, taken);
      pace.add(taken);
      if (parser.failure()) co_return text_answer(parser.failure()->code, parser.failure()->message);
      if (parser.done()) break;
      if (eof_ || cut_) {
        broken_ = true;
        co_return std::nullopt;
      }
      if (moment_now() >= pace.deadline()) co_return text_answer(408, "the request body came too slowly");
      const size_t most = 2 * read_size_;
      if (taken == 0 && inbox_.size() >= most)  // the parser waits for the end of a line that is longer than this
        co_return text_answer(431, "a chunk's head or the trailer is larger than " + std::to_string(most) + " bytes");
      read_more(most);
      co_await event_.wait_until(pace.deadline());
    }
    if (auto finished = body.finish(); !finished) co_return text_answer(400, finished.error().message());
    co_return std::nullopt;
  }

  /// Sends what the exchange makes until it is complete; false when the connection is to end.
  awaitable<bool> send_answer(std::chrono::nanoseconds timeout) {
    const Moment expiry = moment_now() + timeout;
    const bool asked_for_upgrade = has_header(exchange_->request().headers, "upgrade");
    std::optional<Pace> pace;
    while (true) {
      const auto progress = exchange_->progress();  // before the output: what is complete here has all of it there
      for (auto& piece : exchange_->take_output()) out_.push_back(std::move(piece));
      const uint64_t sent_before = sent_bytes_;
      write_more();
      if (progress.aborted) cut();
      if (broken_ || cut_) {
        exchange_->cancel();
        broken_ = true;
        co_return false;
      }
      const bool sending = writing_ || !out_.empty();
      if (progress.upgraded && !sending) co_return start_websocket();
      if (progress.complete && !sending) co_return progress.keep_alive && !eof_;
      if (eof_) exchange_->cancel();
      if (!asked_for_upgrade) read_more(kBodyBuffer);  // a websocket reads for itself

      if (!sending) pace.reset();
      if (sending && !pace) pace.emplace(limits_.body_timeout, limits_.min_rate);
      const Moment deadline = sending ? pace->deadline() : progress.begun ? kNever : expiry;
      if (moment_now() >= deadline) {
        if (sending) {
          cut();
        } else {
          exchange_->expire(text_answer(503, "the request took longer than its time limit"));
        }
        continue;
      }
      co_await event_.wait_until(deadline);
      if (pace) pace->add(sent_bytes_ - sent_before);
    }
  }

  bool start_websocket() {
    handed_over_ = true;
    WebsocketOptions options;
    options.request_headers = exchange_->request().headers;
    options.target = exchange_->request().target;
    options.received = std::exchange(inbox_, {});
    auto callbacks = exchange_->take_websocket();
    websocket_ = run_websocket(transport_, std::move(options), std::move(callbacks), *setup_.executor, [self = shared_from_this()] {
      self->websocket_.reset();
      self->ended_();
    });
    return false;
  }

  void continue_as_http2() {
    handed_over_ = true;
    http2_ = serve_http2(transport_, setup_, std::exchange(inbox_, {}), [self = shared_from_this()] {
      self->http2_.reset();
      self->ended_();
    });
  }

  awaitable<void> flush() {
    Pace pace(limits_.body_timeout, limits_.min_rate);
    while ((writing_ || !out_.empty()) && !broken_ && !cut_ && moment_now() < pace.deadline()) {
      write_more();
      co_await event_.wait_until(pace.deadline());
    }
  }
  void refuse_now(uint32_t code, std::string_view why) {
    lingering_ = true;
    const Answer answer = text_answer(code, why);
    std::string text = "HTTP/1.1 " + std::to_string(code) + " " + std::string(reason_phrase(code)) + "\r\n";
    text += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n";
    text += "Connection: close\r\n\r\n" + answer.body;
    out_.push_back(std::move(text));
  }

  /// Ends the sending side; a client that still sends is listened to for a moment, because a reset would destroy the answer on its
  /// way.
  awaitable<void> say_goodbye() {
    transport_->shutdown([self = shared_from_this()](error_code, size_t) {
      self->goodbye_said_ = true;
      self->event_.notify();
    });
    const Moment deadline = moment_now() + kLinger;
    while (!cut_ && moment_now() < deadline && !(goodbye_said_ && (eof_ || !lingering_))) {
      inbox_.clear();
      if (lingering_) read_more(kBodyBuffer);
      co_await event_.wait_until(deadline);
    }
  }

  void read_more(size_t inbox_limit) {
    if (reading_ || eof_ || cut_ || inbox_.size() >= inbox_limit) return;
    reading_ = true;
    if (read_buffer_size_ != read_size_) {
      read_buffer_ = std::make_unique_for_overwrite<char[]>(read_size_);
      read_buffer_size_ = read_size_;
    }
    transport_->read_some(read_buffer_.get(), read_buffer_size_, [self = shared_from_this()](error_code ec, size_t size) {
      self->reading_ = false;
      self->received_bytes_ += size;
      self->setup_.stats->received_bytes.fetch_add(size, std::memory_order_relaxed);
      if (ec) {
        self->eof_ = true;
      } else {
        self->inbox_.append(self->read_buffer_.get(), size);
      }
      self->event_.notify();
    });
  }

  void write_more() {
    if (writing_ || out_.empty() || cut_) return;
    while (out_.size() > 1 && out_[0].size() < kSmall && out_[1].size() < kSmall) {  // one packet, and one TLS record
      out_[0] += out_[1];
      out_.erase(out_.begin() + 1);
    }
    writing_ = true;
    const std::string_view first = std::string_view(out_[0]).substr(written_);
    const std::string_view second = out_.size() > 1 ? std::string_view(out_[1]) : std::string_view();
    transport_->write_some(first, second, [self = shared_from_this()](error_code ec, size_t size) {
      self->writing_ = false;
      self->wrote(size);
      if (ec) self->broken_ = true;
      self->event_.notify();
    });
  }
  void wrote(size_t size) {
    sent_bytes_ += size;
    setup_.stats->sent_bytes.fetch_add(size, std::memory_order_relaxed);
    if (exchange_) exchange_->sent(size);
    written_ += size;
    while (!out_.empty() && written_ >= out_.front().size()) {
      written_ -= out_.front().size();
      out_.pop_front();
    }
  }

  void cut() {
    if (std::exchange(cut_, true)) return;
    if (websocket_) websocket_->kill();
    if (http2_) return http2_->kill();
    transport_->close();
    event_.notify();
  }

  std::shared_ptr<Transport> transport_;
  const Setup setup_;
  const ServerLimits& limits_;
  asio::io_context& context_;
  Event event_;
  std::function<void()> ended_;

  std::unique_ptr<char[]> read_buffer_;
  size_t read_buffer_size_ = 0;
  size_t read_size_ = kIdleBuffer;  // of the next read
  std::string inbox_;               // received, not yet parsed
  std::deque<std::string> out_;
  size_t written_ = 0;  // of out_[0]
  bool reading_ = false;
  bool writing_ = false;
  bool eof_ = false;        // the client sends no more
  bool broken_ = false;     // sending failed, or the request broke off
  bool cut_ = false;        // closed from here
  bool lingering_ = false;  // the client may still be sending what was refused
  bool goodbye_said_ = false;
  bool handed_over_ = false;  // the transport is another one's
  std::optional<error_code> handshake_result_;
  bool first_ = true;
  const Moment born_ = moment_now();
  uint64_t received_bytes_ = 0;
  uint64_t sent_bytes_ = 0;
  std::shared_ptr<Exchange> exchange_;
  std::shared_ptr<Websocket> websocket_;
  std::shared_ptr<Connection> http2_;
};

}  // namespace

std::shared_ptr<Connection> serve_connection(std::shared_ptr<Transport> transport, Connection::Setup setup,
                                             std::function<void()> ended) {
  auto connection = std::make_shared<ServerConnection>(std::move(transport), std::move(setup), std::move(ended));
  connection->start();
  return connection;
}

}  // namespace tarsier::net
