// Http2Session over Http2Engine: requests as they come, answers as they are given.
#include "plugins/lib/http/http2_session.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "plugins/lib/http/http2_engine.hpp"

namespace tarsier::net {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kFrameHead = 9;

/// The header that is being received.
struct HeaderBlock {
  Http2Fields fields;
  std::string method, target, authority;
  bool is_request = false;

  void add(std::string_view name, std::string_view value, uint64_t max_bytes) {
    if (!fields.count(name, value, max_bytes) || !is_request) return;
    if (name == ":method") {
      method = value;
    } else if (name == ":path") {
      target = value;
    } else if (name == ":authority") {
      authority = value;
    } else if (!name.starts_with(':')) {
      fields.add(name, value);
    }
  }
  MessageHead take_head() {
    MessageHead head;
    head.method = std::move(method);
    head.target = std::move(target);
    head.keep_alive = true;
    head.content_length = fields.content_length;
    head.headers = std::move(fields.headers);
    return head;
  }
  /// The authority takes the place of Host, which a request may have besides only when it says the same.
  std::optional<ParseFailure> finish(uint64_t max_bytes) {
    if (fields.too_large) return ParseFailure{431, "the header is larger than " + std::to_string(max_bytes) + " bytes"};
    if (authority.empty()) return std::nullopt;
    const std::string_view host = find_header(fields.headers, "host");
    if (host.empty()) {
      fields.headers.push_back({"host", authority});
    } else if (!equal_ignoring_case(host, authority)) {
      return ParseFailure{400, "Host is not the authority of the request"};
    }
    return std::nullopt;
  }
};

}  // namespace

bool is_http2_preface(std::string_view bytes) noexcept { return bytes.starts_with(kPreface); }

bool may_become_http2_preface(std::string_view bytes) noexcept {
  return !bytes.empty() && bytes.size() < kPreface.size() && kPreface.starts_with(bytes);
}

struct Http2Session::Impl final : Http2Engine {
  Impl(Limits the_limits, Owner& the_owner, Moment now)
      : Http2Engine(Side::server, the_limits.max_header_bytes, now), limits(the_limits), owner(the_owner) {
    const std::array<nghttp2_settings_entry, 4> settings = {{
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(std::min<uint64_t>(limits.max_header_bytes, UINT32_MAX))},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
    }};
    open(settings, limits.connection_window);
  }

  void begin_headers(const nghttp2_frame& frame) override {
    block = {};
    block.is_request = frame.headers.cat == NGHTTP2_HCAT_REQUEST;
  }
  void add_field(std::string_view name, std::string_view value) override { block.add(name, value, limits.max_header_bytes); }
  void received(const nghttp2_frame& frame) override {
    const int32_t stream = frame.hd.stream_id;
    if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) owner.on_ping_answered();
    if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
    if (frame.hd.type == NGHTTP2_HEADERS && block.is_request) {
      HeaderBlock done = std::exchange(block, {});
      auto problem = done.finish(limits.max_header_bytes);
      owner.on_head(stream, done.take_head(), std::move(problem));
    }
    owner.on_frame(stream, frame.hd.length + kFrameHead, false);
    if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) owner.on_end(stream);
  }
  void body_piece(int32_t stream, std::string_view piece) override { owner.on_body(stream, piece); }
  void closed(int32_t stream, uint32_t) override { owner.on_close(stream); }
  Supply supply(int32_t stream, size_t most) override { return owner.supply(stream, most); }
  void take(int32_t stream, size_t size, std::string& to) override { owner.take(stream, size, to); }
  void sent(const nghttp2_frame& frame) override {
    const int32_t stream = frame.hd.stream_id;
    if (stream == 0) return;
    owner.on_frame(stream, frame.hd.length + kFrameHead, true);
    const bool ends = frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS;
    const bool last = ends && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    // A body that nobody waits for any more, after a refusal.
    if (last && nghttp2_session_get_stream_remote_close(session(), stream) == 0) Http2Engine::reset(stream, NGHTTP2_NO_ERROR);
  }
  void not_sent(const nghttp2_frame& frame, int) override {
    if (frame.hd.type == NGHTTP2_HEADERS && frame.hd.stream_id != 0)  // larger than any peer takes
      Http2Engine::reset(frame.hd.stream_id, NGHTTP2_INTERNAL_ERROR);
  }

  const Limits limits;
  Owner& owner;
  HeaderBlock block;
};

Http2Session::Http2Session(Limits limits, Owner& owner, Moment now) : impl_(std::make_unique<Impl>(limits, owner, now)) {}

Http2Session::~Http2Session() = default;

bool Http2Session::feed(std::string_view bytes, Moment now) { return impl_->feed(bytes, now); }

const std::string& Http2Session::failure() const noexcept { return impl_->failure(); }

bool Http2Session::flooded() const noexcept { return impl_->flooded(); }

void Http2Session::fill(std::string& to, size_t most) { impl_->fill(to, most); }

bool Http2Session::over() const { return impl_->over(); }

bool Http2Session::between_headers() const noexcept { return impl_->between_headers(); }

void Http2Session::consume(int32_t stream, size_t bytes) { impl_->consume(stream, bytes); }

void Http2Session::interim(int32_t stream) {
  const nghttp2_nv status = http2_field(":status", "100");
  impl_->check(nghttp2_submit_headers(impl_->session(), NGHTTP2_FLAG_NONE, stream, nullptr, &status, 1, nullptr));
}

void Http2Session::answer(int32_t stream, uint32_t code, const Headers& fields, bool with_body) {
  const std::string status = std::to_string(code);
  auto all = http2_fields(fields);
  all.insert(all.begin(), http2_field(":status", status));
  const nghttp2_data_provider body = Http2Engine::body_provider();
  impl_->check(nghttp2_submit_response(impl_->session(), stream, all.data(), all.size(), with_body ? &body : nullptr));
}

void Http2Session::resume(int32_t stream) { impl_->check(nghttp2_session_resume_data(impl_->session(), stream)); }

void Http2Session::reset(int32_t stream, Http2Error error) { impl_->reset(stream, static_cast<uint32_t>(error)); }

void Http2Session::earn() { impl_->earn(); }

void Http2Session::announce_shutdown() {
  impl_->check(nghttp2_submit_shutdown_notice(impl_->session()));
  impl_->check(nghttp2_submit_ping(impl_->session(), NGHTTP2_FLAG_NONE, nullptr));
}

void Http2Session::shut_down() {
  const int32_t last = nghttp2_session_get_last_proc_stream_id(impl_->session());
  impl_->check(nghttp2_submit_goaway(impl_->session(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0));
}

void Http2Session::terminate(Http2Error error) {
  impl_->check(nghttp2_session_terminate_session(impl_->session(), static_cast<uint32_t>(error)));
}

}  // namespace tarsier::net
