// IoThreads: io_contexts with one thread each. Signals are left to the host's own loop: all are blocked here.
#include "plugins/lib/http/io_threads.hpp"

#include <algorithm>
#include <pthread.h>
#include <signal.h>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace tarsier::net {

struct IoThreads::Loop {
  Loop() : context(1), work(context.get_executor()) {
    // The mask is inherited, so there is no moment in which the new thread could take a signal.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = std::thread([this] { context.run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(thread.native_handle(), "tarsier-net");
  }
  ~Loop() {
    work.reset();
    context.stop();
    thread.join();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  std::thread thread;
};

IoThreads::IoThreads(unsigned count) {
  for (unsigned i = 0; i < std::max(count, 1U); ++i) loops_.push_back(std::make_unique<Loop>());
}

IoThreads::~IoThreads() = default;

boost::asio::io_context& IoThreads::at(size_t index) { return loops_[index]->context; }

boost::asio::io_context& IoThreads::next() { return at(turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size()); }

}  // namespace tarsier::net
