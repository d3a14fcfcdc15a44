// Event: what a connection's one coroutine waits on: something happened, or a deadline passed. Only the files with coroutines
// include it.
#pragma once

#include <chrono>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tarsier::net {

using Moment = std::chrono::steady_clock::time_point;
inline Moment moment_now() { return std::chrono::steady_clock::now(); }
inline constexpr Moment kNever = Moment::max();

/// One waiter, on one network thread. The waiter looks at its state, then waits, then looks again: wake-ups without a cause do no
/// harm.
class Event {
 public:
  explicit Event(boost::asio::io_context& context) : timer_(context) {}
  void notify() { timer_.cancel(); }
  boost::asio::awaitable<void> wait_until(Moment deadline) {
    timer_.expires_at(deadline);
    co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

 private:
  boost::asio::steady_timer timer_;
};

/// A deadline that moves with progress: `grace`, and then the time that the bytes so far would have taken at the slowest allowed
/// rate.
class Pace {
 public:
  Pace(std::chrono::nanoseconds grace, uint64_t bytes_per_second)
      : start_(moment_now()), grace_(grace), bytes_per_second_(bytes_per_second == 0 ? 1 : bytes_per_second) {}
  void add(uint64_t bytes) noexcept { bytes_ += bytes; }
  Moment deadline() const noexcept {
    return start_ + grace_ + std::chrono::microseconds(static_cast<int64_t>(bytes_ * 1000000 / bytes_per_second_));
  }

 private:
  Moment start_;
  std::chrono::nanoseconds grace_;
  uint64_t bytes_per_second_;
  uint64_t bytes_ = 0;
};

}  // namespace tarsier::net
