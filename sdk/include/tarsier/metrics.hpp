// tarsier/metrics.hpp - the plugin's metrics about itself (abi/metrics.h). Make them in start, keep them as members.
#pragma once

#include <initializer_list>
#include <string_view>

#include "host.hpp"

namespace tarsier {

/// A handle; cheap to copy; a default-made one does nothing.
class Counter {
 public:
  Counter() = default;
  Counter(const Host& host, std::string_view name, std::string_view help, std::initializer_list<tarsier_pair> labels = {})
      : api_(host.metrics),
        metric_(api_->resolve(host.raw(), TARSIER_METRIC_COUNTER, str(name), str(help), labels.begin(),
                              static_cast<uint32_t>(labels.size()), nullptr, 0, nullptr)) {}
  /// [any] `amount` >= 0.
  void add(double amount = 1) const noexcept {
    if (metric_ != nullptr) api_->add(metric_, amount);
  }

 private:
  const tarsier_metrics* api_ = nullptr;
  tarsier_metric* metric_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  Gauge(const Host& host, std::string_view name, std::string_view help, std::initializer_list<tarsier_pair> labels = {})
      : api_(host.metrics),
        metric_(api_->resolve(host.raw(), TARSIER_METRIC_GAUGE, str(name), str(help), labels.begin(),
                              static_cast<uint32_t>(labels.size()), nullptr, 0, nullptr)) {}
  /// [any]
  void set(double value) const noexcept {
    if (metric_ != nullptr) api_->set(metric_, value);
  }
  void add(double amount) const noexcept {
    if (metric_ != nullptr) api_->add(metric_, amount);
  }

 private:
  const tarsier_metrics* api_ = nullptr;
  tarsier_metric* metric_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  Histogram(const Host& host, std::string_view name, std::string_view help, std::initializer_list<double> bounds,
            std::initializer_list<tarsier_pair> labels = {})
      : api_(host.metrics),
        metric_(api_->resolve(host.raw(), TARSIER_METRIC_HISTOGRAM, str(name), str(help), labels.begin(),
                              static_cast<uint32_t>(labels.size()), bounds.begin(), static_cast<uint32_t>(bounds.size()),
                              nullptr)) {}
  /// [any]
  void observe(double value) const noexcept {
    if (metric_ != nullptr) api_->add(metric_, value);
  }

 private:
  const tarsier_metrics* api_ = nullptr;
  tarsier_metric* metric_ = nullptr;
};

}  // namespace tarsier
