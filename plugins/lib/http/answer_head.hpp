// The head of an answer: its own fields, those that are added to every answer, and the framing, as either version of HTTP has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugins/lib/http/headers.hpp"

namespace tarsier::net {

struct AnswerHead {
  uint32_t code = 200;
  const Headers& fields;  // the handler's
  const Headers& extra;   // of admission
  std::optional<uint64_t> length = std::nullopt;
};

/// As bytes of HTTP/1.x. `chunked`: when no length is known; `connection`: the value of that field, or "".
std::string http1_head(const AnswerHead& head, bool chunked, std::string_view connection);
/// As fields of HTTP/2, names in lower case, without ":status".
Headers http2_head(const AnswerHead& head);

/// The end of a chunked body, with fields behind it.
std::string last_chunk(const Headers& trailers);
/// Those that may stand behind a body, names in lower case.
Headers allowed_trailers(const Headers& trailers);

}  // namespace tarsier::net
