// A host for tests of plugins: keeps what is published, logged and registered; time, timers and HTTP answers are the test's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tarsier/batch.hpp"
#include "tarsier/host.hpp"
#include "tarsier/service/http.h"

namespace tarsier::fake {

struct Timer {
  bool periodic = false;
  int64_t interval_ns = 0, offset_ns = 0;
  std::string name;
  tarsier_job job{};
  bool cancelled = false;
  int64_t due_ns = 0;  // monotonic
};

struct FileWatch {
  std::string path;
  void* user = nullptr;
  void (*on_event)(void* user, tarsier_str path, uint32_t events) = nullptr;
  bool cancelled = false;
};

struct Call {
  std::string url;
  std::map<std::string, std::string> headers;
  int64_t timeout_ns = 0;
  uint64_t max_body_bytes = 0;
  uint32_t max_redirects = 0, flags = 0;
  tarsier_http_done_fn done = nullptr;
  void* user = nullptr;
  std::string body = {}, proxy = {};
  tarsier_status (*on_piece)(void*, const tarsier_http_client_response*, tarsier_bytes) = nullptr;  // of streams
  int64_t quiet_timeout_ns = 0;
  bool cancelled = false;
  std::map<std::string, std::string> tls = {};  // what is not ""
};

struct Route {
  std::string api, pattern, permission;
  tarsier_http_handler handler = nullptr;
  void* user = nullptr;
};

/// Required ones: each batch is owed a complete().
struct Subscriber {
  std::string topic;
  tarsier_subscribe_spec spec{};
  uint64_t owed = 0;
  bool ended = false;
};

struct Answer {
  uint32_t code = 0;
  std::string content_type, body;
  std::map<std::string, std::string> headers;  // as they are spelt
  std::map<std::string, std::string> trailers;
};

class FakeHost {
 public:
  FakeHost();
  const tarsier_host* raw() const { return &raw_; }

  // What the test sets.
  int64_t wall_ns = 1'000'000'000'000;
  int64_t mono_ns = 0;
  int32_t ready = 1;
  std::string build_json = "{}", config_toml;
  std::map<std::string, const void*> offered;                 // tables by service; HTTP stands for what is not here
  std::map<std::string, std::vector<std::string>> providers;  // instances by service
  std::deque<tarsier_status> publish_answers;                 // empty: OK
  std::deque<Error> store_failures;                           // what the store says of batches that were accepted; empty: OK
  tarsier_status request_answer = TARSIER_OK;
  int64_t answer_duration_ns = 0;            // of calls that are answered
  const tarsier_storage* storage = nullptr;  // a table that works with raw(); without one there is none that does

  // What the test looks at.
  std::vector<std::vector<uint64_t>> batches;  // aligned copies
  std::deque<Timer> timers;
  std::deque<FileWatch> watches;
  std::vector<Call> calls;
  std::deque<std::pair<FakeHost*, size_t>> call_handles;  // what those who cancel calls hold
  std::vector<Route> routes;
  std::deque<Subscriber> subscribers;  // get what is published
  std::vector<std::string> log;
  std::map<std::string, double> metrics;
  std::string health;

  batch::View batch(size_t index) const;
  /// One line a sample, sorted: `name{label=value} value @ms`, stale markers as "stale", start timestamps as "since ms".
  std::string batch_text(size_t index) const;
  std::string last_batch() const { return batches.empty() ? std::string("none") : batch_text(batches.size() - 1); }
  /// For plugins with threads of their own, which may publish, log and say how they are at any time: waits until `condition`,
  /// called under `lock`, holds.
  template <class Condition>
  bool eventually(Condition&& condition) {
    std::unique_lock guard(lock);
    return changed.wait_for(guard, std::chrono::seconds(20), std::forward<Condition>(condition));
  }
  std::recursive_mutex lock;
  std::condition_variable_any changed;

  /// Runs every timer that is not cancelled, once; one-shot timers only at their first time.
  void fire_timers();
  /// Runs the timers that are due, once, in the order in which they were made.
  void fire_due_timers();
  /// Runs what was posted, and what that posts, on this thread.
  void run_jobs();
  void post(const tarsier_job& job);
  /// Tells those who watch `path` that it has changed.
  void touch(std::string_view path);
  /// Answers the call of that number.
  void answer(size_t call, uint32_t code, std::string_view content_type, std::string_view body);
  void answer(size_t call, uint32_t code, const std::map<std::string, std::string>& headers, std::string_view body);
  void fail(size_t call, tarsier_status status, std::string_view message);
  /// Hands a piece to a stream, and ends it when it does not take that; an empty one tells the head.
  tarsier_status piece(size_t call, uint32_t code, std::string_view piece);
  /// Asks a route; `query` without '?'.
  Answer ask(std::string_view pattern, std::string_view query = "", const std::map<std::string, std::string>& headers = {}) const;
  Answer post(std::string_view pattern, const std::map<std::string, std::string>& headers, std::string_view body) const;

 private:
  Answer call(std::string_view pattern, tarsier_http_request request, const std::map<std::string, std::string>& headers) const;
  tarsier_host raw_{};
  std::mutex jobs_mutex_;
  std::deque<tarsier_job> jobs_;
};

/// For members of fixtures: the host with its services looked up.
inline const Host& attached(Host& host) {
  if (!host.attach()) bug("the fake host lacks a service");
  return host;
}

}  // namespace tarsier::fake
