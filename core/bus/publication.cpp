#include "core/bus/publication.hpp"

namespace tarsier::bus {

Publications::Ptr Publications::begin(host::Owner& producer, uint32_t required, tarsier_published_fn published, void* user) {
  auto publication = std::make_shared<Publication>();
  publication->producer = &producer;
  publication->published = published;
  publication->user = user;
  publication->remaining.store(required, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  if (producer.closed()) return nullptr;
  open_.insert(publication);
  return publication;
}

void Publications::complete(const Ptr& publication, tarsier_status status, std::string_view message) {
  std::unique_lock lock(mutex_, std::defer_lock);
  if (status != TARSIER_OK) {
    lock.lock();
    if (open_.contains(publication) && publication->status == TARSIER_OK) {
      publication->status = status;
      publication->message = message;
    }
    lock.unlock();
  }
  if (publication->remaining.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  lock.lock();
  const auto found = open_.find(publication);
  if (found == open_.end()) return;  // cancel_all() has answered
  // Closed: the call must not begin any more, cancel_all() will answer with this status. As long as it is in `open_` the producer
  // is there, and once it is entered its drain() waits.
  host::Owner& producer = *publication->producer;
  if (!producer.enter()) return;
  open_.erase(found);
  lock.unlock();
  publication->published(publication->user, publication->status, str(publication->message));
  producer.leave();
}

void Publications::cancel_all(host::Owner& producer) {
  std::vector<Ptr> mine;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = open_.begin(); it != open_.end();) {
      if ((*it)->producer != &producer) {
        ++it;
        continue;
      }
      mine.push_back(*it);
      it = open_.erase(it);
    }
    for (const Ptr& publication : mine) {
      if (publication->remaining.load(std::memory_order_acquire) == 0 || publication->status != TARSIER_OK) continue;
      publication->status = TARSIER_CANCELLED;
      publication->message = "the instance stops before the batch is known to be safe";
    }
  }
  for (const Ptr& publication : mine) publication->published(publication->user, publication->status, str(publication->message));
}

}  // namespace tarsier::bus
