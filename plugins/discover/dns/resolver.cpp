#include "plugins/discover/dns/resolver.hpp"

#include <algorithm>
#include <ares.h>
#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tarsier::discover_dns {
namespace {

void give_up(const Question& question) {
  std::vector<Result<Records>> answers(question.names.size(), Error(TARSIER_CANCELLED, "the resolver has stopped"));
  question.done(std::move(answers));
}

}  // namespace

Result<void> Resolver::start() {
  if (const int status = ares_library_init(ARES_LIB_INIT_ALL); status != ARES_SUCCESS)
    return Error::internal("c-ares cannot begin: " + std::string(ares_strerror(status)));
  wake_up_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_up_ < 0) {
    ares_library_cleanup();
    return Error(TARSIER_RESOURCE, "no eventfd: " + std::generic_category().message(errno));
  }
  running_ = true;
  thread_ = std::thread([this] { run(); });
  return {};
}

void Resolver::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard guard(lock_);
    running_ = false;
  }
  wake();
  thread_.join();
  ::close(std::exchange(wake_up_, -1));
  ares_library_cleanup();
}

void Resolver::ask(Question question) {
  {
    const std::lock_guard guard(lock_);
    if (running_) {
      waiting_.push_back(std::move(question));
      wake();
      return;
    }
  }
  give_up(question);
}

/// Under the lock, or from stop(): the descriptor is open then.
void Resolver::wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_up_, &one, sizeof(one));  // it fails only when it is awake already
}

void Resolver::run() {
  while (true) {
    {
      const std::lock_guard guard(lock_);
      if (!running_) break;
    }
    take_new();
    for (const auto& lookup : lookups_)
      if (lookup->finished()) lookup->report();
    std::erase_if(lookups_, [](const auto& lookup) { return lookup->finished(); });
    wait();
  }
  for (const auto& lookup : lookups_) {
    lookup->cancel(Error(TARSIER_CANCELLED, "the resolver has stopped"));
    lookup->report();
  }
  lookups_.clear();
  std::vector<Question> left;
  {
    const std::lock_guard guard(lock_);
    left.swap(waiting_);
  }
  for (const Question& question : left) give_up(question);
}

void Resolver::take_new() {
  std::vector<Question> fresh;
  {
    const std::lock_guard guard(lock_);
    fresh.swap(waiting_);
  }
  for (Question& question : fresh) {
    lookups_.push_back(std::make_unique<Lookup>(std::move(question)));
    lookups_.back()->begin();
  }
}

void Resolver::wait() {
  std::vector<pollfd> sockets = {{wake_up_, POLLIN, 0}};
  std::vector<size_t> ends;
  auto next = Clock::time_point::max();
  for (const auto& lookup : lookups_) {
    lookup->add_sockets(sockets);
    ends.push_back(sockets.size());
    next = std::min(next, lookup->next_time());
  }
  int timeout_ms = -1;
  if (!lookups_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    timeout_ms = static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
  }
  if (::poll(sockets.data(), sockets.size(), timeout_ms) < 0) {
    for (pollfd& socket : sockets) socket.revents = 0;  // a signal came
  }
  uint64_t ignored = 0;
  if (sockets[0].revents != 0) {
    [[maybe_unused]] const auto taken = ::read(wake_up_, &ignored, sizeof(ignored));
  }
  size_t begin = 1;
  for (size_t i = 0; i < lookups_.size(); begin = ends[i], ++i)
    lookups_[i]->process(std::span(sockets).subspan(begin, ends[i] - begin));
}

}  // namespace tarsier::discover_dns
