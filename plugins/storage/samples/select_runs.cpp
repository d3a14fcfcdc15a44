#include "select_runs.hpp"

#include <algorithm>
#include <exception>

#include "series_view.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kSeriesBetweenQuestions = 16;
constexpr uint64_t kManySamples = 10'000;

/// How many series one call reads: about as many as share a block of samples, but enough calls to keep all threads busy.
uint64_t series_per_run(uint64_t series) {
  constexpr uint64_t kRuns = 8;
  return std::clamp<uint64_t>(series / kRuns, 256, 1024);
}

uint64_t parts(uint64_t whole, uint64_t part) { return (whole + part - 1) / part; }

}  // namespace

SelectRuns::SelectRuns(const Query& query, Limits limits, std::function<bool(const tarsier_series&)> use)
    : query_(query), limits_(std::move(limits)), use_(std::move(use)), per_run_(series_per_run(query.series().size())) {}

void SelectRuns::fail(Error error) {
  const std::scoped_lock lock(mutex_);
  if (outcome_.ok()) outcome_ = std::move(error);
  ended_ = true;
}

/// False when the query has to end. Costs more than to read a short series: for several together.
bool SelectRuns::count(uint64_t samples) {
  if (limits_.cancelled && limits_.cancelled()) {
    fail({TARSIER_CANCELLED, "the query was cancelled"});
  } else if (const uint64_t total = samples_.fetch_add(samples) + samples;
             limits_.max_samples != 0 && total > limits_.max_samples) {
    fail({TARSIER_RESOURCE, "the query reads more than " + std::to_string(limits_.max_samples) + " samples"});
  }
  return !ended();
}

/// Calls for 0 .. count - 1, in parallel, unless it has ended.
void SelectRuns::each(uint64_t count, const ParallelFor& parallel_for, const std::function<Result<void>(uint64_t)>& call) {
  const auto guarded = [&](uint64_t number) {
    if (ended()) return;
    try {
      if (auto done = call(number); !done) fail(std::move(done).error());
    } catch (const std::exception& thrown) {
      fail(Error::internal(std::string("samples store: ") + thrown.what()));
    }
  };
  if (count == 1) {
    guarded(0);
  } else if (count > 1) {
    parallel_for(count, guarded);
  }
}

Result<void> SelectRuns::read(const ParallelFor& parallel_for) {
  const auto entries = query_.series();
  // Whole runs, so that a run's number does not depend on passes.
  const size_t per_pass = limits_.series_per_pass == 0 ? entries.size() : parts(limits_.series_per_pass, per_run_) * per_run_;
  for (size_t first = 0; first < entries.size() && !ended(); first += per_pass) {
    Pass pass = {entries.subspan(first, std::min(per_pass, entries.size() - first)), first / per_run_, {}};
    if (limits_.series_per_pass != 0) read_head_parts(pass, parallel_for);
    each(parts(pass.entries.size(), per_run_), parallel_for, [&](uint64_t number) { return run(pass, number); });
  }
  const std::scoped_lock lock(mutex_);
  return outcome_;
}

void SelectRuns::read_head_parts(Pass& pass, const ParallelFor& parallel_for) {
  const std::vector<uint32_t> order = query_.head_order(pass.entries);
  const uint64_t runs = parts(order.size(), per_run_);
  pass.head_parts.resize(pass.entries.size());
  head_columns_.resize(std::max<size_t>(head_columns_.size(), runs));
  each(runs, parallel_for, [&](uint64_t number) -> Result<void> {
    Query::Reader reader(query_);
    const uint64_t past = std::min<uint64_t>(order.size(), (number + 1) * per_run_);
    Columns& columns = head_columns_[number];
    columns.clear();
    columns.reserve((past - number * per_run_) * query_.samples_in_segments());
    for (uint64_t i = number * per_run_; i < past; ++i) {
      auto part = reader.read_head_part(pass.entries[order[i]], columns);
      if (!part) return std::move(part).error();
      pass.head_parts[order[i]] = *part;
      if (i % kSeriesBetweenQuestions == 0 && !count(0)) return {};
    }
    return {};
  });
}

Result<void> SelectRuns::read_some(const Pass& pass, uint64_t first, Query::Reader& reader, std::span<Query::Samples> out) const {
  if (pass.head_parts.empty()) return reader.read(pass.entries.subspan(first, out.size()), out);
  for (size_t i = 0; i < out.size(); ++i) {
    if (auto done = reader.read(pass.entries[first + i], pass.head_parts[first + i], out[i]); !done) return done;
  }
  return {};
}

Result<void> SelectRuns::run(const Pass& pass, uint64_t number) {
  Query::Reader reader(query_);
  SeriesView view;
  std::vector<Query::Samples> samples(query_.series_at_once());
  const uint64_t end = std::min<uint64_t>(pass.entries.size(), (number + 1) * per_run_);
  uint64_t read = 0, since_asked = 0;
  for (uint64_t first = number * per_run_; first < end && !ended(); first += samples.size()) {
    const size_t some = std::min<uint64_t>(samples.size(), end - first);
    if (auto done = read_some(pass, first, reader, std::span(samples).first(some)); !done) return done;
    for (size_t i = 0; i < some; ++i) {
      const auto& [columns, tier_ns] = samples[i];
      read += columns.size();
      if (++since_asked == kSeriesBetweenQuestions || read > kManySamples) {
        if (!count(std::exchange(read, 0))) return {};
        since_asked = 0;
      }
      const Query::Entry& entry = pass.entries[first + i];
      if (columns.empty() || use_(view.fill(query_, entry, columns, tier_ns, pass.first_run + number))) continue;
      ended_ = true;
      return {};
    }
  }
  (void)count(read);
  return {};
}

}  // namespace tarsier::samples
