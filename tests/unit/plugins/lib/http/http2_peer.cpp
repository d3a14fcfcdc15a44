#include "tests/unit/plugins/lib/http/http2_peer.hpp"

#include <algorithm>
#include <cstring>
#include <nghttp2/nghttp2.h>
#include <vector>

namespace tarsier::net::test {

std::string frame_bytes(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload) {
  std::string out;
  for (const int shift : {16, 8, 0}) out.push_back(static_cast<char>((payload.size() >> shift) & 255U));
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>((static_cast<uint32_t>(stream) >> shift) & 255U));
  return out.append(payload);
}

std::string http2_hello() { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame_bytes(NGHTTP2_SETTINGS, 0, 0, ""); }

/// Of the library; all have the peer as their user.
struct Http2Peer::Calls {
  static Http2Peer& of(void* user) { return *static_cast<Http2Peer*>(user); }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size, const uint8_t* value,
                    size_t value_size, uint8_t, void* user) {
    Answer& answer = of(user).answers_[frame->hd.stream_id];
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":status") {
      const auto code = static_cast<uint32_t>(std::stoul(text));
      (code < 200 ? answer.interim : answer.code) = code;
    } else {
      (answer.head_done ? answer.trailers : answer.headers)[key] = text;
    }
    return 0;
  }
  static int received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Http2Peer& peer = of(user);
    if (frame->hd.type == NGHTTP2_HEADERS) {
      Answer& answer = peer.answers_[frame->hd.stream_id];
      if (!answer.head_done) answer.head_is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
      answer.head_done = answer.code != 0;
    }
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) ++peer.pings_answered;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      peer.goaway = frame->goaway.error_code;
      peer.last_stream = frame->goaway.last_stream_id;
    }
    return 0;
  }
  static int body(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* data, size_t size, void* user) {
    of(user).answers_[stream].body.append(reinterpret_cast<const char*>(data), size);
    if (of(user).open_windows_) nghttp2_session_consume(session, stream, size);
    return 0;
  }
  static int closed(nghttp2_session*, int32_t stream, uint32_t error, void* user) {
    of(user).answers_[stream].closed = true;
    of(user).answers_[stream].error = error;
    return 0;
  }
  static ssize_t read(nghttp2_session*, int32_t stream, uint8_t* to, size_t most, uint32_t* flags, nghttp2_data_source*,
                      void* user) {
    std::string& left = of(user).bodies_[stream];
    const size_t size = std::min(most, left.size());
    std::memcpy(to, left.data(), size);
    left.erase(0, size);
    if (!left.empty()) return static_cast<ssize_t>(size);
    if (!of(user).endless_[stream]) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (size == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(size);
  }
};

Http2Peer::Http2Peer(uint16_t port, bool open_windows, uint32_t window) : raw(port), open_windows_(open_windows) {
  nghttp2_session_callbacks* calls = nullptr;
  nghttp2_session_callbacks_new(&calls);
  nghttp2_session_callbacks_set_on_header_callback(calls, Calls::header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(calls, Calls::received);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, Calls::body);
  nghttp2_session_callbacks_set_on_stream_close_callback(calls, Calls::closed);
  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_session_client_new2(&session_, calls, this, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(calls);
  const nghttp2_settings_entry settings = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &settings, 1);
  flush();
}

Http2Peer::~Http2Peer() { nghttp2_session_del(session_); }

int32_t Http2Peer::submit(const std::string& method, const std::string& path, const Headers& more, bool with_body) {
  Headers all = {{":method", method}, {":scheme", "http"}, {":authority", "localhost"}, {":path", path}};
  all.insert(all.end(), more.begin(), more.end());
  std::vector<nghttp2_nv> fields;
  for (Header& each : all)
    fields.push_back({reinterpret_cast<uint8_t*>(each.name.data()), reinterpret_cast<uint8_t*>(each.value.data()), each.name.size(),
                      each.value.size(), NGHTTP2_NV_FLAG_NONE});
  nghttp2_data_provider body{};
  body.read_callback = Calls::read;
  return nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), with_body ? &body : nullptr, nullptr);
}

int32_t Http2Peer::request(const std::string& method, const std::string& path, const Headers& more,
                           std::optional<std::string> body) {
  const int32_t stream = submit(method, path, more, body.has_value());
  if (body) bodies_[stream] = std::move(*body);
  flush();
  return stream;
}

int32_t Http2Peer::begin(const std::string& method, const std::string& path, const Headers& more) {
  const int32_t stream = submit(method, path, more, true);
  endless_[stream] = true;
  flush();
  return stream;
}

void Http2Peer::flush() {
  const uint8_t* bytes = nullptr;
  for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;)
    if (!raw.send({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)})) return;
}

bool Http2Peer::step() {
  flush();
  const std::string bytes = raw.read_some();
  if (bytes.empty()) return false;
  const ssize_t taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  flush();
  return taken >= 0;
}

Http2Peer::Answer& Http2Peer::wait(int32_t stream) {
  until([&] { return answers_[stream].closed; });
  return answers_[stream];
}

void Http2Peer::reset(int32_t stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  flush();
}

void Http2Peer::open_window(int32_t stream, size_t bytes) {
  nghttp2_session_consume(session_, stream, bytes);
  flush();
}

bool Http2Peer::send_raw(std::string_view bytes) { return raw.send(bytes); }

}  // namespace tarsier::net::test
