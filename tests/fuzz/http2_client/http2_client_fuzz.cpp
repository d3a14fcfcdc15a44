// What a server of HTTP/2 sends after its settings, into a session that has a few requests under way, one with a body. Whatever it
// is, and however it is torn: no crash, and what comes out holds what it promises.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "plugins/lib/http/http2_client_session.hpp"

namespace {

using namespace tarsier::net;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr uint64_t kMaxHeader = 4096;
constexpr uint32_t kWindow = 10000;
constexpr size_t kBody = 100'000;
constexpr int kRequests = 8;

class Client final : public Http2ClientSession::Owner {
 public:
  Client() {
    for (int i = 0; i < kRequests; ++i) begin();
  }
  /// Feeds all of it in pieces of `step` bytes.
  void run(std::string_view bytes, size_t step) {
    std::string whole("\0\0\0\4\0\0\0\0\0", 9);
    whole += bytes;
    for (size_t at = 0; at < whole.size(); at += step) {
      const bool good = session_.feed(std::string_view(whole).substr(at, step), Http2ClientSession::Moment{});
      require(good == session_.failure().empty());
      std::string out;
      session_.fill(out, 1U << 20U);
      require(out.size() < 2U << 20U);
      require(session_.room() <= 20);
      if (!good || session_.over()) break;
      if (session_.room() > 0 && begun_ < 2 * kRequests) begin();
      if (at % 5 == 0 && !streams_.empty()) session_.reset(streams_.begin()->first, Http2Error::cancel);
    }
    require(!session_.leaving() || session_.room() == 0);
  }

 private:
  struct Stream {
    std::string body;
    std::optional<uint64_t> length;
    size_t unsent = 0;
    bool answered = false;
    bool ended = false;
  };

  void begin() {
    const bool with_body = begun_++ % 2 == 1;
    const auto id = session_.request(
        {{":method", with_body ? "POST" : "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}, with_body);
    require(id.ok() && !streams_.contains(*id));
    streams_[*id].unsent = with_body ? kBody : 0;
  }

  void on_head(int32_t id, MessageHead head) override {
    require(streams_.contains(id) && !streams_[id].answered);
    require(head.code >= 200 && head.code <= 999);
    uint64_t size = 0;
    for (const Header& field : head.headers) {
      require(is_valid_field(field.name, field.value) && field.name == lower(field.name));
      size += field.name.size() + field.value.size();
    }
    require(size <= kMaxHeader);
    streams_[id].answered = true;
    streams_[id].length = head.content_length;
  }
  void on_body(int32_t id, std::string_view piece) override {
    require(!piece.empty() && streams_.contains(id));
    Stream& stream = streams_[id];
    require(stream.answered && !stream.ended);
    stream.body.append(piece);
    session_.consume(id, piece.size());
  }
  void on_end(int32_t id) override {
    require(streams_.contains(id) && streams_[id].answered && !streams_[id].ended);
    Stream& stream = streams_[id];
    stream.ended = true;
    if (stream.length && !stream.body.empty()) require(*stream.length == stream.body.size());
  }
  void on_close(int32_t id, std::optional<Http2ClientSession::Break> broken) override {
    require(streams_.contains(id));
    const Stream& stream = streams_[id];
    require(broken.has_value() != stream.ended);
    if (broken) require(!broken->error.message().empty() && !(broken->refused && stream.answered));
    streams_.erase(id);
  }
  Http2Supply supply(int32_t id, size_t most) override {
    require(streams_.contains(id));
    const size_t size = std::min(most, streams_[id].unsent);
    return {size, size == streams_[id].unsent, nullptr};
  }
  void take(int32_t id, size_t size, std::string& to) override {
    require(streams_.contains(id) && size <= streams_[id].unsent);
    to.append(size, 'b');
    streams_[id].unsent -= size;
  }

  int begun_ = 0;
  std::map<int32_t, Stream> streams_;
  Http2ClientSession session_{{kMaxHeader, 20, kWindow, 65535}, *this, Http2ClientSession::Moment{}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const size_t step : {bytes.size() + 9, size_t{1}, size_t{7}}) Client().run(bytes, step);
  return 0;
}
