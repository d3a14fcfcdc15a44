// Reading HTTP/1.x messages from bytes: a plain face over Beast's parser, so that Beast stays in one file. Bodies come in pieces,
// with the chunked framing taken off.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/lib/http/headers.hpp"
#include "tarsier/result.hpp"

namespace tarsier::net {

struct MessageHead {
  std::string method;  // requests
  std::string target;  // requests
  uint32_t code = 0;   // responses
  bool http_1_1 = true;
  bool keep_alive = false;
  bool chunked = false;
  std::optional<uint64_t> content_length;
  Headers headers;  // names in lower case
};

/// What is wrong with a request, as the status code to refuse it with.
struct ParseFailure {
  uint32_t code = 400;  // 400, 413, 414, 431, 501, 505
  std::string message;
};

/// One message; make a new one for the next.
class MessageParser {
 public:
  enum class Kind { request, response, response_without_body };
  MessageParser(Kind kind, size_t max_header_bytes);
  ~MessageParser();
  MessageParser(const MessageParser&) = delete;
  MessageParser& operator=(const MessageParser&) = delete;

  /// Takes pieces of the body; set before the first feed after the head is done. An error ends the parsing.
  void set_body_sink(std::function<Result<void>(std::string_view piece)> sink);
  /// Bytes on the wire; more is a failure with code 413.
  void set_body_limit(uint64_t bytes);

  /// Parses from the begin of `data` and returns how much was taken; call again with the rest and more behind it. Stops after the
  /// head and after the end of the message. After a failure it takes nothing.
  size_t feed(std::string_view data);
  /// The peer closed: ends a message that lasts until then, and breaks every other.
  void feed_end();

  bool started() const;  // has seen a byte
  bool head_done() const;
  bool done() const;
  const std::optional<ParseFailure>& failure() const;
  /// Once head_done().
  MessageHead& head();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarsier::net
