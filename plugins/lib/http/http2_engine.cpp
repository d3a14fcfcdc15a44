#include "plugins/lib/http/http2_engine.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <exception>

namespace tarsier::net {
namespace {

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

}  // namespace

bool Http2Fields::count(std::string_view name, std::string_view value, uint64_t max_bytes) {
  size += name.size() + value.size() + kFieldOverhead;
  too_large = too_large || size > max_bytes;
  return !too_large;
}

void Http2Fields::add(std::string_view name, std::string_view value) {
  if (name == "cookie") {  // may come in pieces for the sake of compression
    const auto known = std::find_if(headers.begin(), headers.end(), [](const Header& each) { return each.name == "cookie"; });
    if (known != headers.end()) {
      known->value.append("; ").append(value);
      return;
    }
  }
  if (name == "content-length") {
    uint64_t length = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), length);
    if (read.ec == std::errc()) content_length = length;
  }
  headers.push_back({std::string(name), std::string(value)});
}

nghttp2_nv http2_field(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())), reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
          name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::vector<nghttp2_nv> http2_fields(const Headers& fields) {
  std::vector<nghttp2_nv> out;
  out.reserve(fields.size() + 1);
  for (const Header& each : fields) out.push_back(http2_field(each.name, each.value));
  return out;
}

/// The library's callbacks; all have the engine as their user.
struct Http2Engine::Calls {
  /// Nothing may be thrown through the library, which is C.
  template <class Call>
  static int guarded(void* user, Call&& call) noexcept {
    auto& engine = *static_cast<Http2Engine*>(user);
    try {
      call(engine);
      return 0;
    } catch (const std::exception& thrown) {
      engine.thrown_ = thrown.what();
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }
  static void set_receiving(nghttp2_session_callbacks* calls) {
    nghttp2_session_callbacks_set_on_begin_headers_callback(calls, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
      return guarded(user, [&](Http2Engine& engine) { engine.begin_headers(*frame); });
    });
    nghttp2_session_callbacks_set_on_header_callback2(
        calls, [](nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t, void* user) {
          return guarded(user, [&](Http2Engine& engine) { engine.add_field(view_of(name), view_of(value)); });
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
      return guarded(user, [&](Http2Engine& engine) { engine.received(*frame); });
    });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        calls, [](nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* data, size_t size, void* user) {
          return guarded(user, [&](Http2Engine& engine) {
            // The stream's window alone bounds what waits; were the connection's held back as well, one stream could starve others.
            engine.check(nghttp2_session_consume_connection(session, size));
            engine.body_piece(stream, {reinterpret_cast<const char*>(data), size});
          });
        });
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        calls, [](nghttp2_session*, const nghttp2_frame* frame, int problem, void* user) {
          return guarded(user, [&](Http2Engine& engine) {
            (void)engine.watch_.spend(kErrorCost);  // the next frame finds out
            engine.invalid(*frame, problem);
          });
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, [](nghttp2_session*, int32_t stream, uint32_t error, void* user) {
      return guarded(user, [&](Http2Engine& engine) { engine.closed(stream, error); });
    });
  }
  static void set_sending(nghttp2_session_callbacks* calls) {
    nghttp2_session_callbacks_set_send_data_callback(
        calls, [](nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size, nghttp2_data_source*, void* user) {
          const auto& engine = *static_cast<Http2Engine*>(user);
          if (engine.out_ == nullptr || engine.out_->size() >= engine.out_most_) return static_cast<int>(NGHTTP2_ERR_WOULDBLOCK);
          return guarded(user, [&](Http2Engine& to) { to.send_body(*frame, head, size); });
        });
    nghttp2_session_callbacks_set_on_frame_send_callback(calls, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
      return guarded(user, [&](Http2Engine& engine) {
        if (frame->hd.type == NGHTTP2_DATA) engine.watch_.earn(kFrameGain);
        engine.sent(*frame);
      });
    });
    nghttp2_session_callbacks_set_on_frame_not_send_callback(
        calls, [](nghttp2_session*, const nghttp2_frame* frame, int problem, void* user) {
          return guarded(user, [&](Http2Engine& engine) { engine.not_sent(*frame, problem); });
        });
  }
};

Http2Engine::Http2Engine(Side side, uint64_t max_header_bytes, Moment now)
    : watch_(max_header_bytes + kFrameBytes, now, side == Side::server ? Http2Watch::kPrefaceBytes : 0) {
  nghttp2_session_callbacks* calls = nullptr;
  nghttp2_option* options = nullptr;
  if (nghttp2_session_callbacks_new(&calls) != 0 || nghttp2_option_new(&options) != 0)
    std::abort();  // as operator new, out of memory
  Calls::set_receiving(calls);
  Calls::set_sending(calls);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  const auto make = side == Side::server ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
  if (make(&session_, calls, this, options) != 0) std::abort();
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(calls);
}

Http2Engine::~Http2Engine() { nghttp2_session_del(session_); }

void Http2Engine::open(std::span<const nghttp2_settings_entry> settings, uint32_t connection_window) {
  check(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
  check(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(connection_window)));
}

void Http2Engine::check(int status) {
  if (nghttp2_is_fatal(status) != 0) fail(nghttp2_strerror(status), NGHTTP2_INTERNAL_ERROR);
}

void Http2Engine::fail(std::string_view why, uint32_t code) {
  if (!failure_.empty()) return;
  failure_ = why;
  (void)nghttp2_session_terminate_session(session_, code);  // the connection ends, said or not
}

bool Http2Engine::feed(std::string_view bytes, Moment now) {
  if (!failure_.empty()) return false;
  if (const char* wrong = watch_.see(bytes, now)) {
    flooded_ = true;
    fail(wrong, NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }
  const ssize_t taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) {
    flooded_ = taken == NGHTTP2_ERR_FLOODED;
    const char* library = nghttp2_strerror(static_cast<int>(taken));
    fail(thrown_.empty() ? library : thrown_, flooded_ ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
  }
  return failure_.empty();
}

void Http2Engine::fill(std::string& to, size_t most) {
  out_ = &to;
  out_most_ = most;
  while (to.size() < most) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) check(static_cast<int>(size));
    if (size <= 0) break;
    to.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
  out_ = nullptr;
}

bool Http2Engine::over() const { return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0; }

void Http2Engine::consume(int32_t stream, size_t bytes) {
  if (bytes > 0) check(nghttp2_session_consume_stream(session_, stream, bytes));
}

void Http2Engine::reset(int32_t stream, uint32_t error) {
  check(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, error));
}

void Http2Engine::earn() { watch_.earn(kAnswerGain); }

nghttp2_data_provider Http2Engine::body_provider() {
  nghttp2_data_provider body{};
  body.read_callback = [](nghttp2_session*, int32_t id, uint8_t*, size_t most, uint32_t* flags, nghttp2_data_source*, void* user) {
    ssize_t size = 0;
    const int status = Calls::guarded(user, [&](Http2Engine& engine) { size = engine.give_body(id, most, flags); });
    return status == 0 ? size : status;
  };
  return body;
}

ssize_t Http2Engine::give_body(int32_t stream, size_t most, uint32_t* flags) {
  const Http2Supply ready = supply(stream, most);
  if (ready.size == 0 && !ready.last) return NGHTTP2_ERR_DEFERRED;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!ready.last) return static_cast<ssize_t>(ready.size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (ready.trailers != nullptr && !ready.trailers->empty()) {
    const auto fields = http2_fields(*ready.trailers);
    if (nghttp2_submit_trailer(session_, stream, fields.data(), fields.size()) == 0) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  }
  return static_cast<ssize_t>(ready.size);
}

void Http2Engine::send_body(const nghttp2_frame& frame, const uint8_t* head, size_t size) {
  out_->append(reinterpret_cast<const char*>(head), kFrameHead);
  take(frame.hd.stream_id, size, *out_);
}

}  // namespace tarsier::net
