// ServiceManager: what systemd is told (sd_notify(3)), one datagram each, written by hand so that no library is needed.
#pragma once

#include <chrono>
#include <string>

namespace tarsier::host {

class ServiceManager {
 public:
  /// From $NOTIFY_SOCKET and $WATCHDOG_USEC, which are removed, so that child processes do not speak for us. Without them it is
  /// silent.
  static ServiceManager from_environment();

  /// `status`: one line, shown by `systemctl status`.
  void ready(const std::string& status) const { send("READY=1\nSTATUS=" + status); }
  /// Followed by ready() when it is done.
  void reloading() const;
  void stopping() const { send("STOPPING=1"); }
  void status(const std::string& text) const { send("STATUS=" + text); }
  void alive() const { send("WATCHDOG=1"); }
  /// How often alive() is to be said, half of what is allowed (sd_watchdog_enabled(3)); 0: never.
  std::chrono::microseconds watchdog_interval() const noexcept { return watchdog_; }

 private:
  void send(const std::string& message) const;
  std::string socket_;
  std::chrono::microseconds watchdog_{0};
};

}  // namespace tarsier::host
