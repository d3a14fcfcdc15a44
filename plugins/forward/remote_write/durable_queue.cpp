#include "plugins/forward/remote_write/durable_queue.hpp"

#include <algorithm>
#include <charconv>

namespace tarsier::forward {
namespace {

constexpr std::string_view kTable = "batches";
constexpr uint64_t kLargestSegment = uint64_t{64} << 20;
constexpr uint64_t kSmallestSegment = uint64_t{1} << 20;
constexpr uint64_t kSegmentsInLimit = 16;
constexpr uint64_t kPage = 4096;

std::string segment_name(std::string_view prefix, uint64_t first) {
  const std::string digits = std::to_string(first);
  return std::string(prefix) + std::string(20 - digits.size(), '0') + digits;
}

std::optional<uint64_t> segment_first(std::string_view name) {
  name.remove_prefix(kSegmentPrefix.size());
  uint64_t first = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), first);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return first;
}

/// What a value takes in the file, about.
uint64_t pages(uint64_t value_bytes) noexcept {
  return value_bytes <= TARSIER_SMALL_VALUE ? value_bytes + 32 : (value_bytes + TARSIER_VALUE_OVERHEAD + kPage - 1) / kPage * kPage;
}

}  // namespace

uint64_t QueueLimits::segment_bytes() const noexcept {
  return std::clamp(bytes / kSegmentsInLimit, kSmallestSegment, kLargestSegment);
}

DurableQueue::DurableQueue(const Host& host, QueueLimits limits, std::function<void()> appended)
    : host_(host), appended_(std::move(appended)), limits_(limits) {}

DurableQueue::~DurableQueue() { wait_idle(); }

void DurableQueue::wait_idle() {
  std::unique_lock lock(flight_mutex_);
  idle_.wait(lock, [this] { return in_flight_ == 0; });
}

// ---- opening -----------------------------------------------------------------------------------------------------------------

Result<void> DurableQueue::open(uint64_t sequence, uint64_t samples) {
  const std::scoped_lock lock(files_mutex_);
  next_sequence_ = std::max<uint64_t>(sequence, 1);
  samples_ = samples;
  if (auto opened = open_segments(); !opened) return opened;
  return open_active();
}

Result<void> DurableQueue::open_segments() {
  auto names = list_envs(host_, kSegmentPrefix);
  if (!names) return std::move(names).error().in("list the queue of remote write");
  for (const std::string& name : *names) {
    const auto number = segment_first(name);
    if (!number) continue;
    auto env = open_env(host_, name, TARSIER_ENV_SEALED);
    if (!env && env.error().code() == TARSIER_CORRUPT) {
      set_aside(name, *number, env.error());
      continue;
    }
    if (!env) return std::move(env).error();
    uint64_t first = *number;
    auto segment = look_at(*env, first);
    if (!segment) return std::move(segment).error().in(name);
    if (!*segment) {
      env->close();
      set_aside(name, *number, {TARSIER_CORRUPT, "nothing in it can be read"});
      continue;
    }
    segments_.insert_or_assign(*number, std::move(**segment));
  }
  return {};
}

Result<void> DurableQueue::open_active() {
  auto env = open_env(host_, kActiveQueue, TARSIER_ENV_CREATE);
  if (!env && env.error().code() == TARSIER_CORRUPT) {
    set_aside(kActiveQueue, next_sequence_, env.error());
    env = open_env(host_, kActiveQueue, TARSIER_ENV_CREATE);
  }
  if (!env) return std::move(env).error();
  active_ = std::move(*env);
  uint64_t first = 0;
  auto found = look_at(active_, first);
  if (!found) return std::move(found).error().in(kActiveQueue);
  if (!*found) return {};
  active_first_ = first;
  active_bytes_ = (*found)->bytes;
  active_newest_ns_ = (*found)->newest_ns;
  return {};
}

/// What a file has; none: nothing that can be read. Numbers go on behind it.
Result<std::optional<DurableQueue::Segment>> DurableQueue::look_at(const Env& env, uint64_t& first) {
  auto snapshot = env.read();
  if (!snapshot) return std::move(snapshot).error();
  auto cursor = snapshot->cursor(kTable);
  if (!cursor) return std::move(cursor).error();
  if (const auto front = cursor->seek("")) first = key_sequence(front->key).ok() ? *key_sequence(front->key) : first;
  Segment segment;
  auto back = cursor->last();
  while (!take_last(back, segment)) {
    if (!cursor->stands()) {
      if (back.error().code() == TARSIER_NOT_FOUND) return std::optional<Segment>();
      return std::move(back).error();
    }
    back = cursor->previous();  // damaged: read() counts it
  }
  auto stat = env.stat();
  if (!stat) return std::move(stat).error();
  segment.bytes = stat->file_bytes;
  return std::optional<Segment>(std::move(segment));
}

bool DurableQueue::take_last(const Result<Entry>& entry, Segment& segment) {
  if (!entry) return false;
  const auto sequence = key_sequence(entry->key);
  const auto head = decode_head(entry->value);
  if (!sequence || !head) return false;
  segment.last = *sequence;
  segment.newest_ns = head->appended_ns;
  next_sequence_ = std::max(next_sequence_.load(), *sequence + 1);
  samples_ = std::max(samples_.load(), head->samples_after());
  return true;
}

/// A file that cannot be read is kept under another name, and the queue goes on without it.
void DurableQueue::set_aside(std::string_view name, uint64_t first, const Error& why) {
  ++damaged_;
  const std::string aside = segment_name(kDamagedPrefix, first);
  const auto renamed = rename_env(host_, name, aside);
  host_.error("a file of the queue is damaged, what it has is not sent",
              {field("environment", name), field("kept_as", renamed ? std::string_view(aside) : name),
               field("error", renamed ? why.message() : why.message() + "; " + renamed.error().message())});
}

// ---- appending ---------------------------------------------------------------------------------------------------------------

void DurableQueue::append(std::span<const uint8_t> batch, int64_t now_ns, const Done& done) {
  if (auto rotated = rotate_if_large(); !rotated)
    host_.error("the queue's file could not be ended; it grows on", {field("error", rotated.error().message())});
  const auto samples = batch::View(batch).rows();
  const std::string value = encode_entry({now_ns, samples_, samples}, batch);
  const uint64_t sequence = next_sequence_;
  auto written = write(sequence, value, done);
  if (!written && written.error().code() == TARSIER_AGAIN) {
    wait_idle();  // then nothing waits in front of it
    written = write(sequence, value, done);
  }
  if (!written) return done(std::move(written));
  ++next_sequence_;
  samples_ += samples;
  const std::scoped_lock lock(files_mutex_);
  if (active_first_ == 0) active_first_ = sequence;
  active_bytes_ += pages(value.size());
  active_newest_ns_ = now_ns;
}

Result<void> DurableQueue::write(uint64_t sequence, const std::string& value, const Done& done) {
  const std::string key = sequence_key(sequence);
  // Not by append: behind a damaged entry, of which nothing is known, that would be refused for ever.
  const tarsier_op op = put(kTable, key, value);
  {
    const std::scoped_lock lock(flight_mutex_);
    ++in_flight_;
  }
  auto accepted = active_.write({&op, 1}, [this, done](Result<void> outcome, uint64_t) {
    const bool there = outcome.ok();
    done(std::move(outcome));
    if (there) appended_();
    const std::scoped_lock lock(flight_mutex_);
    if (--in_flight_ == 0) idle_.notify_all();
  });
  if (!accepted) {
    const std::scoped_lock lock(flight_mutex_);
    if (--in_flight_ == 0) idle_.notify_all();
  }
  return accepted;
}

Result<void> DurableQueue::rotate_if_large() {
  {
    const std::scoped_lock lock(files_mutex_);
    if (active_first_ == 0 || active_bytes_ < limits_.segment_bytes()) return {};
  }
  wait_idle();
  const std::scoped_lock lock(files_mutex_);
  const std::string name = segment_name(kSegmentPrefix, active_first_);
  auto rotated = active_.rotate(name);
  if (!rotated) {
    // It may have been made all the same: what is not in the active file any more is in the segment.
    auto env = open_env(host_, name, TARSIER_ENV_SEALED);
    if (!env) return rotated;
  }
  Segment segment;
  segment.last = next_sequence_ - 1;
  segment.newest_ns = active_newest_ns_;
  segment.bytes = active_bytes_;
  segments_.insert_or_assign(active_first_, std::move(segment));
  active_first_ = active_bytes_ = 0;
  return {};
}

// ---- reading -----------------------------------------------------------------------------------------------------------------

Result<std::optional<QueueEntry>> DurableQueue::read(uint64_t from) {
  std::unique_lock lock(files_mutex_);
  for (auto& [first, segment] : segments_) {
    if (segment.last < from) continue;
    const std::string name = segment_name(kSegmentPrefix, first);
    if (!segment.env) {
      auto env = open_env(host_, name, TARSIER_ENV_SEALED);
      if (!env) return std::move(env).error();
      segment.env = std::move(*env);
    }
    segment.read = true;
    auto entry = read_env(segment.env, from);
    if (!entry || *entry) return entry;
  }
  return read_env(active_, from);
}

Result<std::optional<QueueEntry>> DurableQueue::read_env(const Env& env, uint64_t from) {
  auto snapshot = env.read();
  if (!snapshot) return std::move(snapshot).error();
  auto cursor = snapshot->cursor(kTable);
  if (!cursor) return std::move(cursor).error();
  auto found = cursor->seek(sequence_key(from));
  while (true) {
    Error failure = Error::not_found("");
    if (found) {
      const auto sequence = key_sequence(found->key);
      auto entry = sequence ? decode_entry(*sequence, found->value) : Result<QueueEntry>(sequence.error());
      if (entry) return std::optional<QueueEntry>(std::move(*entry));
      failure = std::move(entry).error();
    } else {
      failure = std::move(found).error();
    }
    if (failure.code() == TARSIER_NOT_FOUND) return std::optional<QueueEntry>();
    if (failure.code() != TARSIER_CORRUPT || !cursor->stands()) return failure;
    ++damaged_;
    host_.error("an entry of the queue is damaged, its samples are not sent", {field("error", failure.message())});
    found = cursor->next();
  }
}

// ---- room --------------------------------------------------------------------------------------------------------------------

Result<void> DurableQueue::remove_first(const char* why) {
  const auto first = segments_.begin();
  const std::string name = segment_name(kSegmentPrefix, first->first);
  first->second.env.close();
  if (auto removed = remove_env(host_, name); !removed && removed.error().code() != TARSIER_NOT_FOUND)
    return std::move(removed).error().in("remove " + name);
  if (why != nullptr)
    host_.warn("samples that were not sent were removed from the queue", {field("why", why), field("segment", name)});
  segments_.erase(first);
  return {};
}

Result<void> DurableQueue::maintain(uint64_t needed, int64_t now_ns) {
  const std::scoped_lock lock(files_mutex_);
  const auto oldest_ns = limits_.age_ns == 0 ? INT64_MIN : now_ns - limits_.age_ns;
  while (!segments_.empty()) {
    const Segment& front = segments_.begin()->second;
    uint64_t total = active_bytes_;
    for (const auto& [first, segment] : segments_) total += segment.bytes;
    const bool done_with = front.last < needed, old = front.newest_ns<oldest_ns, large = total> limits_.bytes;
    if (!done_with && !old && !large) break;
    if (auto removed = remove_first(done_with ? nullptr : old ? "max_queue_age" : "max_queue_size"); !removed) return removed;
  }
  for (auto& [first, segment] : segments_) {
    if (!segment.read) segment.env.close();
    segment.read = false;
  }
  return {};
}

void DurableQueue::set_limits(const QueueLimits& limits) {
  const std::scoped_lock lock(files_mutex_);
  limits_ = limits;
}

uint64_t DurableQueue::bytes() const {
  const std::scoped_lock lock(files_mutex_);
  uint64_t total = active_bytes_;
  for (const auto& [first, segment] : segments_) total += segment.bytes;
  return total;
}

uint64_t DurableQueue::segments() const {
  const std::scoped_lock lock(files_mutex_);
  return segments_.size();
}

}  // namespace tarsier::forward
