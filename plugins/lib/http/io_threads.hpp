// The network threads: each runs one io_context of its own, so what belongs to a connection is touched by one thread only.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace tarsier::net {

class IoThreads {
 public:
  explicit IoThreads(unsigned count);
  /// Everything that used the threads has ended before.
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  /// [any] The threads in turn.
  boost::asio::io_context& next();
  size_t count() const noexcept { return loops_.size(); }
  boost::asio::io_context& at(size_t index);

 private:
  struct Loop;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::atomic<size_t> turn_{0};
};

}  // namespace tarsier::net
