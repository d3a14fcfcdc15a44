#include "plugins/forward/remote_write/sender.hpp"

#include <algorithm>

namespace tarsier::forward {

Sender::Sender(const Host& host, const Settings& settings)
    : host_(host),
      cursors_(host),
      queue_(host, limits(settings), [this] { wake_all(); }),
      around_{host, ServiceRef<tarsier_http>(host, TARSIER_HTTP_SERVICE), queue_, cursors_},
      queue_bytes_(host, "tarsier_remote_write_queue_bytes", "Bytes of the queue on the disk."),
      queue_segments_(host, "tarsier_remote_write_queue_segments", "Files of the queue beside the one that is written."),
      highest_seconds_(host, "tarsier_remote_write_highest_timestamp_seconds",
                       "The newest time of a sample that came into the queue."),
      damaged_(host, "tarsier_remote_write_queue_damaged", "Entries and files of the queue that could not be read."),
      appended_(host, "tarsier_remote_write_queue_samples_total", "Samples and native histograms that came into the queue."),
      append_failed_(host, "tarsier_remote_write_queue_failures_total", "Batches that could not be kept in the queue.") {}

Sender::~Sender() {
  stop();
  queue_.wait_idle();  // what is being written tells of itself to the endpoints
}

Result<void> Sender::open(const Settings& settings) {
  if (auto opened = cursors_.open(); !opened) return opened;
  uint64_t sequence = 1, samples = 0;
  for (const auto& [name, cursor] : cursors_.found()) {
    samples = std::max(samples, cursor.samples_before);
    for (const ShardMark& mark : cursor.shards) sequence = std::max({sequence, mark.acknowledged.sequence, mark.sending.sequence});
  }
  if (auto opened = queue_.open(sequence, samples); !opened) return opened;
  for (const auto& [name, cursor] : cursors_.found())
    if (std::ranges::find(settings.endpoints, name, &EndpointSettings::name) == settings.endpoints.end()) forget(name);
  for (const EndpointSettings& wanted : settings.endpoints) {
    auto endpoint = make(wanted);
    if (!endpoint) return std::move(endpoint).error();
    const std::lock_guard lock(mutex_);
    endpoints_.push_back(std::move(*endpoint));
  }
  cursors_.forget_found();
  wake_all();
  return {};
}

/// Where it was, or at now: then that is kept before anything comes, so that a crash does not move it.
Result<std::shared_ptr<Endpoint>> Sender::make(const EndpointSettings& settings) {
  const auto found = cursors_.found().find(settings.name);
  if (found != cursors_.found().end()) return std::make_shared<Endpoint>(around_, settings, found->second);
  const Cursor now = Cursor::at({queue_.next_sequence(), 0, 0}, settings.sending.min_shards, queue_.samples());
  if (auto saved = cursors_.save(settings.name, now); !saved) return std::move(saved).error().in("endpoint " + settings.name);
  return std::make_shared<Endpoint>(around_, settings, now);
}

/// What cannot be removed now is found by the next start.
void Sender::forget(const std::string& endpoint) {
  host_.info("an endpoint is not configured any more: its place in the queue is forgotten", {field("endpoint", endpoint)});
  if (auto removed = cursors_.remove(endpoint); !removed)
    host_.warn("the place of an endpoint could not be removed",
               {field("endpoint", endpoint), field("error", removed.error().message())});
}

std::vector<std::shared_ptr<Endpoint>> Sender::endpoints() const {
  const std::lock_guard lock(mutex_);
  return endpoints_;
}

Result<void> Sender::apply(const Settings& settings) {
  const auto before = endpoints();
  std::vector<std::shared_ptr<Endpoint>> after, fresh;
  for (const EndpointSettings& wanted : settings.endpoints) {
    const auto same = std::ranges::find(before, wanted.name, [](const auto& endpoint) { return endpoint->name(); });
    if (same == before.end()) {
      auto made = make(wanted);
      if (!made) {
        for (const auto& endpoint : fresh) forget(endpoint->name());
        return std::move(made).error();
      }
      fresh.push_back(*made);
      after.push_back(std::move(*made));
    } else {
      after.push_back(*same);
    }
  }
  for (size_t i = 0; i < after.size(); ++i) after[i]->apply(settings.endpoints[i]);
  queue_.set_limits(limits(settings));
  {
    const std::lock_guard lock(mutex_);
    endpoints_ = after;
  }
  for (const auto& endpoint : before) {
    if (std::ranges::find(after, endpoint) != after.end()) continue;
    endpoint->end();
    forget(endpoint->name());
  }
  wake_all();
  return {};
}

void Sender::take(std::span<const uint8_t> batch, DurableQueue::Done done) {
  const batch::View view(batch);
  for (const int64_t time : view.column<int64_t>(TARSIER_COL_SAMPLE_TIMES))
    if (time > highest_ns_.load(std::memory_order_relaxed)) highest_ns_.store(time, std::memory_order_relaxed);
  const double samples = view.rows();
  queue_.append(batch, host_.now_ns(), [this, samples, done = std::move(done)](Result<void> kept) {
    note_append(samples, kept);
    done(std::move(kept));
  });
}

void Sender::note_append(double samples, const Result<void>& kept) {
  if (kept) {
    appended_.add(samples);
  } else {
    append_failed_.add();
  }
  const std::lock_guard lock(mutex_);
  append_error_ = kept ? std::string() : kept.error().message();
}

void Sender::wake_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& endpoint : endpoints_) endpoint->wake();
}

void Sender::tick() {
  uint64_t needed = queue_.next_sequence();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& endpoint : endpoints_) needed = std::min(needed, endpoint->needed());
  }
  const auto kept = queue_.maintain(needed, host_.now_ns());
  queue_bytes_.set(static_cast<double>(queue_.bytes()));
  queue_segments_.set(static_cast<double>(queue_.segments()));
  damaged_.set(static_cast<double>(queue_.damaged()));
  if (const int64_t highest = highest_ns_; highest != INT64_MIN) highest_seconds_.set(static_cast<double>(highest) / 1e9);
  show_health(kept);
  wake_all();
}

void Sender::show_health(const Result<void>& kept) {
  std::string message = kept ? std::string() : "the queue cannot be tidied up: " + kept.error().message();
  const std::lock_guard lock(mutex_);
  if (!append_error_.empty())
    message.append(message.empty() ? "" : "; ").append("samples cannot be kept in the queue: " + append_error_);
  for (const auto& endpoint : endpoints_)
    if (const std::string trouble = endpoint->trouble(); !trouble.empty())
      message.append(message.empty() ? "" : "; ").append(endpoint->name() + ": " + trouble);
  if (message == health_) return;
  health_ = message;
  if (message.empty()) {
    host_.ok();
  } else {
    host_.degraded(message);
  }
}

void Sender::stop() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(stopped_, true)) return;
  for (const auto& endpoint : endpoints_) {
    endpoint->end();
    endpoint->keep_place();
  }
}

}  // namespace tarsier::forward
