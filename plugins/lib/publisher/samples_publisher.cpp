// The queue in front of the bus.
#include "plugins/lib/publisher/samples_publisher.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace tarsier::publisher {

/// How it goes, and what the host was told of it. What a store says of a batch may come after the publisher is gone.
struct SamplesPublisher::Outcome {
  std::mutex lock;  // guards everything
  const Host* host;
  Counter failed;
  std::map<const void*, Source> failing;  // whose last batch was not stored
  bool dropping = false;                  // since more waited than may
  bool degraded = false;

  void answered(const Source& source, const Result<void>& result) {
    const std::lock_guard guard(lock);
    if (host == nullptr) return;
    if (!result && result.error().code() == TARSIER_CANCELLED) return;  // it stops: what becomes of the batch is not told any more
    if (!result) {
      failed.add();
      host->warn("samples were not stored", {field("error", result.error().message())});
    }
    note(source, result);
  }
  void refused(const Source& source, const Error& error) {
    const std::lock_guard guard(lock);
    if (host == nullptr) return;
    host->error("samples were refused", {field("error", error.message())});
    note(source, error);
  }
  void set_dropping(bool now, const char* why) {
    const std::lock_guard guard(lock);
    if (host == nullptr) return;
    dropping = now;
    show(why);
  }

 private:
  void note(const Source& source, const Result<void>& result) {
    if (result && failing.empty()) return;
    std::erase_if(failing, [](const auto& one) { return one.second.is_gone(); });
    if (result) {
      failing.erase(source.key);
    } else {
      failing.insert_or_assign(source.key, source);
    }
    show(result ? std::string() : "samples are not stored: " + result.error().message());
  }
  /// Told once: what is wrong with one batch and what with the next may alternate for hours.
  void show(const std::string& why) {
    const bool bad = dropping || !failing.empty();
    if (bad == std::exchange(degraded, bad)) return;
    if (bad) {
      host->degraded(why);
    } else {
      host->ok();
    }
  }
};

SamplesPublisher::SamplesPublisher(const Host& host, uint64_t max_waiting_bytes)
    : host_(host),
      max_waiting_bytes_(max_waiting_bytes),
      outcome_(std::make_shared<Outcome>()),
      batches_(host, "tarsier_publisher_batches_total", "Batches of samples that the bus has accepted."),
      retries_(host, "tarsier_publisher_retries_total", "Times that the bus did not accept a batch and it had to wait."),
      dropped_(host, "tarsier_publisher_dropped_total", "Batches dropped because too much was waiting."),
      waiting_gauge_(host, "tarsier_publisher_waiting_bytes", "Bytes of batches that wait for the bus.") {
  outcome_->host = &host;
  outcome_->failed = Counter(host, "tarsier_publisher_failed_total", "Batches that a store accepted and then could not keep.");
}

Result<void> SamplesPublisher::hand_over(const Waiting& waiting) {
  Published told;
  if (!leaving_)
    told = [outcome = outcome_, source = waiting.source](const Result<void>& result) { outcome->answered(source, result); };
  constexpr uint32_t kFlags = TARSIER_PUBLISH_REQUIRE_STORE | TARSIER_PUBLISH_UNHURRIED;
  auto published = tarsier::publish(host_, TARSIER_TOPIC_SAMPLES, waiting.batch, kFlags, std::move(told));
  if (published) batches_.add();
  return published;
}

void SamplesPublisher::publish(Batch batch, const std::shared_ptr<const void>& source) {
  const std::lock_guard guard(lock_);
  if (stopped_) return;
  waiting_bytes_ += batch.data().size();
  waiting_.push_back({std::move(batch), {source.get(), source}});
  while (waiting_.size() > 1 && waiting_bytes_ > max_waiting_bytes_) drop_front("too many samples wait for the store");
  if (!retry_set_) flush();
  waiting_gauge_.set(static_cast<double>(waiting_bytes_));
}

void SamplesPublisher::flush() {
  while (!waiting_.empty()) {
    auto result = hand_over(waiting_.front());
    if (!result) {
      const tarsier_status code = result.error().code();
      if (code == TARSIER_AGAIN || code == TARSIER_UNAVAILABLE) return retry_later(result.error());
      outcome_->refused(waiting_.front().source, result.error());
      dropped_.add();
    }
    waiting_bytes_ -= waiting_.front().batch.data().size();
    waiting_.pop_front();
  }
  outcome_->set_dropping(false, "");
}

void SamplesPublisher::drop_front(const char* why) {
  waiting_bytes_ -= waiting_.front().batch.data().size();
  waiting_.pop_front();
  dropped_.add();
  outcome_->set_dropping(true, why);
}

void SamplesPublisher::retry_later(const Error& error) {
  constexpr int64_t kShortest = 10'000'000, kUnavailable = 1'000'000'000, kLongest = 10'000'000'000;
  retries_.add();
  if (stopped_ || leaving_) return;
  int64_t delay = error.retry_after_ns();
  if (delay <= 0) delay = error.code() == TARSIER_UNAVAILABLE ? kUnavailable : kShortest;
  auto timer = after(host_, "publish again", std::min(delay, kLongest), [this] {
    const std::lock_guard guard(lock_);
    retry_set_ = false;
    if (!stopped_) flush();
    waiting_gauge_.set(static_cast<double>(waiting_bytes_));
  });
  if (!timer) {
    host_.warn("no timer to publish again; the next batch will try", {field("error", timer.error().message())});
    return;
  }
  retry_ = std::move(*timer);
  retry_set_ = true;
}

void SamplesPublisher::leave() {
  const std::lock_guard guard(lock_);
  leaving_ = true;
}

void SamplesPublisher::stop() {
  Timer ended;
  {
    const std::lock_guard guard(lock_);
    if (!stopped_) {
      leaving_ = true;
      stopped_ = true;
      flush();
      while (!waiting_.empty()) drop_front("samples waited when the instance stopped");
    }
    ended = std::move(retry_);
    retry_set_ = false;
  }
  // Outside of the lock: the timer's own run may be waiting for it.
  ended.reset();
  const std::lock_guard guard(outcome_->lock);
  outcome_->host = nullptr;
}

}  // namespace tarsier::publisher
