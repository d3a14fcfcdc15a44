// The inside of Host: the rooms, and the loop of the thread that owns the Lifecycle.
#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/host/control.hpp"
#include "core/host/event_loop.hpp"
#include "core/host/host.hpp"
#include "core/host/lifecycle.hpp"
#include "core/host/service_manager.hpp"
#include "core/scheduler/scheduler.hpp"
#include "core/storage/storage.hpp"
#include "core/telemetry/logs.hpp"
#include "core/telemetry/metrics.hpp"

namespace tarsier::host {

struct Host::Impl {
  explicit Impl(HostOptions given) : options(std::move(given)) {}
  ~Impl();

  Result<void> start();
  int run();
  void ask_to_stop();
  ApplyReport reload_and_wait();
  ApplyReport reload_now();

  // host_impl.cpp
  Result<void> make_rooms();
  void make_lifecycle();
  void log(tarsier_log_level level, const std::string& message, const std::string& instance = "host");
  void log(const ApplyReport& report);
  ApplyReport apply(bool strict);
  void tell_about_files();
  void take(Desired desired);
  std::string status() const;
  void tell_status();
  void stay_alive();
  void answer_waiting(const ApplyReport& report);
  int take_down();
  // host_watch.cpp
  void watch_everything();
  void unwatch_everything();
  void on_signals();

  HostOptions options;
  ServiceManager manager;
  std::atomic<std::chrono::steady_clock::time_point> alive_at{std::chrono::steady_clock::time_point::max()};  // for the manager
  std::string told_status;
  EventLoop loop;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

  // In the order in which they are made; they go the other way.
  scheduler::SystemClock clock;
  std::unique_ptr<telemetry::Logs> logs;
  std::unique_ptr<telemetry::Metrics> metrics;
  std::unique_ptr<scheduler::Scheduler> scheduler;
  std::unique_ptr<bus::Bus> bus;
  std::unique_ptr<storage::Storage> storage;
  ServiceRegistry services;
  Rooms rooms;
  Modules modules;
  std::unique_ptr<loader::PluginDirectory> directory;
  std::set<std::string> told_refusals;  // of files, so that each is told once
  std::unique_ptr<Control> control;
  std::unique_ptr<Lifecycle> lifecycle;

  Desired current;
  Owner owner{"host", "host", false};  // in whose name the host watches
  std::vector<tarsier_watch*> watches;
  std::chrono::steady_clock::time_point rescan_at = std::chrono::steady_clock::time_point::max();
  std::vector<std::shared_ptr<std::promise<ApplyReport>>> reload_waiters;
  std::atomic<bool> stopping{false};
  bool down = false;
};

}  // namespace tarsier::host
