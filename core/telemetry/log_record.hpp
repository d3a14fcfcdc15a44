// LogRecord: one line of the log before it is written in any form.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tarsier/abi/log.h"

namespace tarsier::telemetry {

enum class Level : int32_t {
  trace = TARSIER_LOG_TRACE,
  debug = TARSIER_LOG_DEBUG,
  info = TARSIER_LOG_INFO,
  warn = TARSIER_LOG_WARN,
  error = TARSIER_LOG_ERROR
};

/// Views are valid during the call that they are passed to.
struct LogField {
  std::string_view name;
  std::string_view value;
};

struct LogRecord {
  Level level;
  int64_t wall_ns;
  std::string_view source;  ///< the instance, or "host"
  std::string_view plugin;  ///< its plugin; "" for the host itself
  std::string_view message;
  std::span<const LogField> fields;
};

std::string_view level_name(Level level) noexcept;

}  // namespace tarsier::telemetry
