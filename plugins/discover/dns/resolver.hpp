// The thread that waits for the DNS, for all configurations: a server that does not answer holds no worker of the host.
#pragma once

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "plugins/discover/dns/lookup.hpp"

namespace tarsier::discover_dns {

class Resolver {
 public:
  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver() { stop(); }

  /// [ctl]
  Result<void> start();
  /// [ctl] What is under way ends with CANCELLED.
  void stop();
  /// [any] `done` is called on the resolver's thread; at once, with CANCELLED, when it does not run.
  void ask(Question question);

 private:
  void run();
  void take_new();
  void wait();
  void wake() const;

  std::mutex lock_;  // guards the next two
  std::vector<Question> waiting_;
  bool running_ = false;
  int wake_up_ = -1;                              // an eventfd
  std::vector<std::unique_ptr<Lookup>> lookups_;  // the thread's
  std::thread thread_;
};

}  // namespace tarsier::discover_dns
