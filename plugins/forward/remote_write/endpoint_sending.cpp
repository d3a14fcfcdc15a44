// Requests and answers of an endpoint.
#include <algorithm>

#include "plugins/forward/remote_write/endpoint.hpp"
#include "plugins/lib/client_config/request.hpp"

namespace tarsier::forward {
namespace {

constexpr std::string_view kUserAgent = "Tarsier/0.1.0";
constexpr uint64_t kMaxAnswerBytes = uint64_t{1} << 16;  // the status says what matters
constexpr std::string_view kTypeV1 = "application/x-protobuf";
constexpr std::string_view kTypeV2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

/// What of a request is stored though it was refused: receivers of 2.0 say so.
RequestCounts taken_of(const RequestCounts& sent, const Written& written) {
  return {std::min(sent.samples, written.samples), std::min(sent.histograms, written.histograms),
          std::min(sent.exemplars, written.exemplars)};
}

}  // namespace

bool Endpoint::any_in_flight() const { return metadata_in_flight_ || std::ranges::any_of(shards_, &Shard::in_flight); }

// ---- sending -----------------------------------------------------------------------------------------------------------------

/// Requests of which the receiver would find everything too old.
void Endpoint::drop_old_requests() {
  if (settings_.sending.sample_age_limit_ns <= 0) return;
  const int64_t oldest_ms = (host_.now_ns() - settings_.sending.sample_age_limit_ns) / 1'000'000;
  for (Shard& shard : shards_) {
    while (Request* request = shard.due(INT64_MAX)) {
      if (request->newest_ms >= oldest_ms) break;
      metrics_.dropped(Drop::too_old, shard.sent().counts.all());
    }
  }
}

void Endpoint::send_due(int64_t mono_ns) {
  drop_old_requests();
  std::vector<std::pair<size_t, const Request*>> due;
  for (size_t i = 0; i < shards_.size(); ++i) {
    const Request* request = shards_[i].due(mono_ns);
    if (request == nullptr) continue;
    shards_[i].sending();
    due.emplace_back(i, request);
  }
  // Before anything leaves it is known where it ends: docs/remote-write.md says what that is good for.
  if (!due.empty()) save_place();
  for (const auto& [shard, request] : due) send_request(shard, *request);
  send_metadata(mono_ns);
}

void Endpoint::send_request(size_t shard, const Request& request) {
  if (request.attempts > 0) metrics_.retried(request.counts);
  post_body(request.body, request.attempts, shard);
}

void Endpoint::send_metadata(int64_t mono_ns) {
  if (!settings_.metadata.send || settings_.message != Message::write_request || metadata_in_flight_) return;
  if (metadata_pages_.empty()) {
    if (mono_ns < next_metadata_ns_ || metadata_.empty()) return;
    next_metadata_ns_ = mono_ns + settings_.metadata.send_interval_ns;
    for (auto& page : metadata_.pages(settings_.metadata.max_samples_per_send)) metadata_pages_.push_back(std::move(page));
  }
  metadata_in_flight_ = true;
  post_body(metadata_pages_.front().body, 0, std::nullopt);
}

void Endpoint::post_body(std::string_view body, uint32_t attempts, std::optional<size_t> shard) {
  const bool v2 = settings_.message == Message::request_v2;
  const std::string attempt = std::to_string(attempts);
  std::vector<tarsier_pair> headers = {field("Content-Type", v2 ? kTypeV2 : kTypeV1), field("Content-Encoding", "snappy"),
                                       field("X-Prometheus-Remote-Write-Version", v2 ? "2.0.0" : "0.1.0"),
                                       field("User-Agent", kUserAgent)};
  if (attempts > 0) headers.push_back(field("Retry-Attempt", attempt));

  tarsier_http_client_request call{};
  call.size = sizeof(call);
  call.flags = TARSIER_CLIENT_MAY_FINISH | TARSIER_CLIENT_CUT_BODY;
  call.method = str("POST");
  call.url = str(settings_.url);
  call.headers = headers.data();
  call.header_count = static_cast<uint32_t>(headers.size());
  call.max_redirects = 0;  // followed it would become a GET, and a page that answers 200 would count as the receiver
  call.body = bytes(body);
  call.timeout_ns = settings_.remote_timeout_ns;
  call.max_body_bytes = kMaxAnswerBytes;
  // An answer is judged by the settings that the request was sent under: they do not change while one is under way.
  auto begun = client_config::request(host_, around_.http, settings_.client, call,
                                      [self = shared_from_this(), shard](const Result<http::Response>& response) {
                                        self->answered({shard, judge(response, self->settings_, self->host_.now_ns())});
                                      });
  if (!begun) answered({shard, {.what = begun.error().message()}});
}

void Endpoint::answered(const Note& note) {
  {
    const std::lock_guard lock(mutex_);
    notes_.push_back(note);
  }
  wake();
}

// ---- answers -----------------------------------------------------------------------------------------------------------------

void Endpoint::take_note(const Note& note) {
  traffic_.sending_ns += note.answer.duration_ns;
  if (note.shard) return request_done(*note.shard, note.answer);
  metadata_in_flight_ = false;
  if (metadata_pages_.empty()) return;
  const auto families = static_cast<double>(metadata_pages_.front().families);
  if (note.answer.verdict == Verdict::done) {
    metrics_.metadata_sent.add(families);
    metadata_pages_.pop_front();
  } else {
    metrics_.metadata_failed.add(families);
    metadata_pages_.clear();  // they come again in their next turn
  }
}

void Endpoint::request_done(size_t number, const Answer& answer) {
  Shard& shard = shards_[number];
  if (answer.verdict == Verdict::retry) return try_again(shard, answer);
  const Request request = shard.sent();
  if (answer.verdict == Verdict::refused) {
    const RequestCounts taken = taken_of(request.counts, answer.written.value_or(Written{}));
    if (taken.all() > 0) metrics_.sent(taken, request.body.size(), static_cast<double>(answer.duration_ns) / 1e9);
    metrics_.refused({request.counts.samples - taken.samples, request.counts.histograms - taken.histograms,
                      request.counts.exemplars - taken.exemplars});
    host_.error("a receiver refused samples for good; they are not sent again",
                {field("endpoint", name_), field("parts", std::to_string(request.counts.all())), field("error", answer.what)});
    return set_trouble(answer.what);
  }
  traffic_.samples_out += request.counts.all();
  traffic_.last_sent_ns = host_.mono_ns();
  highest_sent_ms_ = std::max(highest_sent_ms_, request.newest_ms);
  metrics_.highest_sent_seconds.set(static_cast<double>(highest_sent_ms_) / 1e3);
  note_written(request, answer);
}

/// A receiver of 2.0 says what it has taken; one that says nothing may not have understood the request at all.
void Endpoint::note_written(const Request& request, const Answer& answer) {
  const double seconds = static_cast<double>(answer.duration_ns) / 1e9;
  if (settings_.message == Message::request_v2 && !answer.written && request.counts.samples + request.counts.histograms > 0) {
    metrics_.refused(request.counts);
    return set_trouble("the receiver answered " + std::to_string(answer.code) +
                       " and did not say that it has written anything: it may not know remote write 2.0");
  }
  metrics_.sent(request.counts, request.body.size(), seconds);
  set_trouble("");
}

void Endpoint::try_again(Shard& shard, const Answer& answer) {
  shard.retry_at(host_.mono_ns() + pause_ns(shard, answer));
  set_trouble(answer.what);
}

/// Doubles from failure to failure. A part of it is random, so that those who failed together do not come back together.
int64_t Endpoint::pause_ns(Shard& shard, const Answer& answer) {
  const SendingConfig& config = settings_.sending;
  const int64_t pause = std::clamp(shard.backoff_ns, config.min_backoff_ns, config.max_backoff_ns);
  shard.backoff_ns = std::min(pause * 2, config.max_backoff_ns);
  random_ ^= random_ << 13U, random_ ^= random_ >> 7U, random_ ^= random_ << 17U;
  const int64_t jitter = pause < 2 ? 0 : static_cast<int64_t>(random_ % static_cast<uint64_t>(pause / 2));
  return answer.retry_after_ns > 0 ? answer.retry_after_ns + jitter : pause - jitter;
}

}  // namespace tarsier::forward
