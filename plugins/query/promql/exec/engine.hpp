// The engine: from the text of a query to its answer, within the limits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/promql/ast.hpp"
#include "plugins/query/promql/exec/memory_return.hpp"
#include "plugins/query/promql/exec/query_context.hpp"
#include "plugins/query/promql/exec/query_gate.hpp"
#include "plugins/query/promql/exec/value.hpp"

namespace tarsier::promql {

struct EngineOptions {
  Limits limits;
  GateLimits gate;
  int64_t lookback_ns = 300'000'000'000;
  int64_t default_step_ns = 60'000'000'000;
  bool delayed_name_removal = false;
  bool experimental_functions = true;
  bool use_start_timestamps = false;
  bool share_common_parts = true;  // false: for who wants to see that it makes no difference
};

struct QueryRequest {
  std::string_view expression;
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  int64_t step_ns = 0;                // 0: an instant query at start_ns
  std::optional<int64_t> timeout_ns;  // none: the engine's; never longer than that
  int64_t lookback_ns = 0;            // 0: the engine's
  uint64_t limit = 0;                 // of series in the answer; 0: all
  tarsier_cancel cancel{};
  std::string_view client;             // whose turn it takes; "": the host's own
  bool has_place = false;              // it has entered the gate already, and leaves it by itself
  int64_t queue_ns = 0;                // how long it waited for that
  bool count_samples = false;          // samples_per_step of the answer is wanted
  Explanation* explanation = nullptr;  // filled when it is given
};

struct QueryAnswer {
  ValueType type = ValueType::kNone;
  Column scalar;  // one value a step
  std::string string;
  std::vector<Series> series;     // vectors: at one step or, of a range query, at all
  std::vector<RawSeries> matrix;  // of an instant query for a range vector
  Held held;                      // what the answer itself holds
  bool range = false;             // of a range query: shown as a matrix
  int64_t start_ns = 0, step_ns = 0;
  std::vector<std::string> warnings, infos;
  uint64_t samples_read = 0, peak_samples = 0, series_read = 0;
  std::vector<uint64_t> samples_per_step;  // that its windows look at
  int64_t prepare_ns = 0, queue_ns = 0, eval_ns = 0, sort_ns = 0;
  int64_t total_ns = 0;    // without the wait
  int64_t timeout_ns = 0;  // that the query had
};

/// What is told of every query that began.
struct FinishedQuery {
  const QueryRequest* request;
  int64_t total_ns;  // with the wait
  int64_t queue_ns;
  uint64_t samples_read, series_read;
  const Error* error;  // null: it was answered
};

class Engine {
 public:
  /// `mono_ns`: a clock that never goes back.
  Engine(const EngineOptions& options, std::function<int64_t()> mono_ns);

  EngineOptions options() const {
    const std::lock_guard lock(gate_);
    return options_;
  }
  /// Holds for queries that begin after it.
  void set_options(const EngineOptions& options) {
    {
      const std::lock_guard lock(gate_);
      options_ = options;
    }
    queue_.set_limits(options.gate);
  }

  /// INVALID: the query cannot be read; DEADLINE, CANCELLED, RESOURCE, or UNSUPPORTED: it failed while it ran. An answer has its
  /// memory, and its place in the gate unless the request came with one, for as long as it lives, which must not be longer than the
  /// engine. It needs nothing of the request.
  Result<std::shared_ptr<const QueryAnswer>> query(const tarsier_samples_store& store, const QueryRequest& request);
  /// Likewise; `look` is called with the answer, if there is one.
  Result<void> query(const tarsier_samples_store& store, const QueryRequest& request,
                     const std::function<void(const QueryAnswer&)>& look);

  /// Where queries wait for their turn.
  QueryGate& gate() noexcept { return queue_; }
  /// [any] Called after every query; to be set before the first one.
  void on_finished(std::function<void(const FinishedQuery&)> call) { finished_ = std::move(call); }

 private:
  struct Running;
  Result<void> run(Running& running, const Node& tree, const QueryRequest& request, int64_t begun_ns);
  Result<QueryAnswer> evaluate(QueryContext& context, const Node& tree, const QueryRequest& request);

  std::function<int64_t()> mono_ns_;
  mutable std::mutex gate_;
  EngineOptions options_;  // by gate_
  QueryGate queue_;
  MemoryReturn memory_return_;
  std::function<void(const FinishedQuery&)> finished_;
};

}  // namespace tarsier::promql
