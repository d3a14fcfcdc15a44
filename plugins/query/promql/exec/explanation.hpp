// How a query was evaluated, for who asks: a tree of its parts with what each read, made and took. A query that nobody wants
// explained has no explanation, and pays one test a node for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/promql/ast.hpp"
#include "plugins/query/promql/exec/sample_counts.hpp"
#include "plugins/query/promql/exec/window.hpp"

namespace tarsier::promql {

/// One call of the store. It is counted by several threads.
struct ExplainedSelect {
  std::string matchers;              // {job="node",__name__="up"}
  int64_t start_ns = 0, end_ns = 0;  // what was asked for
  std::string function;              // that the store was told of
  std::atomic<uint64_t> series{0}, samples{0};
  std::atomic<uint64_t> histogram_series{0}, summed_series{0};
  std::atomic<int64_t> tier_ns{0};  // of the widest summaries that came
};

struct ExplainedNode {
  std::string expression;  // as it stands in the query
  ValueType type = ValueType::kNone;
  std::string how;
  bool once = false;  // the same at every step: evaluated at one
  uint64_t steps = 0, series = 0;
  uint64_t samples = 0;  // read by it and by what is below it
  int64_t total_ns = 0;  // with what is below it
  std::vector<std::unique_ptr<ExplainedSelect>> selects;
  std::vector<std::unique_ptr<ExplainedNode>> children;

  int64_t own_ns() const noexcept;
};

/// Filled while the query runs, on its thread.
class Explanation {
 public:
  static constexpr size_t kMostNodes = 10'000;
  static constexpr size_t kMostText = 1'000;

  /// The node of the whole query; null when nothing of it needed evaluation, as of a number.
  const ExplainedNode* root() const noexcept { return root_.children.empty() ? nullptr : root_.children.front().get(); }
  /// Parts beyond kMostNodes, which are not shown.
  uint64_t omitted() const noexcept { return omitted_; }

 private:
  friend class ExplainScope;
  friend class SelectProbe;

  ExplainedNode root_;
  std::vector<ExplainedNode*> path_{&root_};  // from the root to the node that is being evaluated
  size_t nodes_ = 0;
  uint64_t omitted_ = 0;
};

/// The evaluation of one node, from here to the end of the block.
class ExplainScope {
 public:
  ExplainScope(const QueryContext& context, const Node& node, uint64_t steps, bool once);
  ExplainScope(const ExplainScope&) = delete;
  ExplainScope& operator=(const ExplainScope&) = delete;
  ~ExplainScope();
  void made(uint64_t series) noexcept {
    if (mine_ != nullptr) mine_->series = series;
  }
  /// Adds to what is said of how it is evaluated.
  void note(std::string_view text) {
    if (mine_ != nullptr) mine_->how.append("; ").append(text);
  }
  /// What was begun came to nothing, and is begun anew in another way: it is not shown, but its parent says why.
  void give_up(std::string_view why);

 private:
  void enter(const Node& node, uint64_t steps, bool once);

  const QueryContext& context_;
  ExplainedNode* mine_ = nullptr;
  uint64_t samples_before_ = 0;
  int64_t begun_ns_ = 0;
};

/// Looks on while the store brings the series of a selector.
class SelectProbe {
 public:
  /// `newest_only`: of each window.
  SelectProbe(const QueryContext& context, const tarsier_select& request, const WindowPlan& plan, bool newest_only);
  /// [any]
  void saw(const tarsier_series& series) const {
    if (counts_ != nullptr) counts_->add(plan_, newest_only_, series);
    if (select_ != nullptr) look(series);
  }

 private:
  void look(const tarsier_series& series) const noexcept;

  const WindowPlan& plan_;
  const bool newest_only_;
  SampleCounts* const counts_;
  ExplainedSelect* select_ = nullptr;
};

/// {job="node",__name__=~"up|down"}
std::string write_matchers(const tarsier_matcher* matchers, size_t count);

}  // namespace tarsier::promql
