// From the head of a message to a request, and its body through its decoder: what does not depend on the version of HTTP.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "plugins/lib/http/connection.hpp"
#include "plugins/lib/http/message_parser.hpp"

namespace tarsier::net {

/// What is known of a request before it is read.
void describe_request(const Connection::Setup& setup, Request& request);
/// Fills in the request and asks the handler. Takes the head's fields.
Admission admit_request(const Connection::Setup& setup, MessageHead& head, Request& request);

/// The body on its way into the request.
class BodyIntake {
 public:
  /// Where the pieces go; `request` stays in place. The answer to refuse it with, if it is to be.
  std::optional<Answer> begin(const Admission& admission, Request& request);
  /// RESOURCE: too large; INVALID: it is not coded as it says.
  Result<void> add(std::string_view piece);
  Result<void> finish();
  bool decodes() const noexcept { return decoder_ != nullptr; }

 private:
  Request* request_ = nullptr;
  uint64_t limit_ = 0;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace tarsier::net
