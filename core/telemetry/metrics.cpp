#include "core/telemetry/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <set>
#include <variant>

#include "core/host/owner.hpp"
#include "core/telemetry/log_text.hpp"
#include "core/telemetry/metric_names.hpp"

using CounterFamily = prometheus::Family<prometheus::Counter>;
using GaugeFamily = prometheus::Family<prometheus::Gauge>;
using HistogramFamily = prometheus::Family<prometheus::Histogram>;

/// One series. The metric itself is the registry's.
struct tarsier_metric {
  std::variant<prometheus::Counter*, prometheus::Gauge*, prometheus::Histogram*> value;
  std::set<const tarsier::host::Owner*> owners;
};

namespace tarsier::telemetry {
namespace {

/// prometheus-cpp writes the help as it is.
std::string escaped_help(std::string_view help) {
  std::string out;
  for (const char c : help) {
    if (c == '\n' || c == '\\') out += '\\';
    out += c == '\n' ? 'n' : c;
  }
  return out;
}

std::string valid_text(std::string_view text) {
  std::string out;
  append_valid(out, text);
  return out;
}

prometheus::Labels labels_of(const host::Owner* owner, std::span<const Label> labels) {
  prometheus::Labels out;
  for (const auto& [name, value] : labels) out.emplace(std::string(name), valid_text(value));
  if (owner != nullptr) out.emplace("plugin", owner->instance());
  return out;
}

/// All series of one name.
struct MetricFamily {
  std::variant<CounterFamily*, GaugeFamily*, HistogramFamily*> family;
  std::vector<double> bounds;
  std::map<prometheus::Labels, std::unique_ptr<tarsier_metric>> series;

  tarsier_metric_type type() const noexcept { return static_cast<tarsier_metric_type>(family.index()) + TARSIER_METRIC_COUNTER; }
};

prometheus::ClientMetric client_metric(const FamilySample& sample, FamilyType type) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, valid_text(value)});
  (type == FamilyType::counter ? metric.counter.value : metric.gauge.value) = sample.value;
  return metric;
}

prometheus::MetricFamily client_family(const Family& family) {
  prometheus::MetricFamily out;
  out.name = family.name;
  out.help = escaped_help(family.help);
  out.type = family.type == FamilyType::counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  for (const FamilySample& sample : family.samples) out.metric.push_back(client_metric(sample, family.type));
  return out;
}

/// Sorted by name and labels; families of one name and type joined, as the format wants it.
void put_in_order(std::vector<prometheus::MetricFamily>& families) {
  std::stable_sort(families.begin(), families.end(), [](const auto& left, const auto& right) { return left.name < right.name; });
  std::vector<prometheus::MetricFamily> joined;
  for (auto& family : families) {
    if (family.metric.empty()) continue;
    if (joined.empty() || joined.back().name != family.name) {
      joined.push_back(std::move(family));
    } else if (joined.back().type == family.type) {
      std::move(family.metric.begin(), family.metric.end(), std::back_inserter(joined.back().metric));
    }
  }
  for (auto& family : joined) {
    std::sort(family.metric.begin(), family.metric.end(),
              [](const auto& left, const auto& right) { return left.label < right.label; });
  }
  families = std::move(joined);
}

}  // namespace

struct Metrics::Impl {
  Result<MetricFamily*> family_of(const MetricSpec& spec) {
    const std::string name(spec.name);
    if (const auto found = families.find(name); found != families.end()) {
      if (found->second.type() != spec.type) return Error::invalid("metric \"" + name + "\" is of another type already");
      if (!std::equal(spec.bounds.begin(), spec.bounds.end(), found->second.bounds.begin(), found->second.bounds.end())) {
        return Error::invalid("metric \"" + name + "\" has other bounds already");
      }
      return &found->second;
    }
    MetricFamily made;
    made.bounds.assign(spec.bounds.begin(), spec.bounds.end());
    const std::string help = escaped_help(valid_text(spec.help));
    switch (spec.type) {
      case TARSIER_METRIC_COUNTER:
        made.family = &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
        break;
      case TARSIER_METRIC_GAUGE:
        made.family = &prometheus::BuildGauge().Name(name).Help(help).Register(registry);
        break;
      default:
        made.family = &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
    }
    return &families.emplace(name, std::move(made)).first->second;
  }

  Result<void> count_series(const host::Owner* owner, std::string_view name) {
    size_t& count = series_counts[owner];
    if (owner != nullptr && count >= kMaxSeriesPerOwner) {
      return Error(TARSIER_RESOURCE, "metric \"" + std::string(name) + "\": " + owner->instance() + " has " +
                                         std::to_string(kMaxSeriesPerOwner) + " series of its own already");
    }
    ++count;
    return {};
  }

  static std::unique_ptr<tarsier_metric> make_series(MetricFamily& family, const prometheus::Labels& labels) {
    auto metric = std::make_unique<tarsier_metric>();
    if (auto* const* counters = std::get_if<CounterFamily*>(&family.family)) metric->value = &(*counters)->Add(labels);
    if (auto* const* gauges = std::get_if<GaugeFamily*>(&family.family)) metric->value = &(*gauges)->Add(labels);
    if (auto* const* histograms = std::get_if<HistogramFamily*>(&family.family))
      metric->value = &(*histograms)->Add(labels, family.bounds);
    return metric;
  }

  static void remove_series(MetricFamily& family, const tarsier_metric& metric) {
    if (auto* const* counters = std::get_if<CounterFamily*>(&family.family))
      (*counters)->Remove(std::get<prometheus::Counter*>(metric.value));
    if (auto* const* gauges = std::get_if<GaugeFamily*>(&family.family))
      (*gauges)->Remove(std::get<prometheus::Gauge*>(metric.value));
    if (auto* const* histograms = std::get_if<HistogramFamily*>(&family.family)) {
      (*histograms)->Remove(std::get<prometheus::Histogram*>(metric.value));
    }
  }

  void detach(const host::Owner* owner) {
    for (auto family = families.begin(); family != families.end();) {
      auto& series = family->second.series;
      for (auto one = series.begin(); one != series.end();) {
        const bool last = one->second->owners.erase(owner) == 1 && one->second->owners.empty();
        if (last) remove_series(family->second, *one->second);
        one = last ? series.erase(one) : std::next(one);
      }
      if (series.empty()) {
        std::visit([&](auto* made) { registry.Remove(*made); }, family->second.family);
        family = families.erase(family);
      } else {
        ++family;
      }
    }
    series_counts.erase(owner);
  }

  prometheus::Registry registry;
  std::mutex series_mutex;  // guards families and series_counts
  std::map<std::string, MetricFamily> families;
  std::map<const host::Owner*, size_t> series_counts;
  std::mutex collectors_mutex;  // guards the following; held during the collectors' calls
  std::map<uint64_t, Collector> collectors;
  uint64_t next_collector = 1;
  uint64_t collector_failures = 0;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Result<tarsier_metric*> Metrics::resolve(const host::Owner* owner, const MetricSpec& spec) {
  if (auto fine = check_metric(spec, owner != nullptr); !fine) return std::move(fine).error();
  const prometheus::Labels labels = labels_of(owner, spec.labels);
  const std::lock_guard lock(impl_->series_mutex);
  try {
    auto family = impl_->family_of(spec);
    if (!family) return std::move(family).error();
    auto& series = (*family)->series;
    const auto found = series.find(labels);
    if (found != series.end() && found->second->owners.contains(owner)) return found->second.get();
    if (auto counted = impl_->count_series(owner, spec.name); !counted) return std::move(counted).error();
    auto& metric = found != series.end() ? found->second : series[labels];
    if (!metric) metric = Impl::make_series(**family, labels);
    metric->owners.insert(owner);
    return metric.get();
  } catch (const std::exception& error) {
    return Error::internal("metric \"" + std::string(spec.name) + "\": " + error.what());
  }
}

void Metrics::detach(const host::Owner& owner) {
  const std::lock_guard lock(impl_->series_mutex);
  impl_->detach(&owner);
}

void Metrics::add(tarsier_metric* metric, double value) noexcept {
  if (auto* const* counter = std::get_if<prometheus::Counter*>(&metric->value)) {
    if (value >= 0) (*counter)->Increment(value);
  } else if (auto* const* gauge = std::get_if<prometheus::Gauge*>(&metric->value)) {
    (*gauge)->Increment(value);
  } else {
    std::get<prometheus::Histogram*>(metric->value)->Observe(value);
  }
}

void Metrics::set(tarsier_metric* metric, double value) noexcept {
  if (auto* const* gauge = std::get_if<prometheus::Gauge*>(&metric->value)) (*gauge)->Set(value);
}

uint64_t Metrics::add_collector(Collector collector) {
  const std::lock_guard lock(impl_->collectors_mutex);
  impl_->collectors.emplace(impl_->next_collector, std::move(collector));
  return impl_->next_collector++;
}

void Metrics::remove_collector(uint64_t id) {
  const std::lock_guard lock(impl_->collectors_mutex);
  impl_->collectors.erase(id);
}

std::string Metrics::text() const {
  std::vector<Family> collected;
  {
    const std::lock_guard lock(impl_->collectors_mutex);
    for (const auto& [id, collector] : impl_->collectors) {
      try {
        collector(collected);
      } catch (const std::exception&) {
        ++impl_->collector_failures;
      }
    }
    if (impl_->collector_failures > 0) {
      collected.push_back({"tarsier_telemetry_collector_failures_total",
                           "Scrapes of the host's own metrics to which a room did not contribute.",
                           FamilyType::counter,
                           {{{}, static_cast<double>(impl_->collector_failures)}}});
    }
  }
  std::vector<prometheus::MetricFamily> families;
  {
    // The registry has locks of its own, but a family may be removed while it is read.
    const std::lock_guard lock(impl_->series_mutex);
    families = impl_->registry.Collect();
  }
  for (const Family& family : collected) families.push_back(client_family(family));
  put_in_order(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace tarsier::telemetry
