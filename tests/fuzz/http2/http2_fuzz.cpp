// What a client of HTTP/2 sends after the preface, into a session whose owner answers every request. Whatever it is, and however it
// is torn: no crash, and what comes out holds what it promises.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "plugins/lib/http/http2_session.hpp"
#include "plugins/lib/http/target.hpp"

namespace {

using namespace tarsier::net;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr uint64_t kMaxHeader = 4096;
constexpr uint32_t kWindow = 10000;

class Server final : public Http2Session::Owner {
 public:
  /// Feeds all of it in pieces of `step` bytes.
  void run(std::string_view bytes, size_t step) {
    std::string whole = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(bytes);
    for (size_t at = 0; at < whole.size(); at += step) {
      const bool good = session_.feed(std::string_view(whole).substr(at, step), Http2Session::Moment{});
      require(good == session_.failure().empty());
      std::string out;
      session_.fill(out, 1U << 20U);
      require(out.size() < 2U << 20U);
      if (!good || session_.over()) break;
    }
  }

 private:
  struct Stream {
    std::string body;
    std::string answer;
    bool ended = false;
    bool answered = false;
    Headers trailers{{"a", "b"}};
  };

  void on_head(int32_t id, MessageHead head, std::optional<ParseFailure> failure) override {
    require(!streams_.contains(id) && id % 2 == 1);
    require(streams_.size() < 100);
    streams_[id] = {};
    uint64_t size = 0;
    for (const Header& field : head.headers) {
      require(is_valid_field(field.name, field.value) && field.name == lower(field.name));
      size += field.name.size() + field.value.size();
    }
    if (!failure) require(size <= kMaxHeader && !head.method.empty());
    if (failure) answer(id, "refused");
    (void)parse_target(head.target);
  }
  void on_body(int32_t id, std::string_view piece) override {
    require(!piece.empty() && streams_.contains(id));
    Stream& stream = streams_[id];
    require(!stream.ended);
    stream.body.append(piece);
    session_.consume(id, piece.size());
  }
  void on_end(int32_t id) override {
    if (!streams_.contains(id)) return;
    Stream& stream = streams_[id];
    require(!stream.ended);
    stream.ended = true;
    if (!stream.answered) answer(id, stream.body + "!");
  }
  void on_ping_answered() override {}
  void on_close(int32_t id) override { streams_.erase(id); }
  Http2Session::Supply supply(int32_t id, size_t most) override {
    require(streams_.contains(id));
    const Stream& stream = streams_[id];
    const size_t size = std::min(most, stream.answer.size());
    return {size, size == stream.answer.size(), &stream.trailers};
  }
  void take(int32_t id, size_t size, std::string& to) override {
    require(streams_.contains(id));
    Stream& stream = streams_[id];
    require(size <= stream.answer.size());
    to.append(stream.answer, 0, size);
    stream.answer.erase(0, size);
  }
  void on_frame(int32_t, size_t, bool) override {}

  void answer(int32_t id, std::string body) {
    streams_[id].answered = true;
    streams_[id].answer = std::move(body);
    session_.answer(id, 200, {{"content-type", "text/plain"}}, true);
  }

  std::map<int32_t, Stream> streams_;
  Http2Session session_{{kMaxHeader, 100, kWindow, 65535}, *this, Http2Session::Moment{}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const size_t step : {bytes.size() + 24, size_t{1}, size_t{7}}) Server().run(bytes, step);
  return 0;
}
