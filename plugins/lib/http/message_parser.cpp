// MessageParser: Beast's basic_parser with its calls turned into a MessageHead and body pieces.
#include "plugins/lib/http/message_parser.hpp"

#include <algorithm>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace tarsier::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

std::string_view plain(string_view text) noexcept { return {text.data(), text.size()}; }

/// What both directions share: collecting the head, handing on the body.
struct Collected {
  MessageHead head;
  std::function<Result<void>(std::string_view)> sink;
  std::optional<ParseFailure> failure;
  uint64_t body_limit = UINT64_MAX;
  uint64_t body_bytes = 0;

  void field(std::string_view name, std::string_view value, error_code& ec) {
    if (!is_valid_field(name, value)) {
      failure = ParseFailure{400, "malformed header field"};
      ec = http::error::bad_value;
      return;
    }
    head.headers.push_back({lower(name), std::string(value)});
  }
  std::size_t body(std::string_view piece, error_code& ec) {
    body_bytes += piece.size();
    if (body_bytes > body_limit) {
      failure = ParseFailure{413, "the body is larger than " + std::to_string(body_limit) + " bytes"};
      ec = http::error::body_limit;
      return 0;
    }
    if (sink) {
      if (auto taken = sink(piece); !taken) {
        failure = ParseFailure{taken.error().code() == TARSIER_RESOURCE ? 413U : 400U, taken.error().message()};
        ec = http::error::body_limit;
        return 0;
      }
    }
    return piece.size();
  }
};

template <bool kIsRequest>
class Reader final : public http::basic_parser<kIsRequest> {
 public:
  explicit Reader(Collected& collected) : collected_(collected) {}

 private:
  void on_request_impl(http::verb, string_view method, string_view target, int version, error_code&) override {
    collected_.head.method = plain(method);
    collected_.head.target = plain(target);
    collected_.head.http_1_1 = version >= 11;
  }
  void on_response_impl(int code, string_view, int version, error_code&) override {
    collected_.head.code = static_cast<uint32_t>(code);
    collected_.head.http_1_1 = version >= 11;
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code& ec) override {
    collected_.field(plain(name), plain(value), ec);
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view piece, error_code& ec) override { return collected_.body(plain(piece), ec); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code& ec) override {
    return collected_.body(plain(piece), ec);
  }
  void on_finish_impl(error_code&) override {}

  Collected& collected_;
};

}  // namespace

struct MessageParser::Impl {
  Impl(Kind kind, size_t max_header_bytes) : is_request(kind == Kind::request), header_bytes(max_header_bytes) {
    if (is_request) {
      request.emplace(collected);
      prepare(*request, false);
    } else {
      response.emplace(collected);
      prepare(*response, kind == Kind::response_without_body);
    }
  }
  template <class Parser>
  void prepare(Parser& parser, bool skip) const {
    parser.header_limit(static_cast<std::uint32_t>(header_bytes));
    parser.body_limit(boost::none);  // ours is checked in Collected, where decompression counts too
    parser.skip(skip);
  }
  template <class F>
  auto with(F&& use) {
    return is_request ? use(*request) : use(*response);
  }

  void finish_head() {
    head_done = true;
    MessageHead& head = collected.head;
    with([&](auto& parser) {
      head.keep_alive = parser.keep_alive();
      head.chunked = parser.chunked();
      if (parser.content_length()) head.content_length = *parser.content_length();
      parser.eager(true);
    });
    // Another transfer coding leaves the end of the request open, where smuggling begins, or codes the body once more.
    if (is_request && has_header(head.headers, "transfer-encoding") &&
        !equal_ignoring_case(joined_header(head.headers, "transfer-encoding"), "chunked")) {
      collected.failure = ParseFailure{501, "only the transfer coding 'chunked' is understood"};
    } else if (is_request && head.chunked && !head.http_1_1) {
      collected.failure = ParseFailure{400, "HTTP/1.0 has no transfer codings"};
    }
  }
  void fail(const error_code& ec, std::string_view data) {
    if (collected.failure) return;
    if (ec == http::error::header_limit) {
      const bool in_first_line =
          data.substr(0, header_bytes).find("\r\n") == std::string_view::npos && collected.head.headers.empty();
      collected.failure = in_first_line && is_request
                              ? ParseFailure{414, "the request target is too long"}
                              : ParseFailure{431, "the header is larger than " + std::to_string(header_bytes) + " bytes"};
    } else if (ec == http::error::bad_version) {
      collected.failure = ParseFailure{505, "expected HTTP/1.0 or HTTP/1.1"};
    } else {
      collected.failure = ParseFailure{400, "malformed HTTP message: " + ec.message()};
    }
  }

  const bool is_request;
  const size_t header_bytes;
  bool head_done = false;
  size_t head_taken = 0;
  Collected collected;
  std::optional<Reader<true>> request;
  std::optional<Reader<false>> response;
};

MessageParser::MessageParser(Kind kind, size_t max_header_bytes) : impl_(std::make_unique<Impl>(kind, max_header_bytes)) {}
MessageParser::~MessageParser() = default;

void MessageParser::set_body_sink(std::function<Result<void>(std::string_view piece)> sink) {
  impl_->collected.sink = std::move(sink);
}

void MessageParser::set_body_limit(uint64_t bytes) { impl_->collected.body_limit = bytes; }

size_t MessageParser::feed(std::string_view data) {
  size_t taken = 0;
  while (!impl_->collected.failure && !done()) {
    error_code ec;
    const std::string_view rest = data.substr(taken);
    // Before its end a chunked body has at least "0\r\n\r\n" to come; with less, Beast 1.81 asserts (boostorg/beast#2861).
    if (impl_->head_done && impl_->collected.head.chunked && rest.size() < 5) break;
    const size_t used =
        impl_->with([&](auto& parser) { return parser.put(boost::asio::const_buffer(rest.data(), rest.size()), ec); });
    taken += used;
    if (ec && ec != http::error::need_more) {
      impl_->fail(ec, rest);
      break;
    }
    if (!impl_->head_done) {
      impl_->head_taken += used;
      if (impl_->head_taken > impl_->header_bytes) {  // Beast bounds what waits for a line's end, not their sum
        impl_->fail(http::error::header_limit, {});
        break;
      }
      if (impl_->with([](auto& parser) { return parser.is_header_done(); })) {
        impl_->finish_head();
        break;
      }
    }
    if (ec || used == 0) break;
  }
  return taken;
}

void MessageParser::feed_end() {
  if (impl_->collected.failure || done()) return;
  error_code ec;
  impl_->with([&](auto& parser) {
    if (parser.got_some()) {
      parser.put_eof(ec);
    } else {
      ec = http::error::end_of_stream;
    }
  });
  if (ec) impl_->collected.failure = ParseFailure{400, "the connection was closed in the middle of a message"};
}

bool MessageParser::started() const {
  return impl_->with([](auto& parser) { return parser.got_some(); });
}
bool MessageParser::head_done() const { return impl_->head_done; }
bool MessageParser::done() const {
  return impl_->with([](auto& parser) { return parser.is_done(); });
}
const std::optional<ParseFailure>& MessageParser::failure() const { return impl_->collected.failure; }
MessageHead& MessageParser::head() { return impl_->collected.head; }

}  // namespace tarsier::net
