// What a request says that it carries: the message by Content-Type, snappy by Content-Encoding.
#pragma once

#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::remote_write {

enum class Message { write_request, request_v2 };  // prometheus.WriteRequest, io.prometheus.write.v2.Request

/// INVALID, with what was expected, is an answer 415.
Result<Message> message_of(std::string_view content_type, std::string_view content_encoding);

}  // namespace tarsier::remote_write
