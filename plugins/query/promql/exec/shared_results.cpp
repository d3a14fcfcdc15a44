#include "plugins/query/promql/exec/shared_results.hpp"

#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/explanation.hpp"

namespace tarsier::promql {
namespace {

/// A copy that is kept takes a fourth of the room that is left at most: what is evaluated meanwhile needs the rest.
constexpr uint64_t kSpare = 4;

/// Its own series, counted against the limit; nothing when there is no room for them `spare` times.
Result<std::optional<Vector>> copy_of(QueryContext& context, const Vector& original, uint64_t spare) {
  const uint64_t samples = samples_of(original.series);
  if (!context.has_room_for(samples * spare)) return std::optional<Vector>();
  auto held = context.hold(samples);
  Vector copy = {{}, Held(&context, samples)};
  if (!held) return std::move(held).error();
  copy.series = original.series;
  return std::optional<Vector>(std::move(copy));
}

}  // namespace

SharedResults::SharedResults(std::vector<uint32_t> places) {
  parts_.reserve(places.size());
  for (const uint32_t count : places) parts_.push_back({count, count, {}, {}, {}});
}

Result<std::optional<Vector>> SharedResults::take(QueryContext& context, uint32_t number, const Grid& grid) {
  Part& part = parts_[number - 1];
  if (part.left > 0) --part.left;
  if (!part.result || part.grid != grid) return std::optional<Vector>();
  SampleCounts* const counts = context.sample_counts;
  if (counts != nullptr && counts->per_step().size() != part.counts->per_step().size()) return std::optional<Vector>();
  auto taken = part.left > 0 ? copy_of(context, *part.result, 1) : Result(std::exchange(part.result, std::nullopt));
  if (taken && *taken && counts != nullptr) counts->add(*part.counts);
  return taken;
}

Result<bool> SharedResults::keep(QueryContext& context, uint32_t number, const Grid& grid, const Vector& result,
                                 std::unique_ptr<SampleCounts> counts) {
  Part& part = parts_[number - 1];
  if (part.left == 0) return false;
  auto copy = copy_of(context, result, kSpare);
  if (!copy) return std::move(copy).error();
  if (!*copy) return false;
  part.grid = grid;
  part.result = std::move(*copy);
  part.counts = std::move(counts);
  return true;
}

Result<Vector> Evaluator::shared_vector(const Node& node) {
  SharedResults& shared = *context_.shared;
  auto known = shared.take(context_, node.shared, grid_);
  if (!known) return std::move(known).error();
  if (*known) return std::move(**known);
  ExplainScope scope(context_, node, steps_, !at_each_step(node));
  CountsApart counts(context_);
  auto result = at_each_step(node) ? vector_at_steps(node) : vector_once(node);
  if (!result) return result;
  scope.made(result->series.size());
  auto kept = shared.keep(context_, node.shared, grid_, *result, counts.take());
  if (!kept) return std::move(kept).error();
  if (*kept) scope.note("shared by " + std::to_string(shared.places(node.shared)) + " places of the query, evaluated once");
  return result;
}

}  // namespace tarsier::promql
