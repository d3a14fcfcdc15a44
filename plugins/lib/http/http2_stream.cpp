#include "plugins/lib/http/http2_stream.hpp"

#include <algorithm>
#include <utility>

namespace tarsier::net {

Http2Stream::~Http2Stream() {
  if (exchange_) exchange_->detach();
}

void Http2Stream::begin(MessageHead head, std::optional<ParseFailure> failure) {
  request_.http_2 = true;
  if (failure) {
    describe_request(setup_, request_);
    request_.method_name = head.method;
    request_.target = head.target;
    request_.headers = std::move(head.headers);
    admission_.refusal = text_answer(failure->code, failure->message);
    return;
  }
  admission_ = admit_request(setup_, head, request_);
  if (!admission_.refusal) admission_.refusal = body_.begin(admission_, request_);
  if (refused()) return;
  constexpr uint64_t kMaxReserved = 1024 * 1024;
  if (head.content_length && !body_.decodes())
    request_.body.reserve(std::min({*head.content_length, admission_.max_body_bytes, kMaxReserved}));
  pace_.emplace(limits_.body_timeout, limits_.min_rate);
}

bool Http2Stream::take_expectation() {
  if (!waits_for_body() || whole_ || held_bytes() > 0 || told_to_continue_) return false;
  told_to_continue_ = true;
  return equal_ignoring_case(find_header(request_.headers, "expect"), "100-continue");
}

void Http2Stream::add(std::string_view piece) {
  if (waits_for_body()) inbox_.append(piece);
}

size_t Http2Stream::take_in() {
  const std::string piece = std::exchange(inbox_, {});
  Result<void> taken = piece.empty() ? Result<void>() : body_.add(piece);
  if (taken && whole_) taken = body_.finish();
  if (!taken) {
    admission_.refusal = text_answer(taken.error().code() == TARSIER_RESOURCE ? 413 : 400, taken.error().message());
    request_.body = {};
  }
  taken_in_ = whole_ && taken;
  if (taken_in_ || !taken) {
    pace_.reset();
  } else {
    if (!pace_) pace_.emplace(limits_.body_timeout, limits_.min_rate);
    pace_->add(piece.size());
  }
  return piece.size();
}

void Http2Stream::start(Exchange::Wiring wiring) {
  pace_.reset();
  expiry_ = moment_now() + (admission_.timeout.count() > 0 ? admission_.timeout : limits_.timeout);
  inbox_ = {};
  exchange_ = std::make_shared<Exchange>(std::move(request_), std::move(admission_.extra_headers), std::move(admission_.route),
                                         std::move(wiring));
  if (refused()) {
    exchange_->respond(std::move(*admission_.refusal));
  } else {
    setup_.handler->handle(exchange_);
  }
}

bool Http2Stream::collect() {
  const auto progress = exchange_->progress();  // before the output: what is complete here has all of it there
  if (progress.aborted) return false;
  code_ = progress.code;
  begun_answer_ = progress.begun;
  for (auto& piece : exchange_->take_output()) {
    unsent_ += piece.size();
    out_.push_back(std::move(piece));
  }
  if (progress.complete && !std::exchange(complete_, true)) trailers_ = exchange_->take_trailers();
  if (unsent_ > 0 && !pace_) pace_.emplace(limits_.body_timeout, limits_.min_rate);
  return true;
}

std::optional<Headers> Http2Stream::take_head() {
  if (!begun_answer_ || std::exchange(head_taken_, true)) return std::nullopt;
  return exchange_->take_head();
}

Http2Session::Supply Http2Stream::supply(size_t most) const {
  const size_t size = std::min(most, unsent_);
  return {size, complete_ && size == unsent_, &trailers_};
}

void Http2Stream::take(size_t size, std::string& to) {
  exchange_->sent(size);
  unsent_ -= size;
  if (pace_) pace_->add(size);
  if (unsent_ == 0) pace_.reset();
  while (size > 0) {
    const std::string_view rest = std::string_view(out_.front()).substr(taken_, size);
    to.append(rest);
    size -= rest.size();
    taken_ += rest.size();
    if (taken_ < out_.front().size()) break;
    out_.pop_front();
    taken_ = 0;
  }
}

Moment Http2Stream::deadline() const {
  if (broken_off_) return kNever;
  if (pace_) return pace_->deadline();
  return started() && !begun_answer_ ? expiry_ : kNever;
}

Http2Stream::Late Http2Stream::expire(Moment now) {
  if (now < deadline()) return Late::not_yet;
  if (waits_for_body()) {
    pace_.reset();
    admission_.refusal = text_answer(408, "the request body came too slowly");
    return Late::answered;
  }
  if (unsent_ > 0) return Late::broken;
  expiry_ = kNever;
  exchange_->expire(text_answer(503, "the request took longer than its time limit"));
  return Late::answered;
}

std::shared_ptr<Exchange> Http2Stream::close() {
  RequestRecord record;
  record.code = code_ == 0 ? 499 : code_;
  record.received_bytes = received_bytes_;
  record.sent_bytes = sent_bytes_;
  record.duration = moment_now() - begun_;
  setup_.handler->finished(request(), record);
  if (exchange_) {
    if (!complete_) exchange_->cancel();
    exchange_->detach();
  }
  return std::exchange(exchange_, nullptr);
}

}  // namespace tarsier::net
