// QueryGate: how many queries are at work at once, and whose turn is next. Clients take turns, so that one that sends a thousand
// queries does not keep another's one waiting behind them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::promql {

struct GateLimits {
  uint32_t max_concurrency = 20;
  uint32_t max_queued = 1000;                 // queries that wait; more are refused
  int64_t queue_timeout_ns = 60'000'000'000;  // a query waits no longer
};

class QueryGate {
 public:
  /// UNAVAILABLE: too many wait, or the gate was closed; DEADLINE: it waited too long. Otherwise the query has its place, and
  /// leave() must be called after it.
  using Turn = std::function<void(Result<void>)>;

  /// `mono_ns`: a clock that never goes back.
  QueryGate(GateLimits limits, std::function<int64_t()> mono_ns);
  ~QueryGate() { close(); }

  /// [any] Holds for who comes after it.
  void set_limits(const GateLimits& limits);
  GateLimits limits() const;

  /// [any] True: it has a place now, and `turn` is not called. Otherwise `turn` is called once: at once when it is refused, later
  /// on the thread that makes the place or notices that it is late, which it must not hold up.
  bool enter(std::string_view client, Turn turn);
  /// [any] Waits on this thread. `timeout_ns`: when that is shorter than the gate's.
  Result<void> enter_and_wait(std::string_view client, int64_t timeout_ns);
  /// [any] Gives the place to who is next.
  void leave();

  /// [any] Refuses who has waited too long; the time at which to come again, 0 while nobody waits.
  int64_t refuse_late();
  /// [any] Called with the time at which to call refuse_late(), when somebody begins to wait; set before the first enter().
  void on_waiting(std::function<void(int64_t mono_ns)> call) { waiting_ = std::move(call); }
  /// [any] Refuses all that wait and that come.
  void close();

  uint32_t running() const;
  uint32_t queued() const;

 private:
  struct Waiting {
    Turn turn;
    int64_t until_ns;
  };
  struct Client {
    std::deque<Waiting> queries;
    uint64_t round = 0;  // of its next turn: the client of the lowest is next
  };

  void add(std::string_view client, Waiting waiting);
  /// Those that may begin now, by gate_.
  std::deque<Turn> take_next();

  mutable std::mutex gate_;
  GateLimits limits_;                      // by gate_
  std::map<std::string, Client> clients_;  // by gate_; those that have something waiting
  uint64_t round_ = 0;                     // by gate_; of the last turn
  uint32_t running_ = 0, queued_ = 0;      // by gate_
  bool closed_ = false;                    // by gate_
  std::function<int64_t()> mono_ns_;
  std::function<void(int64_t)> waiting_;
};

}  // namespace tarsier::promql
