#include "plugins/lib/http/request_intake.hpp"

#include <algorithm>
#include <utility>

#include "plugins/lib/http/router.hpp"
#include "plugins/lib/http/target.hpp"

namespace tarsier::net {
namespace {

std::string too_large(uint64_t limit) { return "the body is larger than " + std::to_string(limit) + " bytes"; }

}  // namespace

void describe_request(const Connection::Setup& setup, Request& request) {
  request.entrypoint = setup.options->name;
  request.remote = setup.remote;
  request.secure = setup.secure;
}

Admission admit_request(const Connection::Setup& setup, MessageHead& head, Request& request) {
  describe_request(setup, request);
  request.method = method_bit(head.method);
  request.method_name = head.method;
  request.target = head.target;
  request.headers = std::move(head.headers);
  request.http_1_1 = head.http_1_1;
  request.keep_alive = head.keep_alive;
  Admission admission;
  const auto refuse = [&](uint32_t code, std::string_view why) {
    admission.refusal = text_answer(code, why);
    return std::move(admission);
  };
  const size_t hosts = static_cast<size_t>(
      std::count_if(request.headers.begin(), request.headers.end(), [](const Header& each) { return each.name == "host"; }));
  if (hosts > 1 || (hosts == 0 && request.http_1_1)) return refuse(400, "expected one Host header");
  auto target = parse_target(request.target);
  if (!target) return refuse(400, target.error().message());
  request.host = find_header(request.headers, "host");
  request.raw_path = std::move(target->raw_path);
  request.query = std::move(target->query);
  request.segments = std::move(target->segments);
  request.path = join_path(request.segments, 0);
  admission = setup.handler->admit(request);
  if (admission.refusal) return admission;
  const std::string_view expect = find_header(request.headers, "expect");
  if (!expect.empty() && !equal_ignoring_case(expect, "100-continue")) return refuse(417, "only '100-continue' can be expected");
  if (admission.max_body_bytes == 0) admission.max_body_bytes = setup.options->limits.max_body_bytes;
  if (head.content_length && *head.content_length > admission.max_body_bytes)
    return refuse(413, too_large(admission.max_body_bytes));
  return admission;
}

std::optional<Answer> BodyIntake::begin(const Admission& admission, Request& request) {
  request_ = &request;
  limit_ = admission.max_body_bytes;
  const std::string coding = joined_header(request.headers, "content-encoding");
  if (admission.body_as_sent || coding.empty() || equal_ignoring_case(coding, "identity")) return std::nullopt;
  decoder_ = make_decoder(coding);
  // snappy and the like belong to their protocols (remote write): the handler gets the bytes as they are.
  if (!decoder_ && !equal_ignoring_case(coding, "snappy")) return text_answer(415, "expected Content-Encoding gzip, zstd or none");
  return std::nullopt;
}

Result<void> BodyIntake::add(std::string_view piece) {
  if (decoder_) return decoder_->write(piece, limit_, request_->body);
  if (request_->body.size() + piece.size() > limit_) return Error(TARSIER_RESOURCE, too_large(limit_));
  request_->body.append(piece);
  return {};
}

Result<void> BodyIntake::finish() {
  if (!decoder_) return {};
  return decoder_->finish();
}

}  // namespace tarsier::net
