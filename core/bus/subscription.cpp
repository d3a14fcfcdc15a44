#include "core/bus/subscription.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/bus/bus_impl.hpp"

namespace tarsier::bus {

namespace {

constexpr uint64_t kDefaultMaxBytes = uint64_t{8} << 20;
// One job delivers so much, then other jobs of the instance have their turn.
constexpr int kBatchesPerJob = 64;
constexpr auto kTimePerJob = std::chrono::milliseconds(10);
constexpr auto kRateWindow = std::chrono::milliseconds(100);

bool is_required(const tarsier_subscribe_spec& spec) { return (spec.flags & TARSIER_SUBSCRIBE_REQUIRED) != 0; }

}  // namespace

void DrainRate::drained(uint64_t bytes) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (window_bytes_ == 0) window_begin_ = now;
  window_bytes_ += bytes;
  const auto elapsed = now - window_begin_;
  if (elapsed < kRateWindow) return;
  const double rate = static_cast<double>(window_bytes_) / std::chrono::duration<double>(elapsed).count();
  bytes_per_second_ = bytes_per_second_ == 0 ? rate : (bytes_per_second_ + rate) / 2;
  window_bytes_ = 0;
}

std::chrono::nanoseconds DrainRate::time_for(uint64_t bytes) const noexcept {
  constexpr auto unknown = std::chrono::milliseconds(100);
  constexpr double least = 0.001, most = 5.0;
  if (bytes_per_second_ <= 0) return unknown;
  const double seconds = std::clamp(static_cast<double>(bytes) / bytes_per_second_, least, most);
  return std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9));
}

}  // namespace tarsier::bus

using namespace tarsier::bus;

tarsier_subscription::tarsier_subscription(std::shared_ptr<Bus::Impl> room, tarsier::host::Owner& subscriber, Topic& of,
                                           const tarsier_subscribe_spec& spec, std::filesystem::path spill_path)
    : bus(std::move(room)),
      owner(subscriber),
      topic(of),
      instance(subscriber.instance()),
      required(is_required(spec)),
      policy(required ? TARSIER_FULL_BLOCK : spec.policy),
      max_bytes(spec.max_bytes > 0 ? spec.max_bytes : kDefaultMaxBytes),
      user(spec.user),
      on_batch(spec.on_batch) {
  if (policy == TARSIER_FULL_SPILL) spill_.emplace(std::move(spill_path), spec.spill_bytes);
}

std::optional<std::chrono::nanoseconds> tarsier_subscription::refuses(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (has_room(bytes)) return std::nullopt;
  ++refused_;
  return rate_.time_for(held_bytes_ + bytes > max_bytes ? held_bytes_ + bytes - max_bytes : bytes);
}

Offered tarsier_subscription::offer(const tarsier_batch* batch, const Publications::Ptr& publication, uint32_t flags) {
  Offered result;
  const std::lock_guard lock(mutex_);
  const bool behind_spilled = spill_ && !spill_->empty();
  if (has_room(batch->size) && !behind_spilled) {
    dropping_ = dropping_ && !queue_.empty();
    enqueue(batch, publication, flags);
  } else if (policy == TARSIER_FULL_SPILL) {
    spill(batch, result);
  } else if (policy == TARSIER_FULL_DROP_OLDEST) {
    drop_oldest(batch->size, result);
    enqueue(batch, publication, flags);
  } else if (blocks()) {
    enqueue(batch, publication, flags);  // refuses() has looked
  } else {
    note_drops(1, result);
  }
  result.schedule = !scheduled_ && (!queue_.empty() || (spill_ && !spill_->empty()));
  if (result.schedule) scheduled_ = true;
  return result;
}

void tarsier_subscription::enqueue(const tarsier_batch* batch, const Publications::Ptr& publication, uint32_t flags) {
  queue_.push_back({BatchRef(batch), publication, flags});
  held_bytes_ += batch->size;
}

void tarsier_subscription::drop_oldest(uint64_t needed, Offered& result) {
  uint64_t count = 0;
  while (!queue_.empty() && !has_room(needed)) {
    held_bytes_ -= queue_.front().batch->size;
    queue_.pop_front();
    ++count;
  }
  if (count > 0) note_drops(count, result);
}

void tarsier_subscription::spill(const tarsier_batch* batch, Offered& result) {
  if (!spill_->has_room(batch->size)) {
    note_drops(1, result);
    return;
  }
  if (auto appended = spill_->append(batch->bytes()); !appended) {
    note_drops(1, result);
    result.failure = std::move(appended).error();
  }
}

void tarsier_subscription::note_drops(uint64_t count, Offered& result) {
  result.began_dropping = !std::exchange(dropping_, true);
  result.dropped += count;
  dropped_ += count;
  owner.accounting().dropped_batches.fetch_add(count, std::memory_order_relaxed);
}

void tarsier_subscription::schedule() {
  tarsier::scheduler::Job job;
  job.name = "on_batch " + topic.name;
  job.run = [self = shared_from_this()] { self->drain(); };
  job.done = [self = shared_from_this()](tarsier::scheduler::Outcome outcome) {
    if (outcome == tarsier::scheduler::Outcome::failed)
      self->schedule();  // the batch is lost to the exception, those behind it are not
  };
  if (bus->pool.submit_unbounded(owner, std::move(job))) return;
  const std::lock_guard lock(mutex_);  // the instance is closed; end() follows
  scheduled_ = false;
}

void tarsier_subscription::drain() {
  const auto until = std::chrono::steady_clock::now() + kTimePerJob;
  for (int count = 0; count < kBatchesPerJob; ++count) {
    std::string failure;
    auto item = take(failure);
    if (!failure.empty()) bus->report(BusReport::Kind::spill_failed, instance, topic.name, failure);
    if (!item) return;
    deliver(*std::move(item));
    if (std::chrono::steady_clock::now() >= until) break;
  }
  schedule();
}

/// The next batch; none: nothing waits, and the next offer() schedules anew.
std::optional<Queued> tarsier_subscription::take(std::string& failure) {
  const std::lock_guard lock(mutex_);
  if (queue_.empty() && spill_ && !spill_->empty()) {
    const uint64_t batches = spill_->batches();
    auto read = spill_->read();
    if (read) {
      held_bytes_ += (*read)->size;
      queue_.push_back({*std::move(read), nullptr});
    } else {
      failure = read.error().message() + "; " + std::to_string(batches) + " batches are lost";
      spill_->discard();
      Offered lost;
      note_drops(batches, lost);
    }
  }
  if (queue_.empty()) {
    dropping_ = false;
    scheduled_ = false;
    return std::nullopt;
  }
  Queued item = std::move(queue_.front());
  queue_.pop_front();
  return item;
}

void tarsier_subscription::deliver(Queued item) {
  const BatchRef batch = std::move(item.batch);
  tarsier_delivery* delivery = nullptr;
  {
    const std::lock_guard lock(mutex_);
    ++delivered_;
    if (required) {
      delivery = new tarsier_delivery{shared_from_this(), batch->size, std::move(item.publication), item.flags, {}};
      delivery->place = open_deliveries_.insert(open_deliveries_.end(), delivery);
    }
  }
  // Also when on_batch lets an exception escape.
  struct Release {
    tarsier_subscription& self;
    uint64_t bytes;
    ~Release() {
      if (!self.required) self.let_go(bytes);
    }
  } const release{*this, batch->size};
  bool called = false;
  {
    const tarsier::scheduler::CallGate::Pass pass(gate);
    called = pass.open();
    if (called) on_batch(user, batch.get(), delivery);
  }
  if (!called && delivery != nullptr) complete(delivery, TARSIER_UNAVAILABLE, "the subscription has ended");
}

void tarsier_subscription::let_go(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  held_bytes_ -= bytes;
  rate_.drained(bytes);
}

void tarsier_subscription::complete(tarsier_delivery* delivery, tarsier_status status, std::string_view message) {
  {
    const std::lock_guard lock(mutex_);
    open_deliveries_.erase(delivery->place);
    held_bytes_ -= delivery->bytes;
    rate_.drained(delivery->bytes);
  }
  const std::unique_ptr<tarsier_delivery> owned(delivery);
  if (owned->publication != nullptr) bus->publications.complete(owned->publication, status, message);
}

void tarsier_subscription::end(const char* why) {
  std::deque<Queued> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(queue_);
    for (const Queued& item : waiting) held_bytes_ -= item.batch->size;
    const uint64_t lost = (required ? 0 : waiting.size()) + (spill_ ? spill_->batches() : 0);
    dropped_ += lost;
    owner.accounting().dropped_batches.fetch_add(lost, std::memory_order_relaxed);
    if (spill_) spill_->discard();
  }
  for (const Queued& item : waiting)
    if (item.publication != nullptr) bus->publications.complete(item.publication, TARSIER_UNAVAILABLE, why);
}

bool tarsier_subscription::has_open_deliveries() const {
  const std::lock_guard lock(mutex_);
  return !open_deliveries_.empty();
}

void tarsier_subscription::abandon_deliveries() {
  std::vector<tarsier_delivery*> open;
  {
    const std::lock_guard lock(mutex_);
    open.assign(open_deliveries_.begin(), open_deliveries_.end());
  }
  const std::string why = "instance " + instance + " ended without completing the batch";
  for (tarsier_delivery* delivery : open) complete(delivery, TARSIER_UNAVAILABLE, why);
}

SubscriptionStats tarsier_subscription::stats() const {
  const std::lock_guard lock(mutex_);
  SubscriptionStats result;
  result.instance = instance;
  result.topic = topic.name;
  result.required = required;
  result.queued_batches = queue_.size() + (spill_ ? spill_->batches() : 0);
  result.queued_bytes = held_bytes_;
  result.max_bytes = max_bytes;
  result.spilled_bytes = spill_ ? spill_->bytes() : 0;
  result.uncompleted = open_deliveries_.size();
  result.delivered_total = delivered_;
  result.dropped_total = dropped_;
  result.refused_total = refused_;
  return result;
}
