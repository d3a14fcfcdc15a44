// The thread is started with the first probe: machines without network filesystems never have it.
#include "plugins/collect/node/collectors/statfs_prober.hpp"

#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <thread>

namespace tarsier::node {

struct StatfsProber::Shared {
  Function function;
  std::mutex state;
  std::condition_variable changed;
  enum { waiting, asked, running, answered } phase = waiting;
  bool ending = false;
  std::string path;
  int result = 0;
  struct statvfs answer{};
  std::thread thread;
};

namespace {

/// A thread that cannot be ended will one day return into this file's code: the file must still be there.
void pin_this_file() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void*>(&pin_this_file), &info) != 0)
    (void)::dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

}  // namespace

StatfsProber::StatfsProber(Function function) : shared_(std::make_shared<Shared>()) { shared_->function = function; }

StatfsProber::~StatfsProber() {
  std::unique_lock lock(shared_->state);
  if (!shared_->thread.joinable()) return;
  shared_->ending = true;
  shared_->changed.notify_all();
  const bool hangs = shared_->phase == Shared::running;
  lock.unlock();
  if (hangs) {
    pin_this_file();
    shared_->thread.detach();
  } else {
    shared_->thread.join();
  }
}

bool StatfsProber::idle() const {
  const std::lock_guard lock(shared_->state);
  return shared_->phase != Shared::running && shared_->phase != Shared::asked;
}

void StatfsProber::run(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->state);
  for (;;) {
    shared->changed.wait(lock, [&] { return shared->ending || shared->phase == Shared::asked; });
    if (shared->ending) return;
    shared->phase = Shared::running;
    const std::string path = shared->path;
    lock.unlock();
    struct statvfs answer{};
    const int result = shared->function(path.c_str(), &answer);
    lock.lock();
    shared->result = result;
    shared->answer = answer;
    shared->phase = Shared::answered;
    shared->changed.notify_all();
  }
}

StatfsProber::Outcome StatfsProber::probe(const std::string& path, std::chrono::milliseconds patience, struct statvfs& out) {
  std::unique_lock lock(shared_->state);
  if (shared_->phase == Shared::asked || shared_->phase == Shared::running) return Outcome::stuck;
  if (!shared_->thread.joinable()) shared_->thread = std::thread([shared = shared_] { run(shared); });
  shared_->path = path;
  shared_->phase = Shared::asked;
  shared_->changed.notify_all();
  if (!shared_->changed.wait_for(lock, patience, [&] { return shared_->phase == Shared::answered; })) return Outcome::stuck;
  shared_->phase = Shared::waiting;
  out = shared_->answer;
  return shared_->result == 0 ? Outcome::done : Outcome::failed;
}

}  // namespace tarsier::node
