// What the library asks of whoever uses it: where work runs that may block, and where lines go. Tests bring their own.
#pragma once

#include <functional>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "tarsier/abi/log.h"

namespace tarsier::net {

class Executor {
 public:
  enum class Need { refusable, required };
  virtual ~Executor() = default;
  /// [any] Runs the task soon on a worker; tasks may run at the same time. False when too much waits already, and then only for a
  /// refusable one.
  virtual bool post(Need need, std::function<void()> task) = 0;
};

class Log {
 public:
  using Field = std::pair<std::string_view, std::string_view>;
  virtual ~Log() = default;
  /// [any]
  virtual void write(tarsier_log_level level, std::string_view message, std::initializer_list<Field> fields) = 0;
};

}  // namespace tarsier::net
