// Control: what the host knows of itself, for pages and APIs that show it, and the one thing that they may ask for: a reload. What
// plugins see of it is abi/control.h.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/host/host_context.hpp"
#include "core/host/lifecycle.hpp"
#include "core/host/modules.hpp"

namespace tarsier::host {

/// Thread-safe.
class Control {
 public:
  /// Reloads, and waits for the outcome.
  using Reload = std::function<ApplyReport()>;

  Control(Rooms& rooms, const scheduler::Clock& clock, const Modules& modules, std::string config_file, std::string data_dir,
          Reload reload);

  /// From then on its instances are shown.
  void attach(const Lifecycle& lifecycle) { lifecycle_ = &lifecycle; }
  void set_ready(bool ready) { ready_.store(ready); }
  /// This configuration runs from now on.
  void set_config(std::string toml);
  /// The files were read again and refused: the configuration before it goes on.
  void config_refused();

  bool ready() const noexcept { return ready_.load(); }
  ApplyReport reload() { return reload_(); }
  std::string config_toml() const;
  std::string metrics_text() const;
  std::string build_json() const;
  std::string plugins_json() const;
  /// Lifecycle::not_running.
  std::vector<std::string> not_running() const;

 private:
  Rooms& rooms_;
  const Modules& modules_;
  const Lifecycle* lifecycle_ = nullptr;
  const std::string config_file_;
  const std::string data_dir_;
  const int64_t started_ns_;
  const Reload reload_;
  std::atomic<bool> ready_{false};
  mutable std::mutex config_mutex_;
  std::string config_;
  int64_t config_loaded_ns_;
  bool config_ok_ = true;
};

}  // namespace tarsier::host
