#include "plugins/lib/http/http2_client_connection.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include "plugins/lib/http/client_words.hpp"

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr size_t kReadBuffer = 16 * 1024;
constexpr size_t kWriteBuffer = 64 * 1024;
constexpr auto kLastWords = std::chrono::milliseconds(250);  // of a server that takes nothing any more

}  // namespace

Http2ClientConnection::Http2ClientConnection(std::shared_ptr<Transport> transport, std::string key, Times times,
                                             std::weak_ptr<Keeper> keeper)
    : transport_(std::move(transport)),
      key_(std::move(key)),
      times_(times),
      keeper_(std::move(keeper)),
      event_(transport_->context()),
      session_({}, *this, moment_now()) {}

void Http2ClientConnection::start() {
  asio::co_spawn(
      transport_->context(), [self = shared_from_this()] { return self->run(); },
      [self = shared_from_this()](const std::exception_ptr& thrown) {
        if (!thrown) return;
        try {
          std::rethrow_exception(thrown);
        } catch (const std::exception& failure) {
          self->thrown_ = failure.what();
        }
        self->end();
      });
}

void Http2ClientConnection::close() {
  closing_ = true;
  event_.notify();
}

Result<std::unique_ptr<Http2ClientStream>> Http2ClientConnection::begin(const Headers& fields,
                                                                        std::shared_ptr<const std::string> body,
                                                                        std::function<void()> wake) {
  auto id = session_.request(fields, !body->empty());
  if (!id) return std::move(id).error();
  auto stream = std::make_unique<Http2ClientStream>(shared_from_this(), *id, std::move(wake));
  streams_.emplace(*id, Entry{stream.get(), std::move(body)});
  if (attached_++ == 0) busy_since_ = moment_now();
  event_.notify();
  return stream;
}

void Http2ClientConnection::consume(int32_t id, size_t bytes) {
  session_.consume(id, bytes);
  event_.notify();
}

void Http2ClientConnection::leave(int32_t id) {
  const auto entry = streams_.find(id);
  if (entry == streams_.end()) return;
  entry->second.stream = nullptr;  // what it sends stays until the session knows that it is over
  --attached_;
  moved_ = true;
  if (!over_) session_.reset(id, Http2Error::cancel);
  event_.notify();
}

void Http2ClientConnection::doubt(Moment since) {
  if (heard_ >= since) return;
  doubted_ = moved_ = true;
  if (!pinged_) {
    session_.ping();
    pinged_ = moment_now();
  }
  event_.notify();
}

// ---- the session's calls --------------------------------------------------------------------------------------------------------

Http2ClientStream* Http2ClientConnection::find(int32_t id) const {
  const auto entry = streams_.find(id);
  return entry != streams_.end() ? entry->second.stream : nullptr;
}

void Http2ClientConnection::on_head(int32_t id, MessageHead head) {
  if (Http2ClientStream* stream = find(id)) stream->add_head(std::move(head));
}

void Http2ClientConnection::on_body(int32_t id, std::string_view piece) {
  if (Http2ClientStream* stream = find(id)) stream->add(piece);
}

void Http2ClientConnection::on_end(int32_t id) {
  if (Http2ClientStream* stream = find(id)) stream->end();
}

void Http2ClientConnection::on_close(int32_t id, std::optional<Http2ClientSession::Break> broken) {
  const auto entry = streams_.extract(id);
  moved_ = true;
  if (entry.empty() || entry.mapped().stream == nullptr) return;
  --attached_;
  if (broken) entry.mapped().stream->break_off(std::move(*broken));
}

Http2Supply Http2ClientConnection::supply(int32_t id, size_t most) {
  const auto entry = streams_.find(id);
  if (entry == streams_.end()) return {0, true, nullptr};
  const size_t left = entry->second.body->size() - entry->second.taken;
  const size_t size = std::min(most, left);
  return {size, size == left, nullptr};
}

void Http2ClientConnection::take(int32_t id, size_t size, std::string& to) {
  Entry& entry = streams_.at(id);
  to.append(*entry.body, entry.taken, size);
  entry.taken += size;
  if (entry.stream != nullptr) entry.stream->body_moved();
}

// ---- the coroutine --------------------------------------------------------------------------------------------------------------

awaitable<void> Http2ClientConnection::run() {
  while (true) {
    take_input();
    check_silence();
    write_more();
    if (finished()) break;
    if (std::exchange(moved_, false)) {
      tell_keeper();
      continue;  // it may have closed this
    }
    read_more();
    co_await event_.wait_until(next_deadline());
  }
  end();
}

void Http2ClientConnection::end() {
  over_ = true;
  end_streams();
  say_goodbye();
  tell_keeper();
}

/// Those that are there are ended by what comes after this.
bool Http2ClientConnection::finished() const {
  if (closing_ || silent_ || !session_.failure().empty() || session_.over()) return true;
  return (read_error_ && arrived_ == 0) || (leaving() && resting());
}

void Http2ClientConnection::take_input() {
  if (arrived_ == 0 || (writing_ && out_.size() >= kWriteBuffer)) return;  // the server has to take what it has asked for first
  heard_ = moment_now();
  pinged_.reset();
  const bool was_settled = session_.settled();
  const size_t before = room();
  doubted_ = false;
  (void)session_.feed({read_buffer_.get(), std::exchange(arrived_, 0)}, heard_);  // finished() looks at it
  if (room() != before || session_.settled() != was_settled || leaving()) moved_ = true;
}

Moment Http2ClientConnection::next_deadline() const {
  if (broken_) return *broken_ + kLastWords;
  if (pinged_) return *pinged_ + times_.ping_timeout;
  return resting() ? kNever : std::max(heard_, busy_since_) + times_.ping_after;
}

void Http2ClientConnection::check_silence() {
  if (moment_now() < next_deadline()) return;
  if (broken_ || pinged_) {
    silent_ = true;
  } else {
    session_.ping();
    pinged_ = moment_now();
  }
}

void Http2ClientConnection::read_more() {
  if (reading_ || read_error_ || arrived_ != 0) return;
  reading_ = true;
  if (!read_buffer_) read_buffer_ = std::make_unique_for_overwrite<char[]>(kReadBuffer);
  transport_->read_some(read_buffer_.get(), kReadBuffer, [self = shared_from_this()](error_code ec, size_t size) {
    self->reading_ = false;
    self->read_error_ = ec;
    self->arrived_ = size;
    self->event_.notify();
  });
}

void Http2ClientConnection::write_more() {
  if (write_error_) return;
  session_.fill(out_, kWriteBuffer);
  if (writing_ || out_.empty()) return;
  std::swap(sending_, out_);  // both keep their memory while there is something to send
  writing_ = true;
  write_rest();
}

void Http2ClientConnection::write_rest() {
  transport_->write_some(std::string_view(sending_).substr(written_), {}, [self = shared_from_this()](error_code ec, size_t size) {
    self->written_ += size;
    if (!ec && self->written_ < self->sending_.size()) return self->write_rest();
    self->writing_ = false;
    self->written_ = 0;
    self->sending_.clear();
    self->write_error_ = ec;
    if (ec) self->broken_ = moment_now();
    if (self->resting()) self->release_buffers();
    self->event_.notify();
  });
}

/// A connection that rests keeps no memory for large requests.
void Http2ClientConnection::release_buffers() {
  for (std::string* each : {&sending_, &out_}) {
    if (each->empty() && each->capacity() > kReadBuffer) *each = {};
  }
}

Error Http2ClientConnection::why_over(const Http2ClientStream& stream) const {
  if (!thrown_.empty()) return Error::internal("connection of HTTP/2: " + thrown_);
  if (!session_.failure().empty()) return Error::invalid("the server broke the rules of HTTP/2: " + session_.failure());
  if (silent_ && !broken_)
    return Error::unavailable("the server is silent: it did not answer a PING within " + words(times_.ping_timeout));
  if (!session_.parting_words().empty()) return Error::unavailable("the server ended the connection: " + session_.parting_words());
  const error_code& ec = read_error_ ? read_error_ : write_error_;
  if (ec && !is_end(ec)) return Error::unavailable(words(ec));
  return Error::unavailable(closed_words(stream.answered()));
}

void Http2ClientConnection::end_streams() {
  for (const auto& [id, entry] : std::exchange(streams_, {})) {
    if (entry.stream != nullptr) entry.stream->break_off({why_over(*entry.stream), false});
  }
  attached_ = 0;
}

/// Nobody waits for it: what does not get into the socket at once is not said.
void Http2ClientConnection::say_goodbye() {
  if (!writing_ && !write_error_ && !read_error_) {
    if (session_.failure().empty()) session_.shut_down();
    session_.fill(out_, kWriteBuffer);
    if (!out_.empty()) {
      std::swap(sending_, out_);
      transport_->write_some(sending_, {}, [self = shared_from_this()](error_code, size_t) {});
    }
  }
  transport_->close();
}

void Http2ClientConnection::tell_keeper() {
  if (const auto keeper = keeper_.lock()) keeper->moved(*this);
}

}  // namespace tarsier::net
