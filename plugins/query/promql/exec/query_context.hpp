// What one running query shares: its text, its store, its limits, its annotations. Used from several threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/promql/position.hpp"
#include "plugins/query/promql/exec/spread_counter.hpp"
#include "tarsier/result.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

class Explanation;
class SampleCounts;
class SharedResults;

struct Limits {
  int64_t timeout_ns = 120'000'000'000;
  uint64_t max_samples = 50'000'000;  // held in memory at once
  uint64_t max_series = 0;            // of one selector; 0: any
};

class QueryContext {
 public:
  std::string_view query;
  const tarsier_samples_store* store = nullptr;
  int64_t lookback_ns = 300'000'000'000;
  int64_t default_step_ns = 60'000'000'000;
  int64_t start_ns = 0, end_ns = 0, step_ns = 0;  // of the whole query; step 0: instant
  bool delayed_name_removal = true;
  bool start_timestamps = false;  // functions of counters look at them
  Limits limits;
  tarsier_cancel cancel{};
  std::function<int64_t()> mono_ns;
  int64_t deadline_ns = 0;                // monotonic; 0: none
  SampleCounts* sample_counts = nullptr;  // filled for who asks for statistics
  Explanation* explanation = nullptr;     // filled for who asks how the query was evaluated
  SharedResults* shared = nullptr;        // of nodes that say that they are

  bool instant() const noexcept { return step_ns == 0; }

  /// Whether the query may go on: CANCELLED, DEADLINE, or RESOURCE once a limit was passed.
  Result<void> check() const;
  /// The same as a flag that costs little, for loops.
  bool stopped() const noexcept;
  /// Whether a limit was passed or an error met: costs next to nothing, but knows nothing of cancelling and deadlines.
  bool broken() const noexcept { return too_many_.load(std::memory_order_relaxed) || failed_.load(std::memory_order_relaxed); }
  tarsier_cancel store_cancel() noexcept;
  /// What the store's answers lack becomes warnings.
  tarsier_warnings store_warnings() noexcept;

  /// Ends the query with an error that a callback of the store met; the first one counts.
  void fail(Error error);

  /// Samples come into memory; RESOURCE when there are too many.
  Result<void> hold(uint64_t samples);
  /// RESOURCE when so many more would be too many: to be asked before they are made.
  Result<void> room_for(uint64_t samples);
  /// Likewise, for who can do without them.
  bool has_room_for(uint64_t samples) const noexcept {
    const uint64_t held = held_.load(std::memory_order_relaxed);
    return held <= limits.max_samples && samples <= limits.max_samples - held;
  }
  void let_go(uint64_t samples) noexcept { held_.fetch_sub(samples, std::memory_order_relaxed); }

  // Each text once, with the position of the part of the query that met it first.
  void warn(std::string_view text, Position position) { annotate(warnings_, "PromQL warning: ", text, position); }
  void inform(std::string_view text, Position position) { annotate(infos_, "PromQL info: ", text, position); }
  void add_warning(std::string text);
  std::vector<std::string> warnings() const { return texts_of(warnings_); }
  std::vector<std::string> infos() const { return texts_of(infos_); }

  // Statistics.
  SpreadCounter samples_read;
  SpreadCounter series_read;
  uint64_t peak_samples() const noexcept { return peak_.load(std::memory_order_relaxed); }

 private:
  using Annotations = std::map<std::string, std::string>;  // by their texts without position
  static std::vector<std::string> texts_of(const Annotations& annotations);
  void annotate(Annotations& annotations, std::string_view prefix, std::string_view text, Position position);

  std::atomic<uint64_t> held_{0};
  std::atomic<uint64_t> peak_{0};
  std::atomic<bool> too_many_{false};
  std::atomic<bool> failed_{false};
  std::optional<Error> failure_;  // written once, before failed_
  std::mutex annotations_;
  Annotations warnings_, infos_;
};

/// Counts the samples of a value for as long as it lives.
class Held {
 public:
  Held() = default;
  Held(QueryContext* context, uint64_t samples) : context_(context), samples_(samples) {}
  Held(Held&& other) noexcept : context_(std::exchange(other.context_, nullptr)), samples_(other.samples_) {}
  Held& operator=(Held&& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(samples_, other.samples_);
    return *this;
  }
  ~Held() {
    if (context_) context_->let_go(samples_);
  }
  /// Whose limit it counts against; null: no one's.
  QueryContext* context() const noexcept { return context_; }

 private:
  QueryContext* context_ = nullptr;
  uint64_t samples_ = 0;
};

/// Counts what is being made of samples, in lumps: to ask for each would cost more than to make it. Gives all of it back at its
/// end: what was made is then counted as a whole.
class Growth {
 public:
  explicit Growth(QueryContext& context) : context_(context) {}
  Growth(const Growth&) = delete;
  Growth& operator=(const Growth&) = delete;
  ~Growth() { context_.let_go(held_); }
  /// RESOURCE when it is too much, or another reason to end the query; asked every few thousand samples.
  Result<void> add(uint64_t samples) {
    pending_ += samples;
    return pending_ < kLump ? Result<void>{} : hold();
  }

 private:
  static constexpr uint64_t kLump = 4096;
  Result<void> hold() {
    held_ += pending_;
    return context_.hold(std::exchange(pending_, 0));
  }

  QueryContext& context_;
  uint64_t held_ = 0;
  uint64_t pending_ = 0;
};

}  // namespace tarsier::promql
