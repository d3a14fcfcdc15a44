// The cycle of one target. The request is asynchronous; while an answer is owed, ticks are skipped.
#include "plugins/collect/scrape/target.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

#include "plugins/collect/scrape/protocol.hpp"
#include "plugins/lib/client_config/request.hpp"
#include "plugins/lib/exposition/number.hpp"

namespace tarsier::scrape {
namespace {

constexpr uint32_t kMaxRedirects = 10;
// The last three are there when they are asked for.
constexpr std::array<std::string_view, 8> kReports = {"up",
                                                      "scrape_duration_seconds",
                                                      "scrape_samples_scraped",
                                                      "scrape_samples_post_metric_relabeling",
                                                      "scrape_series_added",
                                                      "scrape_timeout_seconds",
                                                      "scrape_sample_limit",
                                                      "scrape_body_size_bytes"};
constexpr size_t kUsualReports = 5;

uint64_t hash(std::string_view text, uint64_t seed) noexcept {
  for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * UINT64_C(0x100000001b3);
  return seed;
}

/// Targets are spread over so many slots of an interval. Those of one slot begin together: the process wakes once for them and
/// their samples are one commit, where each by itself would cost more in wake-ups than in reading its page.
constexpr int64_t kSlots = 10;
constexpr int64_t kLongestSlot = 500'000'000;

/// FNV-1a, finished so that similar URLs spread over the whole interval.
int64_t stable_offset(const TargetSpec& spec) noexcept {
  uint64_t value = hash(spec.url, UINT64_C(0xcbf29ce484222325));
  for (const auto& [name, text] : spec.labels) value = hash(text, hash(name, value));
  value ^= value >> 33;
  value *= UINT64_C(0xff51afd7ed558ccd);
  value ^= value >> 33;
  const auto offset = static_cast<int64_t>(value % static_cast<uint64_t>(spec.interval_ns));
  return offset - offset % std::clamp(spec.interval_ns / kSlots, int64_t{1}, kLongestSlot);
}

CacheOptions cache_options(const Job& job, const TargetSpec& spec) {
  CacheOptions options;
  options.target_labels = spec.labels;
  options.honor_labels = job.honor_labels;
  options.honor_timestamps = job.honor_timestamps;
  options.legacy_names = job.legacy_names;
  options.track_timestamps_staleness = job.track_timestamps_staleness;
  if (spec.native_histograms)
    options.histograms = spec.classic_beside_native ? exposition::HistogramForms::both : exposition::HistogramForms::native;
  options.custom_buckets = spec.convert_classic;
  options.keep_classic = spec.classic_beside_native;
  options.histogram_limits = job.histogram_limits;
  options.rules = job.metric_relabel_configs;
  options.text_bytes = 4 * job.body_size_limit;  // a page of protobuf says more than it has bytes
  options.limits.samples = job.sample_limit;
  options.limits.labels = job.label_limit;
  options.limits.label_name_bytes = job.label_name_length_limit;
  options.limits.label_value_bytes = job.label_value_length_limit;
  return options;
}

int64_t whole_ms(int64_t ns) noexcept { return ns / 1'000'000 * 1'000'000; }

}  // namespace

Target::Target(Shared& shared, std::shared_ptr<const Job> job, TargetSpec spec)
    : shared_(shared),
      job_(std::move(job)),
      spec_(std::move(spec)),
      offset_ns_(stable_offset(spec_)),
      cache_(cache_options(*job_, spec_)),
      discovered_(spec_.discovered) {}

Result<void> Target::start() {
  const std::string name = "scrape " + job_->name + "/" + spec_.url;
  Every options{name, spec_.interval_ns};
  options.offset_ns = offset_ns_;
  // The timer's closure must not keep the target alive, since the target has the timer; stop() ends the timer first.
  auto timer = every(shared_.host, options, [this] { begin_scrape(); });
  if (!timer) return std::move(timer).error().in(name);
  timer_ = std::move(*timer);
  return {};
}

void Target::stop(bool mark_stale) {
  timer_.reset();
  {
    const std::lock_guard guard(lock_);
    stopped_ = true;
  }
  const std::lock_guard reading(page_lock_);
  if (!mark_stale || !ever_scraped_) return;
  const int64_t now = whole_ms(shared_.host.now_ns());
  cache_.write_failure(now);
  for (const std::string_view name : reports()) cache_.write_report(name, now, std::bit_cast<double>(TARSIER_STALE_NAN_BITS));
  publish();
}

std::span<const std::string_view> Target::reports() const noexcept {
  return std::span(kReports).first(job_->extra_scrape_metrics ? kReports.size() : kUsualReports);
}

void Target::inherit(const Target& ended) {
  const std::scoped_lock reading(page_lock_, ended.page_lock_);
  cache_.inherit(ended.cache_);
  if (!ever_scraped_ && spec_.url == ended.spec_.url) {
    Status last = ended.status();
    const std::lock_guard guard(lock_);
    status_ = std::move(last);
  }
  ever_scraped_ = ever_scraped_ || ended.ever_scraped_;
}

void Target::refuse(const std::string& why) {
  const std::lock_guard guard(lock_);
  refused_ = why;
}

void Target::note_discovered(LabelSet labels) {
  const std::lock_guard guard(lock_);
  discovered_ = std::move(labels);
}

LabelSet Target::discovered() const {
  const std::lock_guard guard(lock_);
  return discovered_;
}

Target::Status Target::status() const {
  const std::lock_guard guard(lock_);
  return status_;
}

/// The time that the samples get: the schedule's when the scrape began soon after it, so that distances between samples are even
/// and compress well. Of a hundred targets of a slot the last begins some milliseconds late.
int64_t Target::scheduled_ns(int64_t now_ns) const {
  constexpr int64_t kTolerance = 50'000'000;
  const int64_t interval = spec_.interval_ns;
  const int64_t steps = (now_ns - offset_ns_ + interval / 2) / interval;
  const int64_t scheduled = whole_ms(steps * interval + offset_ns_);
  const int64_t distance = now_ns - scheduled;
  const bool near = std::abs(distance) <= kTolerance && std::abs(distance) <= interval / 100;
  return near ? scheduled : whole_ms(now_ns);
}

void Target::begin_scrape() {
  const int64_t time_ns = scheduled_ns(shared_.host.now_ns()), begun = shared_.host.mono_ns();
  std::string refused;
  {
    const std::lock_guard guard(lock_);
    if (stopped_) return;
    if (in_flight_) {
      shared_.skipped.add();
      return;
    }
    in_flight_ = true;
    refused = refused_;
  }
  if (!refused.empty()) return end_scrape(time_ns, begun, Error(TARSIER_RESOURCE, refused));
  if (auto asked = request(time_ns, begun); !asked) end_scrape(time_ns, begun, asked.error());
}

Result<void> Target::request(int64_t time_ns, int64_t begun_mono_ns) {
  std::string timeout;
  exposition::append_number(timeout, static_cast<double>(spec_.timeout_ns) / 1e9);
  std::vector<tarsier_pair> headers = {field("Accept", job_->accept), field("User-Agent", kUserAgent),
                                       field("X-Prometheus-Scrape-Timeout-Seconds", timeout)};
  std::string url = spec_.url, server;
  if (!spec_.socket.empty()) {  // the same request, by the socket
    const size_t begin = url.find("://") + 3, path = std::min(url.find_first_of("/?", begin), url.size());
    server = url.substr(begin, path - begin);
    url = "unix://" + spec_.socket + ":" + url.substr(path);
    headers.push_back(field("Host", server));
  }
  tarsier_http_client_request request{};
  request.size = sizeof(request);
  request.flags = job_->enable_compression ? uint32_t{TARSIER_CLIENT_ACCEPT_GZIP} : 0U;
  request.method = str("GET");
  request.url = str(url);
  request.headers = headers.data();
  request.header_count = static_cast<uint32_t>(headers.size());
  request.max_redirects = job_->follow_redirects ? kMaxRedirects : 0;
  request.body = bytes("");
  request.timeout_ns = spec_.timeout_ns;
  request.max_body_bytes = job_->body_size_limit;
  return client_config::request(shared_.host, shared_.http, job_->client, request,
                                [self = shared_from_this(), time_ns, begun_mono_ns](const Result<http::Response>& response) {
                                  self->end_scrape(time_ns, begun_mono_ns, response);
                                });
}

void Target::end_scrape(int64_t time_ns, int64_t begun_mono_ns, const Result<http::Response>& response) {
  const std::lock_guard reading(page_lock_);
  {
    const std::lock_guard guard(lock_);
    if (stopped_) return;
  }
  ever_scraped_ = true;
  finish(read_page(response, time_ns), time_ns, begun_mono_ns);
}

/// Leaves a batch in the cache's builder, whatever happened.
Result<void> Target::read_page(const Result<http::Response>& response, int64_t time_ns) {
  Result<Format> format = Error(TARSIER_UNAVAILABLE, "");
  body_bytes_ = 0;
  if (!response) {
    format = response.error();
    if (response.error().code() == TARSIER_RESOURCE) body_bytes_ = -1;
  } else if (response->code() != 200) {
    format = Error::unavailable("server returned HTTP status " + status_text(response->code()));
  } else {
    format = format_of(response->header("content-type"), job_->fallback_scrape_protocol);
    body_bytes_ = static_cast<int64_t>(response->body().size());
  }
  if (format) return cache_.write_page(response->body(), time_ns, *format);
  cache_.write_failure(time_ns);
  return std::move(format).error();
}

void Target::finish(const Result<void>& outcome, int64_t time_ns, int64_t begun_mono_ns) {
  const double seconds = static_cast<double>(shared_.host.mono_ns() - begun_mono_ns) / 1e9;
  const SeriesCache::Counts& counts = cache_.counts();
  const std::array<double, kReports.size()> values = {outcome ? 1.0 : 0.0,
                                                      seconds,
                                                      static_cast<double>(counts.scraped),
                                                      static_cast<double>(counts.kept),
                                                      static_cast<double>(counts.new_series),
                                                      static_cast<double>(spec_.timeout_ns) / 1e9,
                                                      static_cast<double>(job_->sample_limit),
                                                      static_cast<double>(body_bytes_)};
  for (size_t i = 0; i < reports().size(); ++i) cache_.write_report(kReports[i], time_ns, values[i]);
  if (outcome) shared_.samples.add(static_cast<double>(counts.added));
  const std::string error = outcome ? std::string() : outcome.error().message();
  if (error != status().last_error && !error.empty())
    shared_.host.warn("scrape failed", {field("job", job_->name), field("target", spec_.url), field("error", error)});
  {  // before its samples can be seen: who finds `up` at 0 is told why
    const std::lock_guard guard(lock_);
    status_ = {outcome ? Health::up : Health::down, error, time_ns, seconds};
  }
  publish();
  tell_repeats();
  if (!error.empty()) note_failure(error);
  const std::lock_guard guard(lock_);
  in_flight_ = false;
}

void Target::note_failure(const std::string& error) {
  FailureLog* const log = job_->failures.log.get();
  if (log == nullptr) return;
  const auto written = log->write(shared_.host.now_ns(), job_->name, spec_.url, error);
  if (!written && !log_failing_)  // said once
    shared_.host.warn("a failed scrape cannot be noted", {field("job", job_->name), field("error", written.error().message())});
  log_failing_ = !written;
}

/// Said once, not for each page.
void Target::tell_repeats() {
  const uint64_t repeated = cache_.counts().repeated;
  shared_.repeated.add(static_cast<double>(repeated));
  if (repeated != 0 && !repeats_)
    shared_.host.warn("a page has series more than once, and the first sample of each is taken",
                      {field("job", job_->name), field("target", spec_.url), field("left_out", std::to_string(repeated))});
  repeats_ = repeated != 0;
}

void Target::publish() {
  auto batch = make_batch(shared_.host, cache_.builder());
  if (!batch) {
    shared_.host.warn("no memory for a batch of samples", {field("target", spec_.url), field("error", batch.error().message())});
    return;
  }
  shared_.publisher.publish(std::move(*batch), shared_from_this());
}

}  // namespace tarsier::scrape
