#include "plugins/forward/remote_write/shard.hpp"

#include <algorithm>
#include <snappy.h>

namespace tarsier::forward {
namespace {
constexpr size_t kMaxRequestBytes = size_t{8} << 20;  // uncompressed: receivers have limits
}

Shard::Shard(const EndpointSettings& settings, const ShardMark& mark, const Position& stop)
    : settings_(settings),
      mark_(mark),
      resume_(mark.acknowledged),
      stop_(stop),
      fixed_end_(mark.sending),
      writer_(make_writer(settings.message)) {}

MessageWriter& Shard::write(const Position& at, std::span<const batch::Label> labels, const SeriesMetadata& metadata,
                            int64_t mono_ns) {
  const bool fixed = fixed_end_ != Position{};
  const bool full = open_.counts.all() >= settings_.sending.max_samples_per_send || writer_->size() >= kMaxRequestBytes;
  if (fixed ? at >= fixed_end_ : full) close(fixed ? fixed_end_ : at);
  if (open_.counts.all() == 0) open_since_ns_ = mono_ns;
  if (!in_series_) writer_->begin_series(labels, metadata);
  in_series_ = true;
  return *writer_;
}

void Shard::note(uint64_t& count, int64_t time_ms) noexcept {
  ++count;
  ++waiting_;
  open_.newest_ms = std::max(open_.newest_ms, time_ms);
}

void Shard::end_series() {
  if (in_series_) writer_->end_series();
  in_series_ = false;
}

void Shard::close(const Position& end) {
  end_series();
  fixed_end_ = {};
  if (open_.counts.all() == 0) return;
  const std::string message = writer_->finish();
  snappy::Compress(message.data(), message.size(), &open_.body);
  open_.end = end;
  ready_bytes_ += open_.body.size();
  ready_.push_back(std::exchange(open_, {}));
}

void Shard::end_request(const Position& read, int64_t mono_ns, bool all) {
  if (fixed_end_ != Position{}) {
    if (read >= fixed_end_) close(fixed_end_);
    return;
  }
  if (open_.counts.all() == 0) return;
  const bool full = open_.counts.all() >= settings_.sending.max_samples_per_send;
  if (all || full || mono_ns - open_since_ns_ >= settings_.sending.batch_send_deadline_ns) close(read);
}

Request* Shard::due(int64_t mono_ns) noexcept {
  return in_flight_ || ready_.empty() || mono_ns < retry_at_ns_ ? nullptr : &ready_.front();
}

void Shard::sending() {
  in_flight_ = true;
  mark_.sending = ready_.front().end;
}

Request Shard::sent() {
  Request request = std::move(ready_.front());
  ready_.pop_front();
  waiting_ -= request.counts.all();
  ready_bytes_ -= request.body.size();
  mark_ = {request.end, {}};
  in_flight_ = false;
  retry_at_ns_ = 0;
  backoff_ns = 0;
  return request;
}

void Shard::retry_at(int64_t mono_ns) noexcept {
  in_flight_ = false;
  ++ready_.front().attempts;
  retry_at_ns_ = mono_ns;
}

uint64_t Shard::waiting_bytes() const noexcept { return ready_bytes_ + writer_->size(); }

ShardMark Shard::mark(const Position& read) const noexcept {
  if (!empty() || fixed_end_ != Position{}) return mark_;
  return {std::max(mark_.acknowledged, read), {}};
}

int64_t Shard::next_ns() const noexcept {
  if (in_flight_) return INT64_MAX;
  if (!ready_.empty()) return retry_at_ns_;
  return open_.counts.all() == 0 ? INT64_MAX : open_since_ns_ + settings_.sending.batch_send_deadline_ns;
}

}  // namespace tarsier::forward
