// Turns: requests for queries wait for their place in the engine's gate without holding a worker.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

#include "plugins/query/promql/exec/query_gate.hpp"
#include "tarsier/host.hpp"
#include "tarsier/http.hpp"
#include "tarsier/scheduler.hpp"

namespace tarsier::promql {

/// Whose turn it is, and how long that took.
struct Turn {
  std::string_view client;  // its address, part of the request
  int64_t waited_ns = 0;
  std::shared_ptr<void> place{};  // the turn lasts as long as somebody has this; to be let go on a worker, outside of locks
};

class Turns {
 public:
  using Handler = std::function<void(const http::Request&, const http::Exchange&, const Turn&)>;

  Turns(const Host& host, QueryGate& gate);
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  ~Turns();

  /// Calls `handler` once the request has a place, now or later on another worker, or refuses it.
  void take(const http::Request& request, const http::Exchange& exchange, const Handler& handler);

 private:
  class Place;

  void begin(const std::shared_ptr<Place>& place, const Handler& handler, const Turn& turn);
  void wake_at(int64_t mono_ns);
  void refuse_late();

  const Host& host_;
  QueryGate& gate_;
  std::mutex timer_mutex_;
  Timer timer_;              // by timer_mutex_
  int64_t timer_at_ns_ = 0;  // by timer_mutex_; 0: none is set
};

/// "127.0.0.1" of "127.0.0.1:43512", "[::1]" of "[::1]:80"
std::string_view address_of(std::string_view remote);

}  // namespace tarsier::promql
