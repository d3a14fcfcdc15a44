// What aggregations that fold series as the store brings them have in common. Each run of the store's series has a part of its own,
// so that threads do not meet; the parts are put together in the order of the runs, so that an answer does not depend on timing.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "plugins/lib/promql/ast.hpp"
#include "plugins/query/promql/exec/value.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

/// What is aggregated, where it is a selector or a range function of one, without anchors; otherwise there is no selector.
struct FoldedOperand {
  const VectorSelector* selector = nullptr;
  const CallNode* call = nullptr;  // null: the selector itself
  int64_t range_ns = 0;
};
FoldedOperand folded_operand(const Node& node);

/// What came of the series of one run.
class RunPart {
 public:
  virtual ~RunPart() = default;
  /// Takes `column`, of that series.
  virtual void add(const tarsier_series& series) = 0;

  Column column;             // of the series in hand
  uint64_t results = 0;      // series that had any
  std::string checked_name;  // check_counter() has seen it
};

class RunParts {
 public:
  virtual ~RunParts() = default;
  /// For the thread that has the run in hand.
  virtual RunPart& of(uint64_t run) = 0;
  /// Series that had any result; when all have come.
  virtual uint64_t results() const = 0;
};

/// Parts of one kind, each made of what all were given.
template <class Part, class Given>
class RunPartsOf : public RunParts {
 public:
  explicit RunPartsOf(Given& given) : given_(given) {}

  RunPart& of(uint64_t run) override {
    // One run has many series, so the lock is seldom needed.
    struct Last {
      uint64_t query, run;
      Part* part;
    };
    thread_local Last last{};
    if (last.query == query_ && last.run == run) return *last.part;
    const std::lock_guard lock(mutex_);
    last = {query_, run, &parts_.try_emplace(run, given_).first->second};
    return *last.part;
  }
  uint64_t results() const override {
    uint64_t sum = 0;
    for (const auto& [run, part] : parts_) sum += part.results;
    return sum;
  }
  /// When all series have come.
  std::map<uint64_t, Part>& parts() noexcept { return parts_; }

 private:
  static uint64_t next_query() noexcept {
    static std::atomic<uint64_t> last{0};
    return ++last;
  }

  Given& given_;
  const uint64_t query_ = next_query();  // of all there ever are
  std::mutex mutex_;
  std::map<uint64_t, Part> parts_;
};

}  // namespace tarsier::promql
