// Steps of an endpoint, and what is kept of where it is.
#include "plugins/forward/remote_write/endpoint.hpp"

#include <algorithm>
#include <utility>

namespace tarsier::forward {
namespace {
constexpr uint64_t kMaxWaitingBytes = uint64_t{64} << 20;  // of requests in memory
constexpr int64_t kTrafficNs = 10'000'000'000;
constexpr int64_t kTellEveryNs = 60'000'000'000;
}  // namespace

Endpoint::Endpoint(Surroundings& around, EndpointSettings settings, const Cursor& cursor)
    : around_(around),
      host_(around.host),
      name_(settings.name),
      metrics_(around.host, settings.name),
      needed_(cursor.lowest().sequence),
      settings_(std::move(settings)),
      random_(static_cast<uint64_t>(around.host.mono_ns()) | 1U) {
  traffic_.since_ns = host_.mono_ns();
  traffic_.samples_in = around.queue.samples();
  next_metadata_ns_ = host_.mono_ns() + std::min(settings_.metadata.send_interval_ns, settings_.sending.batch_send_deadline_ns);
  begin_at(cursor);
}

// ---- one step at a time ------------------------------------------------------------------------------------------------------

void Endpoint::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || running_ == Running::posted || running_ == Running::again) return;
    if (running_ == Running::yes) {
      running_ = Running::again;
      return;
    }
    running_ = Running::posted;
  }
  const auto self = weak_from_this().lock();
  if (self != nullptr && post(host_, {.name = "remote write " + name_}, [self] { self->run(); })) return;
  // The instance stops, or too many of its jobs wait: then the next tick of the plugin wakes it.
  const std::lock_guard lock(mutex_);
  running_ = Running::no;
}

void Endpoint::run() {
  std::unique_lock lock(mutex_);
  if (ended_) return;
  do {
    running_ = Running::yes;
    lock.unlock();
    step();
    lock.lock();
  } while (running_ == Running::again && !ended_);
  running_ = Running::no;
  rests_.notify_all();
}

void Endpoint::step() {
  std::vector<Note> notes;
  {
    const std::lock_guard lock(mutex_);
    notes.swap(notes_);
    if (coming_settings_) adopting_ = std::exchange(coming_settings_, std::nullopt);
  }
  for (const Note& note : notes) take_note(note);
  if (adopting_ && *adopting_ == settings_) adopting_.reset();
  if (adopting_ && !any_in_flight()) adopt(*std::exchange(adopting_, std::nullopt));
  const int64_t now = host_.mono_ns();
  look_at_traffic(now);
  reshard();
  if (!waits()) fill();
  tell_what_is_left_out(now);
  for (Shard& shard : shards_) shard.end_request(reached(), now, read_ >= stop_at_);
  reshard();
  if (!waits()) send_due(now);
  save_place();
  arm(now);
}

void Endpoint::apply(EndpointSettings settings) {
  {
    const std::lock_guard lock(mutex_);
    coming_settings_ = std::move(settings);
  }
  wake();
}

void Endpoint::end() {
  std::unique_lock lock(mutex_);
  ended_ = true;
  rests_.wait(lock, [this] { return running_ != Running::yes && running_ != Running::again; });
}

void Endpoint::keep_place() {
  for (const Note& note : std::exchange(notes_, {})) take_note(note);
  timer_.reset();
  save_place();
}

std::string Endpoint::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Endpoint::set_trouble(std::string text) {
  const std::lock_guard lock(mutex_);
  // Told once: what is wrong may change from attempt to attempt for hours.
  if (trouble_.empty() && !text.empty()) host_.warn("remote write fails", {field("endpoint", name_), field("error", text)});
  if (!trouble_.empty() && text.empty()) host_.info("remote write goes on", {field("endpoint", name_)});
  trouble_ = std::move(text);
}

/// The next thing that happens without anybody asking.
void Endpoint::arm(int64_t mono_ns) {
  int64_t next = traffic_.since_ns + kTrafficNs;
  if (!waits())
    for (const Shard& shard : shards_) next = std::min(next, std::max(shard.next_ns(), mono_ns + 1'000'000));
  if (timer_at_ns_ > mono_ns && timer_at_ns_ <= next) return;
  auto timer = after(host_, "remote write " + name_, std::max<int64_t>(next - mono_ns, 0), [this] { wake(); });
  if (!timer) return;  // the tick of the plugin wakes it, too
  timer_ = std::move(*timer);
  timer_at_ns_ = next;
}

// ---- the place in the queue --------------------------------------------------------------------------------------------------

/// Makes everything anew from what was acknowledged.
void Endpoint::begin_at(const Cursor& cursor, const Position& stop) {
  stop_at_ = stop;
  shards_.clear();
  for (const ShardMark& mark : cursor.shards) shards_.emplace_back(settings_, mark, stop);
  read_ = {cursor.lowest().sequence, 0, 0};
  samples_read_ = cursor.samples_before;
  entries_.clear();
  writer_.emplace(settings_, metrics_, metadata_);
  metrics_.shards.set(static_cast<double>(shards_.size()));
  metrics_.shards_min.set(static_cast<double>(settings_.sending.min_shards));
  metrics_.shards_max.set(static_cast<double>(settings_.sending.max_shards));
}

/// Requests in memory were made under the former settings; what they have is still in the queue.
void Endpoint::adopt(EndpointSettings settings) {
  const Cursor place = cursor();
  settings_ = std::move(settings);
  metadata_pages_.clear();
  reshard_to_ = 0;
  begin_at(place);
}

Cursor Endpoint::cursor() const {
  Cursor cursor;
  for (const Shard& shard : shards_) cursor.shards.push_back(shard.mark(reached()));
  cursor.samples_before = samples_before(cursor.lowest().sequence);
  return cursor;
}

/// Of a batch that was read and not sent whole, or of the next one.
uint64_t Endpoint::samples_before(uint64_t sequence) const {
  const auto entry = std::ranges::find_if(entries_, [&](const auto& one) { return one.first >= sequence; });
  return entry == entries_.end() ? samples_read_ : entry->second;
}

void Endpoint::save_place() {
  Cursor place = cursor();
  const uint64_t samples = around_.queue.samples();
  metrics_.pending.set(static_cast<double>(samples - std::min(samples, place.samples_before)));
  if (place == saved_) return;
  const uint64_t needed = place.lowest().sequence;
  if (auto saved = around_.cursors.save(name_, place); !saved)  // the next step tries again
    return set_trouble("where it is cannot be kept: " + saved.error().message());
  while (!entries_.empty() && entries_.front().first < needed) entries_.pop_front();
  saved_ = std::move(place);
  needed_ = needed;
}

// ---- reading -----------------------------------------------------------------------------------------------------------------

/// Until the answers that are owed are there nothing new is begun.
bool Endpoint::waits() const { return adopting_ || (reshard_to_ != 0 && stop_at_ == kNowhere); }

/// All shards are at what was read: none is still ahead of it, as after a start.
bool Endpoint::settled() const {
  return std::ranges::all_of(shards_, [this](const Shard& shard) { return shard.settled(reached()); });
}

bool Endpoint::has_room() const {
  uint64_t bytes = 0;
  for (const Shard& shard : shards_) {
    if (shard.waiting() >= settings_.sending.capacity) return false;
    bytes += shard.waiting_bytes();
  }
  return bytes < kMaxWaitingBytes;
}

void Endpoint::fill() {
  while (has_room() && read_ < stop_at_) {
    auto entry = around_.queue.read(read_.sequence);
    if (!entry) return set_trouble("the queue cannot be read: " + entry.error().message());
    if (!*entry) return;
    take_entry(**entry);
  }
}

void Endpoint::take_entry(const QueueEntry& entry) {
  if (entry.head.samples_before > samples_read_) {
    const uint64_t lost = entry.head.samples_before - samples_read_;
    metrics_.dropped(Drop::queue_limit, lost);
    host_.error("samples were not sent: they are not in the queue any more",
                {field("endpoint", name_), field("samples", std::to_string(lost))});
  }
  const int64_t now = host_.now_ns();
  if (settings_.max_age_ns > 0 && entry.head.appended_ns < now - settings_.max_age_ns) {
    metrics_.dropped(Drop::too_old, entry.head.samples);
    outdated_ += entry.head.samples;
  } else {
    entries_.emplace_back(entry.sequence, entry.head.samples_before);
    writer_->write(entry, shards_, now, host_.mono_ns());
  }
  read_ = {entry.sequence + 1, 0, 0};
  samples_read_ = entry.head.samples_after();
}

void Endpoint::tell_what_is_left_out(int64_t mono_ns) {
  if (const uint64_t left_out = metadata_.left_out(); left_out != metadata_left_out_) {
    if (metadata_left_out_ == 0)
      host_.warn("there is metadata of more metric families than are remembered; of others none is sent",
                 {field("endpoint", name_)});
    metrics_.metadata_left_out.add(static_cast<double>(left_out - std::exchange(metadata_left_out_, left_out)));
  }
  // While a receiver is down, batches may grow too old one by one.
  if (outdated_ == 0 || (outdated_told_ns_ != INT64_MIN && mono_ns - outdated_told_ns_ < kTellEveryNs)) return;
  host_.error("samples were not sent: they waited longer than max_queue_age",
              {field("endpoint", name_), field("samples", std::to_string(std::exchange(outdated_, 0)))});
  outdated_told_ns_ = mono_ns;
}

// ---- the number of shards ----------------------------------------------------------------------------------------------------

void Endpoint::look_at_traffic(int64_t mono_ns) {
  if (mono_ns - traffic_.since_ns < kTrafficNs) return;
  const uint64_t samples = around_.queue.samples(), before = cursor().samples_before;
  const Traffic traffic{
      .seconds = static_cast<double>(mono_ns - traffic_.since_ns) / 1e9,
      .samples_in = samples - std::min(samples, traffic_.samples_in),
      .samples_out = traffic_.samples_out,
      .seconds_sending = static_cast<double>(traffic_.sending_ns) / 1e9,
      .pending = samples - std::min(samples, before),
      .sent_lately = traffic_.last_sent_ns > traffic_.since_ns,
  };
  const uint64_t desired = resharding_.desired(shards_.size(), traffic, settings_.sending);
  metrics_.shards_desired.set(resharding_.wanted());
  if (desired != shards_.size() && reshard_to_ == 0) reshard_to_ = desired;
  traffic_ = {mono_ns, traffic_.last_sent_ns, samples, 0, 0};
}

/// With another number of shards each has other series, so all have to stand at one place: at the end of what the foremost has
/// sent. What lies in memory behind that is made anew.
void Endpoint::reshard() {
  if (reshard_to_ == 0 || adopting_ || any_in_flight()) return;
  if (stop_at_ == kNowhere) {
    const Cursor place = cursor();
    Position meet = place.lowest();
    for (const ShardMark& mark : place.shards) meet = std::max({meet, mark.acknowledged, mark.sending});
    return begin_at(place, meet);
  }
  if (read_ < stop_at_ || !settled() || !std::ranges::all_of(shards_, &Shard::empty)) return;
  const uint64_t shards = std::exchange(reshard_to_, 0);
  host_.info("remote write: the number of shards changes",
             {field("endpoint", name_), field("from", std::to_string(shards_.size())), field("to", std::to_string(shards))});
  const Position met = stop_at_;
  begin_at(Cursor::at(met, shards, samples_before(met.sequence)));
  wake();
}

}  // namespace tarsier::forward
