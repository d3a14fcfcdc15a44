// Http2ClientSession over Http2Engine: requests as they are given, answers as they come.
#include "plugins/lib/http/http2_client_session.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "plugins/lib/http/http2_engine.hpp"

namespace tarsier::net {
namespace {

constexpr uint32_t kStreamsBeforeSettings = 100;
constexpr size_t kMostWords = 100;  // of a server's, in a message

/// What a server says of itself, as far as it can be read.
std::string readable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMostWords)) out += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

/// The answer's header that is being received.
struct AnswerBlock {
  Http2Fields fields;
  uint32_t code = 0;

  void add(std::string_view name, std::string_view value, uint64_t max_bytes) {
    if (!fields.count(name, value, max_bytes)) return;
    if (name == ":status") {  // three digits, as the library has seen
      for (const char c : value) code = code * 10 + static_cast<uint32_t>(c - '0');
    } else if (!name.starts_with(':')) {
      fields.add(name, value);
    }
  }
  MessageHead take_head() {
    MessageHead head;
    head.code = code;
    head.keep_alive = true;
    head.content_length = fields.content_length;
    head.headers = std::move(fields.headers);
    return head;
  }
};

}  // namespace

struct Http2ClientSession::Impl final : Http2Engine {
  struct Stream {
    bool head_done = false;
    bool ended = false;            // the answer is whole
    bool ended_by_server = false;  // by RST_STREAM
    std::optional<Error> error;    // found here
  };

  Impl(Limits the_limits, Owner& the_owner, Moment now)
      : Http2Engine(Side::client, the_limits.max_header_bytes, now), limits(the_limits), owner(the_owner) {
    const std::array<nghttp2_settings_entry, 3> settings = {{
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(std::min<uint64_t>(limits.max_header_bytes, UINT32_MAX))},
    }};
    Http2Engine::open(settings, limits.connection_window);
  }

  Stream* find(int32_t id) {
    const auto found = streams.find(id);
    return found != streams.end() ? &found->second : nullptr;
  }

  void begin_headers(const nghttp2_frame&) override { block = {}; }
  void add_field(std::string_view name, std::string_view value) override { block.add(name, value, limits.max_header_bytes); }
  void received(const nghttp2_frame& frame) override {
    switch (frame.hd.type) {
      case NGHTTP2_SETTINGS:
        settled = settled || (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0;
        return;
      case NGHTTP2_GOAWAY:
        return remember(frame.goaway);
      case NGHTTP2_RST_STREAM:
        if (Stream* stream = find(frame.hd.stream_id)) stream->ended_by_server = true;
        return;
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        if (Stream* stream = find(frame.hd.stream_id)) moved(frame, *stream);
        return;
      default:
        return;
    }
  }
  void remember(const nghttp2_goaway& frame) {
    if (frame.error_code == NGHTTP2_NO_ERROR) return;
    parting_words = nghttp2_http2_strerror(frame.error_code);
    const std::string_view text(reinterpret_cast<const char*>(frame.opaque_data), frame.opaque_data_len);
    if (!text.empty()) parting_words.append(" (").append(readable(text)).append(")");
  }
  /// A header or a piece of a body is whole.
  void moved(const nghttp2_frame& frame, Stream& stream) {
    const int32_t id = frame.hd.stream_id;
    if (frame.hd.type == NGHTTP2_HEADERS) {
      AnswerBlock done = std::exchange(block, {});
      if (done.fields.too_large)
        return refuse(id, stream, "the header of the answer is larger than " + std::to_string(limits.max_header_bytes) + " bytes");
      if (!stream.head_done && done.code < 100) return refuse(id, stream, "malformed answer: no status of HTTP");
      if (!stream.head_done && done.code >= 200) {
        stream.head_done = true;
        owner.on_head(id, done.take_head());
      }
    }
    if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 || stream.error) return;
    stream.ended = true;
    earn();
    owner.on_end(id);
  }
  void refuse(int32_t id, Stream& stream, std::string why) {
    stream.error = Error::invalid(std::move(why));
    Http2Engine::reset(id, NGHTTP2_CANCEL);
  }
  void body_piece(int32_t id, std::string_view piece) override {
    const Stream* stream = find(id);
    if (stream != nullptr && !stream->error) owner.on_body(id, piece);
  }
  void invalid(const nghttp2_frame& frame, int problem) override {
    Stream* stream = find(frame.hd.stream_id);
    if (stream != nullptr && !stream->error)
      stream->error = Error::invalid(std::string("malformed answer: ") + nghttp2_strerror(problem));
  }

  void closed(int32_t id, uint32_t error) override {
    const auto entry = streams.extract(id);
    if (entry.empty()) return;
    owner.on_close(id, why_broken(entry.mapped(), error));
  }
  static std::optional<Break> why_broken(const Stream& stream, uint32_t error) {
    const std::string code = nghttp2_http2_strerror(error);
    if (stream.ended) return std::nullopt;
    if (stream.error) return Break{*stream.error, false};
    if (stream.ended_by_server) {
      const bool refused = error == NGHTTP2_REFUSED_STREAM;
      return Break{Error::unavailable("the server ended the stream: " + code), refused && !stream.head_done};
    }
    if (error == NGHTTP2_REFUSED_STREAM) return Break{Error::unavailable("the server is going away"), !stream.head_done};
    return Break{Error::invalid("malformed answer: " + code), false};
  }

  Http2Supply supply(int32_t stream, size_t most) override { return owner.supply(stream, most); }
  void take(int32_t stream, size_t size, std::string& to) override { owner.take(stream, size, to); }
  void sent(const nghttp2_frame& frame) override {
    if (frame.hd.type != NGHTTP2_GOAWAY || frame.goaway.error_code == NGHTTP2_NO_ERROR) return;
    const std::string_view why(reinterpret_cast<const char*>(frame.goaway.opaque_data), frame.goaway.opaque_data_len);
    fail(why.empty() ? nghttp2_http2_strerror(frame.goaway.error_code) : why, frame.goaway.error_code);  // known already, mostly
  }
  void not_sent(const nghttp2_frame& frame, int problem) override {
    Stream* stream = frame.hd.type == NGHTTP2_HEADERS ? find(frame.hd.stream_id) : nullptr;
    if (stream == nullptr || problem == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED) return;
    stream->error = Error::invalid(std::string("the header of the request cannot be sent: ") + nghttp2_strerror(problem));
  }

  const Limits limits;
  Owner& owner;
  std::unordered_map<int32_t, Stream> streams;
  AnswerBlock block;
  bool settled = false;
  std::string parting_words;
};

Http2ClientSession::Http2ClientSession(Limits limits, Owner& owner, Moment now)
    : impl_(std::make_unique<Impl>(limits, owner, now)) {}

Http2ClientSession::~Http2ClientSession() = default;

bool Http2ClientSession::feed(std::string_view bytes, Moment now) { return impl_->feed(bytes, now); }

const std::string& Http2ClientSession::failure() const noexcept { return impl_->failure(); }

void Http2ClientSession::fill(std::string& to, size_t most) { impl_->fill(to, most); }

bool Http2ClientSession::over() const { return impl_->over(); }

bool Http2ClientSession::settled() const noexcept { return impl_->settled; }

bool Http2ClientSession::leaving() const {
  return !impl_->failure().empty() || nghttp2_session_check_request_allowed(impl_->session()) == 0;
}

const std::string& Http2ClientSession::parting_words() const noexcept { return impl_->parting_words; }

size_t Http2ClientSession::most_streams() const {
  const uint32_t allowed = impl_->settled
                               ? nghttp2_session_get_remote_settings(impl_->session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
                               : kStreamsBeforeSettings;
  return std::min(allowed, impl_->limits.max_streams);
}

size_t Http2ClientSession::room() const {
  if (leaving()) return 0;
  const size_t most = most_streams();
  return most - std::min(most, impl_->streams.size());
}

Result<int32_t> Http2ClientSession::request(const Headers& fields, bool with_body) {
  const auto all = http2_fields(fields);
  const nghttp2_data_provider body = Http2Engine::body_provider();
  const int32_t id =
      nghttp2_submit_request(impl_->session(), nullptr, all.data(), all.size(), with_body ? &body : nullptr, nullptr);
  if (id < 0) return Error::unavailable(std::string("a stream of HTTP/2 cannot be opened: ") + nghttp2_strerror(id));
  impl_->streams.emplace(id, Impl::Stream{});
  return id;
}

void Http2ClientSession::consume(int32_t stream, size_t bytes) { impl_->consume(stream, bytes); }

void Http2ClientSession::reset(int32_t stream, Http2Error error) { impl_->reset(stream, static_cast<uint32_t>(error)); }

void Http2ClientSession::ping() { impl_->check(nghttp2_submit_ping(impl_->session(), NGHTTP2_FLAG_NONE, nullptr)); }

void Http2ClientSession::shut_down() {
  impl_->check(nghttp2_submit_goaway(impl_->session(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0));
}

}  // namespace tarsier::net
