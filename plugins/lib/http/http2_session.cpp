// Http2Session over nghttp2: its callbacks, and what is asked of it.
#include "plugins/lib/http/http2_session.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <nghttp2/nghttp2.h>
#include <utility>
#include <vector>

#include "plugins/lib/http/http2_watch.hpp"

namespace tarsier::net {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr size_t kFrameHead = 9;
constexpr uint64_t kFrameBytes = 16 * 1024;  // of the largest frame that is taken
constexpr uint64_t kFieldOverhead = 32;      // RFC 9113, 6.5.2
constexpr int64_t kAnswerGain = 10;
constexpr int64_t kFrameGain = 3;  // the peer answers each with WINDOW_UPDATEs, of the stream and of the connection
constexpr int64_t kErrorCost = 5;

std::string_view view_of(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

nghttp2_nv field_of(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())), reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
          name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::vector<nghttp2_nv> fields_of(const Headers& fields) {
  std::vector<nghttp2_nv> out;
  out.reserve(fields.size() + 1);
  for (const Header& each : fields) out.push_back(field_of(each.name, each.value));
  return out;
}

/// The header that is being received: they come one after the other, never interleaved.
struct HeaderBlock {
  MessageHead head;
  std::string authority;
  uint64_t size = 0;
  bool is_request = false;
  bool too_large = false;

  void add(std::string_view name, std::string_view value, uint64_t max_bytes) {
    size += name.size() + value.size() + kFieldOverhead;
    too_large = too_large || size > max_bytes;
    if (too_large || !is_request) return;
    if (name == ":method") {
      head.method = value;
    } else if (name == ":path") {
      head.target = value;
    } else if (name == ":authority") {
      authority = value;
    } else if (!name.starts_with(':')) {
      add_field(name, value);
    }
  }
  void add_field(std::string_view name, std::string_view value) {
    if (name == "cookie") {  // may come in pieces for the sake of compression
      const auto known =
          std::find_if(head.headers.begin(), head.headers.end(), [](const Header& each) { return each.name == "cookie"; });
      if (known != head.headers.end()) {
        known->value.append("; ").append(value);
        return;
      }
    }
    if (name == "content-length") {
      uint64_t length = 0;
      const auto read = std::from_chars(value.data(), value.data() + value.size(), length);
      if (read.ec == std::errc()) head.content_length = length;
    }
    head.headers.push_back({std::string(name), std::string(value)});
  }
  /// The authority takes the place of Host, which a request may have besides only when it says the same.
  std::optional<ParseFailure> finish(uint64_t max_bytes) {
    head.http_1_1 = true;
    head.keep_alive = true;
    if (too_large) return ParseFailure{431, "the header is larger than " + std::to_string(max_bytes) + " bytes"};
    if (authority.empty()) return std::nullopt;
    const std::string_view host = find_header(head.headers, "host");
    if (host.empty()) {
      head.headers.push_back({"host", authority});
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

struct Http2Session::Impl {
  Impl(Limits the_limits, Owner& the_owner, Moment now)
      : limits(the_limits), owner(the_owner), watch(the_limits.max_header_bytes + kFrameBytes, now) {
    open();
    const std::array<nghttp2_settings_entry, 4> settings = {{
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(std::min<uint64_t>(limits.max_header_bytes, UINT32_MAX))},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
    }};
    check(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
    check(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(limits.connection_window)));
  }
  ~Impl() { nghttp2_session_del(session); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void open();
  /// Of calls that can only fail for want of memory, or because the stream has gone meanwhile.
  void check(int status) {
    if (nghttp2_is_fatal(status) != 0) fail(nghttp2_strerror(status), NGHTTP2_INTERNAL_ERROR);
  }
  void fail(std::string_view why, uint32_t code) {
    if (!failure.empty()) return;
    failure = why;
    if (session != nullptr) (void)nghttp2_session_terminate_session(session, code);  // the connection ends, said or not
  }

  /// Nothing may be thrown through the library, which is C.
  template <class Call>
  static int guarded(void* user, Call&& call) noexcept {
    auto& impl = *static_cast<Impl*>(user);
    try {
      call(impl);
      return 0;
    } catch (const std::exception& thrown) {
      impl.thrown = thrown.what();
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }

  void begin_headers(const nghttp2_frame& frame) {
    block = {};
    block.is_request = frame.headers.cat == NGHTTP2_HCAT_REQUEST;
  }
  void received(const nghttp2_frame& frame) {
    const int32_t stream = frame.hd.stream_id;
    if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) owner.on_ping_answered();
    if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
    if (frame.hd.type == NGHTTP2_HEADERS && block.is_request) {
      HeaderBlock done = std::exchange(block, {});
      auto problem = done.finish(limits.max_header_bytes);
      owner.on_head(stream, std::move(done.head), std::move(problem));
    }
    owner.on_frame(stream, frame.hd.length + kFrameHead, false);
    if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) owner.on_end(stream);
  }
  void body_piece(int32_t stream, std::string_view piece) {
    // The stream's window alone bounds what waits; were the connection's held back as well, one stream could starve the others.
    check(nghttp2_session_consume_connection(session, piece.size()));
    owner.on_body(stream, piece);
  }
  ssize_t supply(int32_t stream, size_t most, uint32_t* flags) {
    const Supply ready = owner.supply(stream, most);
    if (ready.size == 0 && !ready.last) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (!ready.last) return static_cast<ssize_t>(ready.size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (ready.trailers != nullptr && !ready.trailers->empty()) {
      const auto fields = fields_of(*ready.trailers);
      if (nghttp2_submit_trailer(session, stream, fields.data(), fields.size()) == 0) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    }
    return static_cast<ssize_t>(ready.size);
  }
  bool has_room() const noexcept { return out != nullptr && out->size() < out_most; }
  void send_body(const nghttp2_frame& frame, const uint8_t* head, size_t size) {
    out->append(reinterpret_cast<const char*>(head), kFrameHead);
    owner.take(frame.hd.stream_id, size, *out);
  }
  void sent(const nghttp2_frame& frame) {
    const int32_t stream = frame.hd.stream_id;
    if (stream == 0) return;
    const bool is_data = frame.hd.type == NGHTTP2_DATA;
    if (is_data) watch.earn(kFrameGain);
    owner.on_frame(stream, frame.hd.length + kFrameHead, true);
    const bool last = (is_data || frame.hd.type == NGHTTP2_HEADERS) && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    // A body that nobody waits for any more, after a refusal.
    if (last && nghttp2_session_get_stream_remote_close(session, stream) == 0)
      check(nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR));
  }
  void not_sent(const nghttp2_frame& frame) {
    if (frame.hd.type == NGHTTP2_HEADERS && frame.hd.stream_id != 0)  // larger than any peer takes
      check(nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_INTERNAL_ERROR));
  }

  const Limits limits;
  Owner& owner;
  Http2Watch watch;
  nghttp2_session* session = nullptr;
  HeaderBlock block;
  std::string failure;
  std::string thrown;  // of a callback
  bool flooded = false;
  std::string* out = nullptr;  // of the fill() that runs
  size_t out_most = 0;
};

void Http2Session::Impl::open() {
  nghttp2_session_callbacks* calls = nullptr;
  nghttp2_option* options = nullptr;
  if (nghttp2_session_callbacks_new(&calls) != 0 || nghttp2_option_new(&options) != 0)
    std::abort();  // as operator new, out of memory
  nghttp2_session_callbacks_set_on_begin_headers_callback(calls, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return guarded(user, [&](Impl& impl) { impl.begin_headers(*frame); });
  });
  nghttp2_session_callbacks_set_on_header_callback2(
      calls, [](nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t, void* user) {
        return guarded(user, [&](Impl& impl) { impl.block.add(view_of(name), view_of(value), impl.limits.max_header_bytes); });
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(calls, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return guarded(user, [&](Impl& impl) { impl.received(*frame); });
  });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      calls, [](nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t size, void* user) {
        return guarded(user, [&](Impl& impl) { impl.body_piece(stream, {reinterpret_cast<const char*>(data), size}); });
      });
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(calls, [](nghttp2_session*, const nghttp2_frame*, int, void* user) {
    return guarded(user, [](Impl& impl) { (void)impl.watch.spend(kErrorCost); });  // the next frame finds out
  });
  nghttp2_session_callbacks_set_on_stream_close_callback(calls, [](nghttp2_session*, int32_t stream, uint32_t, void* user) {
    return guarded(user, [&](Impl& impl) { impl.owner.on_close(stream); });
  });
  nghttp2_session_callbacks_set_send_data_callback(
      calls, [](nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size, nghttp2_data_source*, void* user) {
        if (!static_cast<Impl*>(user)->has_room()) return static_cast<int>(NGHTTP2_ERR_WOULDBLOCK);
        return guarded(user, [&](Impl& impl) { impl.send_body(*frame, head, size); });
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(calls, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return guarded(user, [&](Impl& impl) { impl.sent(*frame); });
  });
  nghttp2_session_callbacks_set_on_frame_not_send_callback(calls,
                                                           [](nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
                                                             return guarded(user, [&](Impl& impl) { impl.not_sent(*frame); });
                                                           });
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  if (nghttp2_session_server_new2(&session, calls, this, options) != 0) std::abort();
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(calls);
}

Http2Session::Http2Session(Limits limits, Owner& owner, Moment now) : impl_(std::make_unique<Impl>(limits, owner, now)) {}

Http2Session::~Http2Session() = default;

bool Http2Session::feed(std::string_view bytes, Moment now) {
  if (!impl_->failure.empty()) return false;
  if (const char* wrong = impl_->watch.see(bytes, now)) {
    impl_->flooded = true;
    impl_->fail(wrong, NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }
  const ssize_t taken = nghttp2_session_mem_recv(impl_->session, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) {
    impl_->flooded = taken == NGHTTP2_ERR_FLOODED;
    const char* library = nghttp2_strerror(static_cast<int>(taken));
    impl_->fail(impl_->thrown.empty() ? library : impl_->thrown,
                impl_->flooded ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
  }
  return impl_->failure.empty();
}

const std::string& Http2Session::failure() const noexcept { return impl_->failure; }

bool Http2Session::flooded() const noexcept { return impl_->flooded; }

void Http2Session::fill(std::string& to, size_t most) {
  impl_->out = &to;
  impl_->out_most = most;
  while (to.size() < most) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(impl_->session, &bytes);
    if (size < 0) impl_->check(static_cast<int>(size));
    if (size <= 0) break;
    to.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
  impl_->out = nullptr;
}

bool Http2Session::over() const {
  return nghttp2_session_want_read(impl_->session) == 0 && nghttp2_session_want_write(impl_->session) == 0;
}

bool Http2Session::between_headers() const noexcept { return impl_->watch.between_headers(); }

void Http2Session::consume(int32_t stream, size_t bytes) {
  if (bytes > 0) impl_->check(nghttp2_session_consume_stream(impl_->session, stream, bytes));
}

void Http2Session::interim(int32_t stream) {
  const nghttp2_nv status = field_of(":status", "100");
  impl_->check(nghttp2_submit_headers(impl_->session, NGHTTP2_FLAG_NONE, stream, nullptr, &status, 1, nullptr));
}

void Http2Session::answer(int32_t stream, uint32_t code, const Headers& fields, bool with_body) {
  const std::string status = std::to_string(code);
  auto all = fields_of(fields);
  all.insert(all.begin(), field_of(":status", status));
  nghttp2_data_provider body{};
  body.read_callback = [](nghttp2_session*, int32_t id, uint8_t*, size_t most, uint32_t* flags, nghttp2_data_source*, void* user) {
    ssize_t size = 0;
    const int status = Impl::guarded(user, [&](Impl& impl) { size = impl.supply(id, most, flags); });
    return status == 0 ? size : status;
  };
  impl_->check(nghttp2_submit_response(impl_->session, stream, all.data(), all.size(), with_body ? &body : nullptr));
}

void Http2Session::resume(int32_t stream) { impl_->check(nghttp2_session_resume_data(impl_->session, stream)); }

void Http2Session::reset(int32_t stream, Http2Error error) {
  impl_->check(nghttp2_submit_rst_stream(impl_->session, NGHTTP2_FLAG_NONE, stream, static_cast<uint32_t>(error)));
}

void Http2Session::earn() { impl_->watch.earn(kAnswerGain); }

void Http2Session::announce_shutdown() {
  impl_->check(nghttp2_submit_shutdown_notice(impl_->session));
  impl_->check(nghttp2_submit_ping(impl_->session, NGHTTP2_FLAG_NONE, nullptr));
}

void Http2Session::shut_down() {
  const int32_t last = nghttp2_session_get_last_proc_stream_id(impl_->session);
  impl_->check(nghttp2_submit_goaway(impl_->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0));
}

void Http2Session::terminate(Http2Error error) {
  impl_->check(nghttp2_session_terminate_session(impl_->session, static_cast<uint32_t>(error)));
}

}  // namespace tarsier::net
