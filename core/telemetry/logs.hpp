// Logs: the log of the host and of every instance. Text with colour on a terminal, the journal under systemd, otherwise JSON lines;
// a level for each instance or plugin; the same message over and over is held back and counted.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/telemetry/log_record.hpp"
#include "tarsier/abi/log.h"
#include "tarsier/result.hpp"

namespace tarsier::telemetry {

enum class LogFormat : uint8_t { automatic, text, json, journal };

struct LogOptions {
  Level level = Level::info;
  LogFormat format = LogFormat::automatic;
  std::map<std::string, Level, std::less<>> levels;  ///< by instance, or by plugin
};

/// Where lines go and what time it is. The defaults are the process's own.
struct LogEnvironment {
  int fd = 2;
  std::string journal_socket = "/run/systemd/journal/socket";
  std::function<int64_t()> wall_ns;
  std::function<int64_t()> mono_ns;
  uint32_t repeat_limit = 5;  ///< 0: none
  int64_t repeat_window_ns = 10'000'000'000;
};

/// Since the start, for /metrics.
struct LogCounts {
  std::array<uint64_t, 5> written{};  ///< by level
  uint64_t held_back = 0;             ///< repeats
  uint64_t dropped = 0;               ///< nobody read them, or there was no memory
};

/// Thread-safe. Writing never throws and waits for nobody.
class Logs {
 public:
  explicit Logs(const LogOptions& options = {}, LogEnvironment environment = {});
  ~Logs();
  Logs(const Logs&) = delete;
  Logs& operator=(const Logs&) = delete;

  /// Levels and format of a new configuration.
  void configure(const LogOptions& options);

  bool enabled(Level level, std::string_view source, std::string_view plugin = {}) const noexcept;
  void write(Level level, std::string_view source, std::string_view message, std::span<const LogField> fields = {},
             std::string_view plugin = {}) noexcept;
  /// Writes "... repeated N times" for messages whose window is over. The next line does it too; a timer makes it timely.
  void report_repeats() noexcept;

  LogCounts counts() const noexcept;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

/// A room's or the host's own way to log; cheap to copy. Without Logs it is silent.
class Logger {
 public:
  Logger() = default;
  Logger(Logs* logs, std::string source) : logs_(logs), source_(std::move(source)) {}

  bool enabled(Level level) const noexcept { return logs_ != nullptr && logs_->enabled(level, source_); }
  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const noexcept {
    write(Level::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const noexcept {
    write(Level::info, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const noexcept {
    write(Level::warn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const noexcept {
    write(Level::error, message, fields);
  }

 private:
  void write(Level level, std::string_view message, std::initializer_list<LogField> fields) const noexcept {
    if (logs_ != nullptr) logs_->write(level, source_, message, {fields.begin(), fields.size()});
  }
  Logs* logs_ = nullptr;
  std::string source_;
};

Result<Level> parse_level(std::string_view name);
Result<LogFormat> parse_log_format(std::string_view name);

/// The host service "tarsier.log/1" over the Logs of the host's rooms.
const tarsier_log* log_service() noexcept;

}  // namespace tarsier::telemetry
