// Host: the program that runs: it makes the rooms, brings the instances up, watches what they are made of, and takes all of it down
// again.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/host/desired.hpp"
#include "core/host/instance.hpp"
#include "core/host/lifecycle.hpp"
#include "tarsier/result.hpp"

namespace tarsier::host {

struct HostOptions {
  DesiredOptions desired;
  Deadlines deadlines;
  std::chrono::nanoseconds stop_deadline = std::chrono::seconds(30);  ///< of all instances together
  bool watch = true;                                                  ///< plugin directories and configuration files
  bool process = true;  ///< signals, crash handler, service manager: this is the program, not a test
};

class Control;

class Host {
 public:
  /// Reads and checks the configuration, makes the rooms and starts the instances. Fails, with all findings in the message, when
  /// the configuration does not check; an instance that fails is no failure of the host.
  static Result<std::unique_ptr<Host>> start(HostOptions options);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Works until a signal or stop(), then takes everything down. The exit code: 1 when an instance did not stop.
  int run();
  /// [any] Ends run().
  void stop();
  /// [any] except the thread of run(): reloads and waits.
  ApplyReport reload();
  Control& control() noexcept;
  Rooms& rooms() noexcept;
  const Lifecycle& lifecycle() const noexcept;

 private:
  struct Impl;
  explicit Host(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarsier::host
