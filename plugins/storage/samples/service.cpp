#include "service.hpp"

#include <atomic>
#include <exception>
#include <tuple>

#include "exemplar_answer.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kSeriesBetweenQuestions = 16;
constexpr uint64_t kManySamples = 10'000;

/// How many series one call reads: about as many as share a block of samples, but enough calls to keep all threads busy.
uint64_t series_per_run(uint64_t series) {
  constexpr uint64_t kRuns = 8;
  return std::clamp<uint64_t>(series / kRuns, 256, 1024);
}

/// An exception must not cross into the caller's plugin.
template <class Body>
tarsier_status guard(tarsier_error* error, Body&& body) noexcept {
  try {
    return Result<void>(body()).to_c(error);
  } catch (const std::exception& thrown) {
    return Error::internal(std::string("samples store: ") + thrown.what()).to_c(error);
  }
}

Result<std::vector<Matcher>> compile(const tarsier_select& select) {
  std::vector<Matcher> matchers;
  for (uint32_t i = 0; i < select.matcher_count; ++i) {
    const tarsier_matcher& raw = select.matchers[i];
    auto compiled = Matcher::compile(raw.op, view(raw.name), view(raw.value));
    if (!compiled) return std::move(compiled).error();
    matchers.push_back(std::move(*compiled));
  }
  return matchers;
}

std::function<bool()> cancel_of(const tarsier_select& select) {
  if (select.cancel.cancelled == nullptr) return {};
  return [cancel = select.cancel] { return cancel.cancelled(cancel.user) != 0; };
}

/// Says what the answer lacks.
void warn(const tarsier_select& select, const std::vector<std::string>& warnings) {
  if (!TARSIER_HAS(&select, warnings) || select.warnings.warn == nullptr) return;
  for (const std::string& text : warnings) select.warnings.warn(select.warnings.user, str(text));
}
void warn(const Store& store, const tarsier_select& select) { warn(select, store.warnings({select.start_ns, select.end_ns})); }

/// Label pairs and columns as the table wants them; valid while both are.
class SeriesView {
 public:
  const tarsier_series& fill(const Query& query, const Query::Entry& entry, const Columns& columns, int64_t tier_ns = 0,
                             uint64_t run = 0) {
    labels_.clear();
    query.labels(entry, labels_);
    fill(entry.id, labels_);
    series_.run = run;
    series_.sample_count = columns.size();
    series_.times_ns = columns.times.data();
    series_.values = columns.values.data();
    if (!columns.starts.empty()) series_.starts_ns = columns.starts.data();
    if (!columns.histogram_offsets.empty()) {
      series_.histogram_offsets = columns.histogram_offsets.data();
      series_.histogram_bytes = columns.histogram_bytes.data();
    }
    if (tier_ns != 0) add_summaries(columns, tier_ns);
    return series_;
  }
  /// Without samples.
  const tarsier_series& fill(uint64_t id, Labels labels) {
    pairs_.clear();
    for (const auto& [name, value] : labels) pairs_.push_back({str(name), str(value)});
    series_ = {};
    series_.size = sizeof(series_);
    series_.label_count = static_cast<uint32_t>(pairs_.size());
    series_.labels = pairs_.data();
    series_.series_id = id;
    return series_;
  }

 private:
  void add_summaries(const Columns& columns, int64_t tier_ns) {
    series_.tier_ns = tier_ns;
    for (const auto& [member, column, out] :
         {std::tuple{&Summary::count, &counts_, &series_.counts}, std::tuple{&Summary::sum, &sums_, &series_.sums},
          std::tuple{&Summary::min, &mins_, &series_.mins}, std::tuple{&Summary::max, &maxs_, &series_.maxs},
          std::tuple{&Summary::drop, &drops_, &series_.drops}}) {
      column->clear();
      for (const Summary& summary : columns.summaries) column->push_back(summary.*member);
      *out = column->data();
    }
  }

  std::vector<Label> labels_;
  std::vector<tarsier_pair> pairs_;
  std::vector<double> counts_, sums_, mins_, maxs_, drops_;  // of summaries
  tarsier_series series_{};
};

/// One select while its runs are read in parallel: who ends first decides how it ends.
class Progress {
 public:
  Progress(const tarsier_select& select, std::function<bool()> cancelled)
      : most_(select.max_samples), cancelled_(std::move(cancelled)) {}

  bool ended() const noexcept { return ended_.load(std::memory_order_relaxed); }
  void stop() noexcept { ended_ = true; }
  void fail(Error error) {
    const std::scoped_lock lock(outcome_mutex_);
    if (outcome_.ok()) outcome_ = std::move(error);
    ended_ = true;
  }
  /// False when the query has to end. Costs more than to read a short series: for several together.
  bool count(uint64_t samples) {
    if (cancelled_ && cancelled_()) {
      fail({TARSIER_CANCELLED, "the query was cancelled"});
    } else if (const uint64_t total = samples_.fetch_add(samples) + samples; most_ != 0 && total > most_) {
      fail({TARSIER_RESOURCE, "the query reads more than " + std::to_string(most_) + " samples"});
    }
    return !ended();
  }
  Result<void> outcome() {
    const std::scoped_lock lock(outcome_mutex_);
    return outcome_;
  }

 private:
  const uint64_t most_;
  const std::function<bool()> cancelled_;
  std::atomic<uint64_t> samples_{0};
  std::atomic<bool> ended_{false};
  std::mutex outcome_mutex_;
  Result<void> outcome_;
};

template <class Each>
Result<void> each_text(const Result<std::vector<std::string>>& texts, Each&& each) {
  if (!texts) return texts.error();
  for (const std::string& text : *texts) each(str(text));
  return {};
}

StoreService& self_of(void* self) { return *static_cast<StoreService*>(self); }

}  // namespace

Result<void> StoreService::select(const tarsier_select& select, void* user, OnSeries on_series) {
  store_.counters().selects.fetch_add(1, std::memory_order_relaxed);
  auto matchers = compile(select);
  if (!matchers) return std::move(matchers).error();
  auto cancelled = cancel_of(select);
  QueryRange range = {select.start_ns, select.end_ns, std::min(select.step_ns, select.range_ns)};
  range.newest_only = TARSIER_HAS(&select, flags) && (select.flags & TARSIER_SELECT_NEWEST) != 0;
  auto found = store_.find(*matchers, range, select.max_series, cancelled);
  if (!found) return std::move(found).error();
  const Query& query = **found;
  Progress progress(select, std::move(cancelled));
  const uint64_t per_run = series_per_run(query.series().size());
  const auto run = [&](uint64_t index) {
    if (progress.ended()) return;
    Query::Reader reader(query);
    SeriesView series_view;
    std::vector<Query::Samples> samples(query.series_at_once());
    const auto entries = query.series();
    const uint64_t end = std::min<uint64_t>(entries.size(), (index + 1) * per_run);
    uint64_t read = 0, since_asked = 0;
    for (uint64_t first = index * per_run; first < end && !progress.ended(); first += samples.size()) {
      const auto some = entries.subspan(first, std::min<uint64_t>(samples.size(), end - first));
      if (auto done = reader.read(some, samples); !done) return progress.fail(std::move(done).error());
      for (size_t i = 0; i < some.size(); ++i) {
        const auto& [columns, tier_ns] = samples[i];
        read += columns.size();
        if (++since_asked == kSeriesBetweenQuestions || read > kManySamples) {
          if (!progress.count(std::exchange(read, 0))) return;
          since_asked = 0;
        }
        if (!columns.empty() && on_series(user, &series_view.fill(query, some[i], columns, tier_ns, index)) == 0) {
          progress.stop();
          return;
        }
      }
    }
    (void)progress.count(read);
  };
  const uint64_t runs = (query.series().size() + per_run - 1) / per_run;
  const auto guarded = [&](uint64_t index) {
    try {
      run(index);
    } catch (const std::exception& thrown) {
      progress.fail(Error::internal(std::string("samples store: ") + thrown.what()));
    }
  };
  if (runs == 1) {
    guarded(0);
  } else if (runs > 1) {
    store_.parallel_for()(runs, guarded);
  }
  warn(store_, select);
  return progress.outcome();
}

Result<void> StoreService::series(const tarsier_select& select, uint64_t limit, void* user, OnSeries on_series) {
  auto matchers = compile(select);
  if (!matchers) return std::move(matchers).error();
  SeriesView series_view;
  uint64_t told = 0;
  const auto tell = [&](uint64_t id, Labels labels) -> Result<bool> {
    if (select.max_series != 0 && told++ == select.max_series)
      return Error{TARSIER_RESOURCE, "the query selects more than " + std::to_string(select.max_series) + " series"};
    return on_series(user, &series_view.fill(id, labels)) != 0;
  };
  auto listed = store_.list_series(*matchers, {select.start_ns, select.end_ns}, limit, cancel_of(select), tell);
  if (!listed) return listed;
  warn(store_, select);
  return {};
}

StoreService::StoreService(Store& store, std::function<int64_t()> now_ns) : store_(store), now_ns_(std::move(now_ns)), table_{} {
  table_.size = sizeof(table_);
  table_.self = this;
  table_.select = [](void* self, const tarsier_select* select, void* user, OnSeries on_series, tarsier_error* error) {
    return guard(error, [&] { return self_of(self).select(*select, user, on_series); });
  };
  table_.series = [](void* self, const tarsier_select* select, uint64_t limit, void* user, OnSeries on_series,
                     tarsier_error* error) {
    return guard(error, [&] { return self_of(self).series(*select, limit, user, on_series); });
  };
  table_.label_names = [](void* self, const tarsier_select* select, uint64_t limit, void* user, void (*each)(void*, tarsier_str),
                          tarsier_error* error) {
    return guard(error, [&]() -> Result<void> {
      auto matchers = compile(*select);
      if (!matchers) return std::move(matchers).error();
      const auto names = self_of(self).store_.label_names(*matchers, {select->start_ns, select->end_ns}, limit, cancel_of(*select));
      warn(self_of(self).store_, *select);
      return each_text(names, [&](tarsier_str name) { each(user, name); });
    });
  };
  table_.label_values = [](void* self, tarsier_str name, const tarsier_select* select, uint64_t limit, void* user,
                           void (*each)(void*, tarsier_str), tarsier_error* error) {
    return guard(error, [&]() -> Result<void> {
      auto matchers = compile(*select);
      if (!matchers) return std::move(matchers).error();
      const auto values =
          self_of(self).store_.label_values(view(name), *matchers, {select->start_ns, select->end_ns}, limit, cancel_of(*select));
      warn(self_of(self).store_, *select);
      return each_text(values, [&](tarsier_str value) { each(user, value); });
    });
  };
  table_.metadata = [](void* self, tarsier_str metric, uint64_t limit, void* user, void (*each)(void*, const tarsier_metadata*),
                       tarsier_error* error) {
    return guard(error, [&]() -> Result<void> {
      // Copied first: the caller may ask again from within `each`.
      std::vector<std::pair<std::string, Metadata>> found;
      self_of(self).store_.metadata().each(view(metric), [&](const std::string& name, const Metadata& metadata) {
        found.emplace_back(name, metadata);
        return limit == 0 || found.size() < limit;
      });
      for (const auto& [name, metadata] : found) {
        const tarsier_metadata out = {sizeof(out), metadata.type, str(name), str(metadata.help), str(metadata.unit)};
        each(user, &out);
      }
      return {};
    });
  };
  table_.stat = [](void* self, tarsier_store_stat* out, tarsier_error* error) {
    return guard(error, [&]() -> Result<void> {
      auto stat = self_of(self).store_.stat();
      if (!stat) return std::move(stat).error();
      out->series = stat->head.series;
      out->label_pairs = stat->head.label_pairs;
      out->chunks = stat->head.chunks + stat->partition_blocks;
      out->samples = stat->head.samples + stat->segment_samples + stat->partition_samples;
      for (const auto& [every, tier] : stat->tiers) out->samples += tier.summaries;
      out->bytes = stat->journal_bytes + stat->log_bytes + stat->segment_bytes + stat->partition_bytes + stat->tier_bytes;
      const bool empty = stat->min_time > stat->max_time;
      out->min_time_ns = empty ? 0 : stat->min_time;
      out->max_time_ns = empty ? 0 : stat->max_time;
      return {};
    });
  };
  fill_administration();
  fill_exemplars();
  fill_cardinality();
  fill_blocks();
  fill_retention();
}

void StoreService::fill_exemplars() {
  table_.exemplars = [](void* self, const tarsier_select* select, void* user, OnExemplars on_series, tarsier_error* error) {
    return guard(error, [&]() -> Result<void> {
      auto matchers = compile(*select);
      if (!matchers) return std::move(matchers).error();
      const Store& store = self_of(self).store_;
      auto answered = answer_exemplars(store.exemplars(), *matchers, *select, user, on_series);
      warn(*select, store.exemplar_warnings());
      return answered;
    });
  };
}

void StoreService::fill_cardinality() {
  table_.cardinality = [](void* self, uint64_t top, void* user, void (*each)(void*, const tarsier_cardinality*),
                          tarsier_error* error) {
    return guard(error, [&]() -> Result<void> {
      for (const CardinalityItem& item : self_of(self).store_.cardinality(top)) {
        const tarsier_cardinality out = {sizeof(out), item.kind, str(item.name), str(item.value), item.count};
        each(user, &out);
      }
      return {};
    });
  };
}

void StoreService::fill_blocks() {
  table_.blocks = [](void* self, void* user, void (*each)(void*, const tarsier_store_block*), tarsier_error* error) {
    return guard(error, [&]() -> Result<void> {
      for (const Block& block : self_of(self).store_.blocks()) {
        tarsier_store_block out{};
        out.size = sizeof(out);
        out.level = block.level;
        out.name = str(block.name);
        out.min_time_ns = block.min_time;
        out.max_time_ns = block.max_time;
        out.tier_ns = block.tier_ns;
        out.series = block.series;
        out.samples = block.samples;
        out.chunks = block.chunks;
        out.bytes = block.bytes;
        each(user, &out);
      }
      return {};
    });
  };
}

void StoreService::fill_retention() {
  table_.retention = [](void* self, tarsier_store_retention* out, tarsier_error* error) {
    return guard(error, [&]() -> Result<void> {
      const Options& options = self_of(self).store_.options();
      if (TARSIER_HAS(out, time_ns)) out->time_ns = options.retention_ns;
      if (TARSIER_HAS(out, bytes)) out->bytes = options.retention_bytes;
      return {};
    });
  };
}

void StoreService::fill_administration() {
  table_.delete_samples = [](void* self, const tarsier_select* select, tarsier_error* error) {
    return guard(error, [&] {
      std::vector<Condition> conditions;
      for (uint32_t i = 0; i < select->matcher_count; ++i) {
        const tarsier_matcher& raw = select->matchers[i];
        conditions.push_back({raw.op, std::string(view(raw.name)), std::string(view(raw.value))});
      }
      return self_of(self).store_.delete_samples(std::move(conditions), {select->start_ns, select->end_ns});
    });
  };
  table_.clean_deleted = [](void* self, tarsier_error* error) {
    return guard(error, [&] { return self_of(self).store_.clean_deleted(); });
  };
  table_.compact = [](void* self, tarsier_error* error) {
    return guard(error, [&] { return self_of(self).store_.compact(self_of(self).now_ns_()); });
  };
  table_.snapshot = [](void* self, uint32_t flags, void* user, void (*made)(void*, tarsier_str, tarsier_str),
                       tarsier_error* error) {
    return guard(error, [&]() -> Result<void> {
      auto snapshot = self_of(self).store_.snapshot(flags, self_of(self).now_ns_());
      if (!snapshot) return std::move(snapshot).error();
      made(user, str(snapshot->name), str(snapshot->directory));
      return {};
    });
  };
}

}  // namespace tarsier::samples
