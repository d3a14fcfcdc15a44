#include "plugins/query/promql/exec/query_gate.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace tarsier::promql {
namespace {

Error late() { return {TARSIER_DEADLINE, "query timed out in query queue"}; }
Error closed() { return Error::unavailable("queries are not taken any more: this part is being stopped"); }

}  // namespace

QueryGate::QueryGate(GateLimits limits, std::function<int64_t()> mono_ns) : limits_(limits), mono_ns_(std::move(mono_ns)) {}

GateLimits QueryGate::limits() const {
  const std::lock_guard lock(gate_);
  return limits_;
}

uint32_t QueryGate::running() const {
  const std::lock_guard lock(gate_);
  return running_;
}

uint32_t QueryGate::queued() const {
  const std::lock_guard lock(gate_);
  return queued_;
}

void QueryGate::set_limits(const GateLimits& limits) {
  std::deque<Turn> next;
  {
    const std::lock_guard lock(gate_);
    limits_ = limits;
    next = take_next();
  }
  for (Turn& turn : next) turn({});
}

bool QueryGate::enter(std::string_view client, Turn turn) {
  std::optional<Error> refused;
  int64_t until_ns = 0;
  {
    const std::lock_guard lock(gate_);
    if (closed_) {
      refused = closed();
    } else if (running_ < limits_.max_concurrency) {  // then nobody waits
      ++running_;
      return true;
    } else if (queued_ >= limits_.max_queued) {
      refused = Error::unavailable("too many queries: " + std::to_string(running_) + " are at work and " + std::to_string(queued_) +
                                   " wait (max_concurrency, max_queued)");
    } else {
      until_ns = mono_ns_() + limits_.queue_timeout_ns;
      add(client, {std::move(turn), until_ns});
    }
  }
  if (refused) {
    turn(std::move(*refused));
  } else if (waiting_) {
    waiting_(until_ns);
  }
  return false;
}

/// A client that comes anew has its turn after the one that is served now, not before those that wait already.
void QueryGate::add(std::string_view client, Waiting waiting) {
  const auto [place, fresh] = clients_.try_emplace(std::string(client));
  if (fresh) place->second.round = round_ + 1;
  place->second.queries.push_back(std::move(waiting));
  ++queued_;
}

std::deque<QueryGate::Turn> QueryGate::take_next() {
  std::deque<Turn> next;
  while (running_ < limits_.max_concurrency && !clients_.empty()) {
    const auto first = std::min_element(clients_.begin(), clients_.end(),
                                        [](const auto& a, const auto& b) { return a.second.round < b.second.round; });
    Client& client = first->second;
    round_ = client.round++;
    next.push_back(std::move(client.queries.front().turn));
    client.queries.pop_front();
    if (client.queries.empty()) clients_.erase(first);
    --queued_;
    ++running_;
  }
  return next;
}

void QueryGate::leave() {
  std::deque<Turn> next;
  {
    const std::lock_guard lock(gate_);
    --running_;
    next = take_next();
  }
  for (Turn& turn : next) turn({});
}

int64_t QueryGate::refuse_late() {
  std::vector<Turn> refused;
  int64_t next_ns = 0;
  {
    const std::lock_guard lock(gate_);
    const int64_t now_ns = mono_ns_();
    for (auto client = clients_.begin(); client != clients_.end();) {
      auto& queries = client->second.queries;
      for (auto query = queries.begin(); query != queries.end();) {
        if (query->until_ns > now_ns) {
          next_ns = next_ns == 0 ? query->until_ns : std::min(next_ns, query->until_ns);
          ++query;
          continue;
        }
        refused.push_back(std::move(query->turn));
        query = queries.erase(query);
        --queued_;
      }
      client = queries.empty() ? clients_.erase(client) : std::next(client);
    }
  }
  for (Turn& turn : refused) turn(late());
  return next_ns;
}

void QueryGate::close() {
  std::vector<Turn> refused;
  {
    const std::lock_guard lock(gate_);
    closed_ = true;
    for (auto& [name, client] : clients_)
      for (Waiting& waiting : client.queries) refused.push_back(std::move(waiting.turn));
    clients_.clear();
    queued_ = 0;
  }
  for (Turn& turn : refused) turn(closed());
}

Result<void> QueryGate::enter_and_wait(std::string_view client, int64_t timeout_ns) {
  struct Told {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Result<void>> outcome;
    bool gone = false;  // nobody waits for it any more
  };
  const auto told = std::make_shared<Told>();
  const bool has_place = enter(client, [this, told](Result<void> outcome) {
    bool unwanted = false;
    {
      const std::lock_guard lock(told->mutex);
      unwanted = told->gone && outcome.ok();
      told->outcome = std::move(outcome);
    }
    told->changed.notify_one();
    if (unwanted) leave();
  });
  if (has_place) return {};
  std::unique_lock lock(told->mutex);
  const int64_t wait_ns = std::min(timeout_ns, limits().queue_timeout_ns);
  if (told->changed.wait_for(lock, std::chrono::nanoseconds(wait_ns), [&] { return told->outcome.has_value(); }))
    return std::move(*told->outcome);
  told->gone = true;
  return late();
}

}  // namespace tarsier::promql
