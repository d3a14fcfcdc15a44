#include "core/telemetry/metric_names.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace tarsier::telemetry {
namespace {

constexpr size_t kMaxName = 256;
constexpr size_t kMaxValue = 1024;

/// What the host writes about itself and its instances.
constexpr std::array<std::string_view, 8> kHostPrefixes = {
    "tarsier_plugin_", "tarsier_scheduler_", "tarsier_bus_",   "tarsier_storage_",
    "tarsier_log_",    "tarsier_telemetry_", "tarsier_build_", "process_"};

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_name(std::string_view name, bool colon) noexcept {
  const auto fits = [colon](char c) { return is_letter(c) || (colon && c == ':'); };
  return !name.empty() && name.size() <= kMaxName && fits(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return fits(c) || (c >= '0' && c <= '9'); });
}

Result<void> check_label(const MetricSpec& spec, size_t index, bool owned) {
  const auto& [name, value] = spec.labels[index];
  const std::string quoted = "label \"" + std::string(name) + "\"";
  if (!is_name(name, false) || name.starts_with("__")) return Error::invalid(quoted + " is no valid label name");
  if (owned && name == "plugin") return Error::invalid(quoted + " is set by the host");
  if (name == "le" && spec.type == TARSIER_METRIC_HISTOGRAM) return Error::invalid(quoted + " is the histogram's own");
  if (value.size() > kMaxValue) return Error::invalid(quoted + " has a value of more than " + std::to_string(kMaxValue) + " bytes");
  const auto before = spec.labels.first(index);
  if (std::any_of(before.begin(), before.end(), [&](const Label& other) { return other.first == name; })) {
    return Error::invalid(quoted + " is given twice");
  }
  return {};
}

Result<void> check_bounds(const MetricSpec& spec) {
  if (spec.type != TARSIER_METRIC_HISTOGRAM) {
    return spec.bounds.empty() ? Result<void>() : Error::invalid("bounds are for histograms only");
  }
  for (size_t i = 0; i < spec.bounds.size(); ++i) {
    if (!std::isfinite(spec.bounds[i]) || (i > 0 && spec.bounds[i] <= spec.bounds[i - 1])) {
      return Error::invalid("bounds are not finite and ascending");
    }
  }
  return {};
}

Result<void> check_parts(const MetricSpec& spec, bool owned) {
  if (spec.type < TARSIER_METRIC_COUNTER || spec.type > TARSIER_METRIC_HISTOGRAM) {
    return Error::invalid("unknown type " + std::to_string(spec.type));
  }
  if (!is_name(spec.name, true)) return Error::invalid("is no valid metric name");
  if (owned &&
      std::any_of(kHostPrefixes.begin(), kHostPrefixes.end(), [&](auto prefix) { return spec.name.starts_with(prefix); })) {
    return Error::invalid("has a name that is kept for the host");
  }
  if (spec.labels.size() > Metrics::kMaxLabels)
    return Error::invalid("has more than " + std::to_string(Metrics::kMaxLabels) + " labels");
  for (size_t i = 0; i < spec.labels.size(); ++i) {
    if (auto fine = check_label(spec, i, owned); !fine) return fine;
  }
  return check_bounds(spec);
}

}  // namespace

Result<void> check_metric(const MetricSpec& spec, bool owned) {
  auto fine = check_parts(spec, owned);
  if (fine) return fine;
  return std::move(fine).error().in("metric \"" + std::string(spec.name) + "\"");
}

}  // namespace tarsier::telemetry
