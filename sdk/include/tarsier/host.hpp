// tarsier/host.hpp - the host as a C++ plugin sees it: log, clock, health, and the raw service tables for the other headers.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "abi.h"
#include "result.hpp"

namespace tarsier {

/// A structured field of a log line.
inline tarsier_pair field(std::string_view name, std::string_view value) noexcept { return {str(name), str(value)}; }

class Host {
 public:
  explicit Host(const tarsier_host* raw) noexcept : raw_(raw) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Looks the host's services up; the SDK calls it before the first configure. Fails when the host lacks one of them.
  Result<void> attach() {
    if (bus != nullptr) return {};
    const bool found = find(log_service, TARSIER_LOG_SERVICE) && find(clock, TARSIER_CLOCK_SERVICE) &&
                       find(config, TARSIER_CONFIG_SERVICE) && find(metrics, TARSIER_METRICS_SERVICE) &&
                       find(scheduler, TARSIER_SCHEDULER_SERVICE) && find(storage, TARSIER_STORAGE_SERVICE) &&
                       find(services, TARSIER_SERVICES_SERVICE) && find(health, TARSIER_HEALTH_SERVICE) &&
                       find(control, TARSIER_CONTROL_SERVICE) && find(bus, TARSIER_BUS_SERVICE);
    if (!found) return Error(TARSIER_UNSUPPORTED, "this host lacks a service that the SDK needs");
    return {};
  }

  const tarsier_host* raw() const noexcept { return raw_; }

  /// [any]
  int64_t now_ns() const noexcept { return clock->wall_ns(raw_); }
  int64_t mono_ns() const noexcept { return clock->mono_ns(raw_); }

  /// [any] One line each; never blocks.
  void debug(std::string_view message, std::initializer_list<tarsier_pair> fields = {}) const {
    log(TARSIER_LOG_DEBUG, message, fields);
  }
  void info(std::string_view message, std::initializer_list<tarsier_pair> fields = {}) const {
    log(TARSIER_LOG_INFO, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<tarsier_pair> fields = {}) const {
    log(TARSIER_LOG_WARN, message, fields);
  }
  void error(std::string_view message, std::initializer_list<tarsier_pair> fields = {}) const {
    log(TARSIER_LOG_ERROR, message, fields);
  }
  /// [any] The host is replacing the instance of that name, or one that it uses, and it is about to come back; "" asks for any.
  bool in_transit(std::string_view instance) const noexcept {
    return TARSIER_HAS(services, in_transit) && services->in_transit(raw_, str(instance)) != 0;
  }

  bool logs(tarsier_log_level level) const noexcept { return log_service->enabled(raw_, level) != 0; }

  /// [any] How the instance is; shown on the plugins page.
  void ok() const { health->ok(raw_); }
  void degraded(std::string_view reason) const { health->degraded(raw_, str(reason)); }
  void failed(std::string_view reason) const { health->failed(raw_, str(reason)); }

  // The tables behind the wrappers of the other headers; set by attach().
  const tarsier_log* log_service = nullptr;
  const tarsier_clock* clock = nullptr;
  const tarsier_config_api* config = nullptr;
  const tarsier_metrics* metrics = nullptr;
  const tarsier_scheduler* scheduler = nullptr;
  const tarsier_storage* storage = nullptr;
  const tarsier_services* services = nullptr;
  const tarsier_health* health = nullptr;
  const tarsier_control* control = nullptr;
  const tarsier_bus* bus = nullptr;

 private:
  template <class T>
  bool find(const T*& table, const char* name) {
    table = static_cast<const T*>(raw_->get_service(raw_, name));
    return table != nullptr;
  }
  void log(tarsier_log_level level, std::string_view message, std::initializer_list<tarsier_pair> fields) const {
    if (log_service->enabled(raw_, level) == 0) return;
    log_service->write(raw_, level, str(message), fields.begin(), static_cast<uint32_t>(fields.size()));
  }
  const tarsier_host* raw_;
};

}  // namespace tarsier
