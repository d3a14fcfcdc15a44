#include "service.hpp"

#include <exception>

#include "exemplar_answer.hpp"
#include "select_runs.hpp"
#include "series_view.hpp"

namespace tarsier::samples {
namespace {

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
  SelectRuns runs(query, {select.max_samples, std::move(cancelled), query.series_per_pass()},
                  [&](const tarsier_series& series) { return on_series(user, &series) != 0; });
  auto read = runs.read(store_.parallel_for());
  warn(store_, select);
  return read;
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
