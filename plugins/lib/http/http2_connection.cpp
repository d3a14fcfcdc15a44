// A server's connection of HTTP/2: one coroutine that gives the session what came, moves requests and answers along, and sends what
// the session makes of them, while reads and writes complete beside it and wake it.
#include "plugins/lib/http/http2_connection.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "plugins/lib/http/event.hpp"
#include "plugins/lib/http/http2_stream.hpp"

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr size_t kReadBuffer = 16 * 1024;
constexpr size_t kWriteBuffer = 64 * 1024;
/// Bodies and answers of all streams together. Beyond it streams wait for one another, the oldest first.
constexpr size_t kHeldBytes = 16 * 1024 * 1024;
constexpr auto kLinger = std::chrono::milliseconds(250);    // for a client to close, too
constexpr std::chrono::milliseconds kLongLinger{2000};      // for one that is still sending what was refused
constexpr auto kLastStreams = std::chrono::seconds(1);      // for those on their way to a server that is ending
constexpr auto kLookAgain = std::chrono::milliseconds(50);  // at handlers whose client has gone

class Http2Connection final : public Connection, public Http2Session::Owner, public std::enable_shared_from_this<Http2Connection> {
 public:
  Http2Connection(std::shared_ptr<Transport> transport, Setup setup, std::string received, std::function<void()> ended)
      : transport_(std::move(transport)),
        setup_(std::move(setup)),
        limits_(setup_.options->limits),
        context_(transport_->context()),
        event_(context_),
        ended_(std::move(ended)),
        inbox_(std::move(received)),
        session_(session_limits(), *this, moment_now()) {}

  void start() {
    setup_.stats->http2_connections.fetch_add(1, std::memory_order_relaxed);
    asio::co_spawn(
        context_, [self = shared_from_this()] { return self->serve(); },
        [self = shared_from_this()](const std::exception_ptr& thrown) { self->over(thrown); });
  }
  void drain() override {
    asio::post(context_, [self = shared_from_this()] { self->event_.notify(); });
  }
  void kill() override {
    asio::post(context_, [self = shared_from_this()] { self->cut(); });
  }

 private:
  Http2Session::Limits session_limits() const {
    Http2Session::Limits limits;
    limits.max_header_bytes = setup_.options->limits.max_header_bytes;
    return limits;
  }

  // ---- the session's calls ----------------------------------------------------------------------------------------------------

  void on_head(int32_t id, MessageHead head, std::optional<ParseFailure> failure) override {
    forget_finished_handlers();
    // A stream is free again when it has been reset; its handler is not, as long as it works.
    if (abandoned_.size() + streams_.size() >= Http2Session::Limits{}.max_streams)
      return session_.reset(id, Http2Error::refused_stream);
    const auto added = streams_.emplace(id, std::make_unique<Http2Stream>(setup_, id)).first;
    added->second->begin(std::move(head), std::move(failure));
  }
  void on_body(int32_t id, std::string_view piece) override {
    if (Http2Stream* stream = find(id)) stream->add(piece);
  }
  void on_end(int32_t id) override {
    if (Http2Stream* stream = find(id)) stream->end_request();
  }
  void on_ping_answered() override {
    if (shutdown_ == Shutdown::announced) last_streams_until_ = moment_now();
  }
  void on_close(int32_t id) override {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    if (found->second->answered()) session_.earn();
    const size_t body = found->second->body_bytes();
    if (const auto exchange = found->second->close(); exchange && exchange->owed()) abandoned_.push_back({exchange, body});
    streams_.erase(found);
    if (streams_.empty()) idle_since_ = moment_now();
    again_ = true;
  }
  Http2Session::Supply supply(int32_t id, size_t most) override {
    Http2Stream* stream = find(id);
    return stream != nullptr ? stream->supply(most) : Http2Session::Supply{0, true, nullptr};
  }
  void take(int32_t id, size_t size, std::string& to) override {
    if (Http2Stream* stream = find(id)) stream->take(size, to);
  }
  void on_frame(int32_t id, size_t size, bool sent) override {
    if (Http2Stream* stream = find(id)) stream->count_frame(size, sent);
  }
  Http2Stream* find(int32_t id) const {
    const auto found = streams_.find(id);
    return found != streams_.end() ? found->second.get() : nullptr;
  }

  // ---- the coroutine ----------------------------------------------------------------------------------------------------------

  awaitable<void> serve() {
    while (!cut_ && !broken_) {
      again_ = false;
      take_input();
      advance_requests();
      collect_answers();
      check_shutdown();
      check_deadlines();
      write_more();
      if (cut_ || finished()) break;
      if (again_) continue;
      read_more();
      co_await event_.wait_until(next_deadline());
    }
    end_streams();
    if (!cut_ && !broken_) co_await say_goodbye();
    transport_->close();
  }
  void over(const std::exception_ptr& thrown) {
    if (thrown) {
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& failure) {
        setup_.log->write(TARSIER_LOG_ERROR, "connection failed", {{"remote", setup_.remote}, {"error", failure.what()}});
      }
      end_streams();
      transport_->close();
    }
    ended_();
  }
  /// Nothing is left to do, or nobody is there to do it for.
  bool finished() const {
    const bool written = !writing_ && out_.empty();
    return eof_ || (written && (session_.over() || !session_.failure().empty()));
  }

  void take_input() {
    if (inbox_.empty() || (writing_ && out_.size() >= kWriteBuffer)) return;  // the peer has to take what it has asked for first
    const bool was_good = session_.failure().empty();
    if (was_good) (void)session_.feed(inbox_, moment_now());
    inbox_.clear();
    if (!was_good || session_.failure().empty()) return;
    if (session_.flooded()) setup_.stats->http2_floods.fetch_add(1, std::memory_order_relaxed);
    setup_.log->write(session_.flooded() ? TARSIER_LOG_WARN : TARSIER_LOG_DEBUG, "connection of HTTP/2 ended",
                      {{"remote", setup_.remote}, {"why", session_.failure()}});
  }

  // What is held for streams: `started` of those that are with their handlers or being answered.
  struct Held {
    size_t started = 0;
    size_t waiting = 0;
  };
  Held weigh() const {
    Held held;
    for (const auto& each : abandoned_) held.started += each.body_bytes;
    for (const auto& [id, stream] : streams_) (stream->started() ? held.started : held.waiting) += stream->held_bytes();
    return held;
  }

  /// Lets bodies in and starts handlers, the oldest request first. Memory is bounded by letting streams wait for one another; the
  /// first that has not been started never waits for those behind it, so that all come to their end.
  void advance_requests() {
    held_back_ = false;
    bool first = true;
    std::optional<Held> held;
    for (const auto& [id, stream] : streams_) {
      if (stream->started()) continue;
      if (!held) held = weigh();
      const bool is_first = std::exchange(first, false);
      const bool room = held->started <= kHeldBytes && (is_first || held->started + held->waiting <= kHeldBytes);
      if (stream->wants_in() && room) {
        held->waiting -= stream->held_bytes();
        session_.consume(id, stream->take_in());
        held->waiting += stream->held_bytes();
      } else if (stream->wants_in()) {
        stream->hold_back();
        held_back_ = true;
      }
      if (stream->ready() && (stream->refused() || held->started <= kHeldBytes)) {
        held->waiting -= stream->held_bytes();
        begin_answer(*stream);
        held->started += stream->held_bytes();
        first = true;  // now the next one is
      } else if (stream->ready()) {
        held_back_ = true;
      } else if (stream->take_expectation()) {
        session_.interim(id);
      }
    }
    forget_finished_handlers();
  }
  void begin_answer(Http2Stream& stream) {
    Exchange::Wiring wiring;
    wiring.wake = [weak = weak_from_this(), &context = context_, id = stream.id()] {
      asio::post(context, [weak, id] {
        if (const auto connection = weak.lock()) connection->answer_moved(id);
      });
    };
    wiring.executor = setup_.executor;
    wiring.draining = setup_.draining;
    stream.start(std::move(wiring));
    moved_.push_back(stream.id());  // a refusal, or a handler that did not need to wait
  }
  void break_off(Http2Stream& stream, Http2Error error) {
    if (stream.break_off()) session_.reset(stream.id(), error);
  }
  void answer_moved(int32_t id) {
    moved_.push_back(id);
    event_.notify();
  }

  void collect_answers() {
    for (const int32_t id : std::exchange(moved_, {})) {
      Http2Stream* stream = find(id);
      if (stream == nullptr) continue;
      if (!stream->collect()) {
        break_off(*stream, Http2Error::internal);
      } else if (const auto head = stream->take_head()) {
        session_.answer(id, stream->code(), *head, stream->has_body());
      } else {
        session_.resume(id);
      }
    }
  }

  // ---- time -------------------------------------------------------------------------------------------------------------------

  Moment next_deadline() const {
    Moment next = held_back_ && !abandoned_.empty() ? moment_now() + kLookAgain : kNever;
    for (const auto& [id, stream] : streams_) next = std::min(next, stream->deadline());
    if (write_pace_) next = std::min(next, write_pace_->deadline());
    if (shutdown_ == Shutdown::announced) next = std::min(next, last_streams_until_);
    return std::min({next, header_deadline(), idle_deadline()});
  }
  Moment header_deadline() const { return header_since_ ? *header_since_ + limits_.header_timeout : kNever; }
  Moment idle_deadline() const {
    return streams_.empty() && shutdown_ != Shutdown::done ? idle_since_ + limits_.idle_timeout : kNever;
  }

  void check_deadlines() {
    const Moment now = moment_now();
    if (session_.between_headers()) {
      header_since_.reset();
    } else if (!header_since_) {
      header_since_ = now;
    }
    if (now >= header_deadline() || (write_pace_ && now >= write_pace_->deadline())) return cut();
    if (now >= idle_deadline()) shut_down();
    for (const auto& [id, stream] : streams_) {
      const auto late = stream->expire(now);
      if (late == Http2Stream::Late::broken) break_off(*stream, Http2Error::cancel);
      if (late == Http2Stream::Late::answered && stream->started()) moved_.push_back(id);
      if (late != Http2Stream::Late::not_yet) again_ = true;
    }
  }
  void check_shutdown() {
    if (!setup_.draining->load(std::memory_order_relaxed) || shutdown_ == Shutdown::done) return;
    if (shutdown_ == Shutdown::none) {
      session_.announce_shutdown();
      shutdown_ = Shutdown::announced;
      last_streams_until_ = moment_now() + kLastStreams;
    } else if (moment_now() >= last_streams_until_) {
      shut_down();
    }
  }
  void shut_down() {
    session_.shut_down();
    shutdown_ = Shutdown::done;
  }

  // ---- reading and writing ----------------------------------------------------------------------------------------------------

  void read_more() {
    if (reading_ || eof_ || cut_ || !inbox_.empty()) return;
    reading_ = true;
    if (!read_buffer_) read_buffer_ = std::make_unique_for_overwrite<char[]>(kReadBuffer);
    transport_->read_some(read_buffer_.get(), kReadBuffer, [self = shared_from_this()](error_code ec, size_t size) {
      self->reading_ = false;
      self->setup_.stats->received_bytes.fetch_add(size, std::memory_order_relaxed);
      if (ec) self->eof_ = true;
      self->inbox_.append(self->read_buffer_.get(), size);
      self->event_.notify();
    });
  }

  void write_more() {
    session_.fill(out_, kWriteBuffer);
    if (writing_ || out_.empty() || cut_) return;
    if (!write_pace_) write_pace_.emplace(limits_.body_timeout, limits_.min_rate);
    std::swap(sending_, out_);  // both keep their memory while there is something to send
    writing_ = true;
    write_rest();
  }
  void write_rest() {
    transport_->write_some(std::string_view(sending_).substr(written_), {},
                           [self = shared_from_this()](error_code ec, size_t size) {
                             self->setup_.stats->sent_bytes.fetch_add(size, std::memory_order_relaxed);
                             self->written_ += size;
                             if (self->write_pace_) self->write_pace_->add(size);
                             if (!ec && self->written_ < self->sending_.size()) return self->write_rest();
                             self->writing_ = false;
                             self->written_ = 0;
                             self->sending_.clear();
                             if (self->streams_.empty()) self->release_buffers();
                             if (self->out_.empty()) self->write_pace_.reset();
                             if (ec) self->broken_ = true;
                             self->event_.notify();
                           });
  }

  /// A connection that rests keeps no memory for large answers.
  void release_buffers() {
    for (std::string* each : {&sending_, &out_}) {
      if (each->empty() && each->capacity() > kReadBuffer) *each = {};
    }
  }

  /// Ends the sending side; a client that still sends is listened to for a moment, because a reset would destroy what is on its
  /// way.
  awaitable<void> say_goodbye() {
    transport_->shutdown([self = shared_from_this()](error_code, size_t) {
      self->goodbye_said_ = true;
      self->event_.notify();
    });
    const Moment deadline = moment_now() + (session_.failure().empty() ? kLinger : kLongLinger);
    while (!cut_ && moment_now() < deadline && !(goodbye_said_ && eof_)) {
      inbox_.clear();
      read_more();
      co_await event_.wait_until(deadline);
    }
  }

  void cut() {
    if (std::exchange(cut_, true)) return;
    transport_->close();
    event_.notify();
  }

  void end_streams() {
    for (const auto& [id, stream] : std::exchange(streams_, {})) stream->close();
  }
  void forget_finished_handlers() {
    std::erase_if(abandoned_, [](const Abandoned& each) { return each.exchange.expired(); });
  }

  /// A request whose client has gone while its handler still works.
  struct Abandoned {
    std::weak_ptr<Exchange> exchange;
    size_t body_bytes;
  };
  enum class Shutdown { none, announced, done };

  std::shared_ptr<Transport> transport_;
  const Setup setup_;
  const ServerLimits& limits_;
  asio::io_context& context_;
  Event event_;
  std::function<void()> ended_;

  std::string inbox_;  // received, not yet given to the session
  std::unique_ptr<char[]> read_buffer_;
  std::string out_;      // made by the session
  std::string sending_;  // being written
  size_t written_ = 0;   // of sending_
  bool reading_ = false;
  bool writing_ = false;
  bool eof_ = false;     // the client sends no more
  bool broken_ = false;  // sending failed
  bool cut_ = false;     // closed from here
  bool goodbye_said_ = false;

  Http2Session session_;
  std::map<int32_t, std::unique_ptr<Http2Stream>> streams_;  // by age
  std::vector<int32_t> moved_;                               // answers that have something new
  std::vector<Abandoned> abandoned_;
  bool held_back_ = false;  // streams wait for others
  bool again_ = false;      // something has changed that may let others go on

  Shutdown shutdown_ = Shutdown::none;
  Moment last_streams_until_ = kNever;
  Moment idle_since_ = moment_now();
  std::optional<Moment> header_since_;
  std::optional<Pace> write_pace_;
};

}  // namespace

std::shared_ptr<Connection> serve_http2(std::shared_ptr<Transport> transport, Connection::Setup setup, std::string received,
                                        std::function<void()> ended) {
  auto connection =
      std::make_shared<Http2Connection>(std::move(transport), std::move(setup), std::move(received), std::move(ended));
  connection->start();
  return connection;
}

}  // namespace tarsier::net
