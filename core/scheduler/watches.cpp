#include "core/scheduler/watches.hpp"

#include <algorithm>
#include <utility>
#include <uv.h>
#include <vector>

namespace tarsier::scheduler {

namespace {

constexpr uint64_t kMergeMs = 100;

}  // namespace

/// An inotify handle on one directory. Freed by libuv's close callback.
struct Watches::Directory {
  uv_fs_event_t handle{};
  Watches* watches = nullptr;
  std::string path;
  uint64_t inode = 0;
  bool stale = false;  // the directory was removed, or moved away: the handle looks at one that is no longer there
  std::vector<WatchPtr> users;

  void close() {
    users.clear();
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), [](uv_handle_t* raw) { delete static_cast<Directory*>(raw->data); });
  }
};

/// The 100 ms in which events of one watch are gathered.
struct Watches::Merge {
  uv_timer_t timer{};
  Watches* watches = nullptr;
  WatchPtr watch;

  void close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&timer), [](uv_handle_t* raw) { delete static_cast<Merge*>(raw->data); });
  }
};

Watches::Watches(House& house, WorkerPool& pool) : house_(house), pool_(pool) {}
Watches::~Watches() = default;

Result<tarsier_watch*> Watches::add(host::Owner& owner, std::string path, void* user,
                                    void (*on_event)(void* user, tarsier_str path, uint32_t events)) {
  if (path.empty() || on_event == nullptr) return Error::invalid("watch: a path and a function are required");
  Result<tarsier_watch*> result = Error::unavailable("watch " + path + ": the scheduler is stopped");
  house_.call([&] {
    auto watch = std::make_shared<tarsier_watch>(path);
    watch->watches = this;
    watch->owner = &owner;
    watch->user = user;
    watch->on_event = on_event;
    const std::lock_guard lock(owners_mutex_);
    if (owner.closed()) {
      result = Error::unavailable("instance " + owner.instance() + " is stopped: watch " + path);
      return;
    }
    if (auto attached = attach(watch); !attached) {
      release(*watch);
      result = std::move(attached).error().in("watch " + path);
      return;
    }
    of_owner_[&owner].insert(watch);
    result = watch.get();
  });
  return result;
}

Result<void> Watches::attach(const WatchPtr& watch) {
  if (auto anchored = anchor(watch); !anchored) return std::move(anchored).error();
  collect(watch);  // what changed between the first look, in the constructor, and the begin of the watch
  return {};
}

/// Makes the watch a user of exactly the directories that it needs now. True when it was not one of all of them before.
Result<bool> Watches::anchor(const WatchPtr& watch) {
  const std::vector<std::string> wanted = watch->watched.anchors();
  std::vector<Directory*> unused;
  for (auto& [path, entry] : directories_) {
    if (std::find(wanted.begin(), wanted.end(), path) != wanted.end()) continue;
    std::erase(entry->users, watch);
    if (entry->users.empty()) unused.push_back(entry);
  }
  for (Directory* entry : unused) {
    directories_.erase(entry->path);
    entry->close();
  }
  bool added = false;
  for (const std::string& path : wanted) {
    auto entry = directory(path, added);
    if (!entry) return std::move(entry).error();
    auto& users = (*entry)->users;
    if (std::find(users.begin(), users.end(), watch) != users.end()) continue;
    users.push_back(watch);
    added = true;
  }
  return added;
}

/// The handle on that directory; a new one when the directory was replaced by another of its name, whose users then move over too.
Result<Watches::Directory*> Watches::directory(const std::string& path, bool& replaced) {
  const auto state = FileState::of(path);
  std::vector<WatchPtr> users;
  if (const auto found = directories_.find(path); found != directories_.end()) {
    if (state && found->second->inode == state->inode && !found->second->stale) return found->second;
    replaced = true;
    users = found->second->users;
    found->second->close();
    directories_.erase(found);
  }
  auto* made = new Directory;
  made->watches = this;
  made->path = path;
  made->inode = state ? state->inode : 0;
  uv_fs_event_init(house_.loop(), &made->handle);
  made->handle.data = made;
  const auto event = [](uv_fs_event_t* handle, const char* name, int events, int) {
    auto* entry = static_cast<Directory*>(handle->data);
    entry->watches->touched(*entry, name == nullptr ? "" : name, (events & UV_RENAME) != 0);
  };
  if (const int code = uv_fs_event_start(&made->handle, event, path.c_str(), 0); code != 0) {
    made->close();
    return Error(TARSIER_RESOURCE, "inotify on " + path + ": " + uv_text(code));
  }
  made->users = std::move(users);
  directories_.emplace(path, made);
  return made;
}

void Watches::touched(Directory& directory, const std::string& entry, bool came_or_went) {
  if (came_or_went) {
    // Its own events come under its own name. The inode's number does not tell: it may be used again at once.
    if (directory.path.ends_with("/" + entry)) directory.stale = true;
    const auto child = directories_.find(directory.path + (directory.path == "/" ? "" : "/") + entry);
    if (child != directories_.end()) child->second->stale = true;
  }
  for (const WatchPtr& watch : directory.users) {
    watch->watched.touched(directory.path, entry);
    if (merging_.contains(watch.get())) continue;
    auto* merge = new Merge;
    merge->watches = this;
    merge->watch = watch;
    uv_timer_init(house_.loop(), &merge->timer);
    merge->timer.data = merge;
    merging_.emplace(watch.get(), merge);
    const auto over = [](uv_timer_t* timer) {
      auto* due = static_cast<Merge*>(timer->data);
      due->watches->merging_.erase(due->watch.get());
      due->watches->collect(due->watch);
      due->close();
    };
    uv_update_time(house_.loop());
    uv_timer_start(&merge->timer, over, kMergeMs, 0);
  }
}

/// Looks at what has changed, and at whether other directories are needed now; gives the events to the instance.
void Watches::collect(const WatchPtr& watch) {
  if (watch->gate.closed()) return;
  auto events = watch->watched.changes(false);
  const auto anchored = anchor(watch);
  if (!anchored) {
    // Out of inotify watches: those that it still has go on, and the instance hears of its file at the next event there.
    watch->owner->accounting().failures.fetch_add(1, std::memory_order_relaxed);
  } else if (*anchored) {
    // A directory that has just come is watched from now on, but something may have happened there before.
    for (const auto& [path, what] : watch->watched.changes(true)) events[path] |= what;
  }
  if (events.empty()) return;
  {
    const std::lock_guard lock(watch->pending_mutex);
    for (const auto& [path, what] : events) watch->pending[path] |= what;
    if (std::exchange(watch->in_pool, true)) return;
  }
  Job job;
  job.name = "watch " + watch->watched.path();
  job.run = [this, watch] { deliver(watch); };
  job.done = [watch](Outcome outcome) {
    if (outcome == Outcome::ran) return;
    const std::lock_guard lock(watch->pending_mutex);
    watch->in_pool = false;
  };
  if (pool_.submit_unbounded(*watch->owner, std::move(job))) return;
  const std::lock_guard lock(watch->pending_mutex);  // the instance is closed
  watch->in_pool = false;
}

void Watches::deliver(const WatchPtr& watch) {
  while (true) {
    std::map<std::string, uint32_t> events;
    {
      const std::lock_guard lock(watch->pending_mutex);
      events.swap(watch->pending);
      watch->in_pool = !events.empty();
    }
    if (events.empty()) return;
    for (const auto& [path, what] : events) {
      const CallGate::Pass pass(watch->gate);
      if (!pass.open()) return;
      watch->on_event(watch->user, str(path), what);
    }
  }
}

void Watches::release(const tarsier_watch& watch) {
  std::vector<Directory*> unused;
  for (auto& [path, entry] : directories_) {
    std::erase_if(entry->users, [&watch](const WatchPtr& user) { return user.get() == &watch; });
    if (entry->users.empty()) unused.push_back(entry);
  }
  for (Directory* entry : unused) {
    directories_.erase(entry->path);
    entry->close();
  }
  if (const auto found = merging_.find(&watch); found != merging_.end()) {
    found->second->close();
    merging_.erase(found);
  }
}

void Watches::remove(tarsier_watch& watch) {
  const WatchPtr keep = watch.shared_from_this();
  {
    const std::lock_guard lock(owners_mutex_);
    if (const auto found = of_owner_.find(watch.owner); found != of_owner_.end()) found->second.erase(keep);
  }
  house_.post([this, keep] { release(*keep); });
  watch.gate.close_and_wait();
}

void Watches::detach(host::Owner& owner) {
  std::vector<WatchPtr> gone;
  {
    const std::lock_guard lock(owners_mutex_);
    if (const auto found = of_owner_.find(&owner); found != of_owner_.end())
      gone.assign(found->second.begin(), found->second.end());
  }
  for (const WatchPtr& watch : gone) watch->gate.close();
  // Also when it has no watch any more: waits, so that the house thread does not submit a job for an Owner that is gone.
  house_.call([this, &gone] {
    for (const WatchPtr& watch : gone) release(*watch);
  });
}

void Watches::forget(host::Owner& owner) {
  const std::lock_guard lock(owners_mutex_);
  of_owner_.erase(&owner);
}

void Watches::stop() {
  house_.call([this] {
    for (auto& [path, entry] : directories_) entry->close();
    directories_.clear();
    for (auto& [watch, merge] : merging_) merge->close();
    merging_.clear();
  });
}

}  // namespace tarsier::scheduler
