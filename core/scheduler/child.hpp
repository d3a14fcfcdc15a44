// A child process: its output on the way to the instance, in order, and its end. The struct behind abi/scheduler.h's tarsier_child.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "core/host/owner.hpp"
#include "core/scheduler/call_gate.hpp"
#include "tarsier/abi/scheduler.h"
#include "tarsier/result.hpp"

namespace tarsier::scheduler {

class Children;
struct ChildHandles;  // libuv's part

/// Owned copies of what a spawn was asked for.
struct Command {
  std::vector<std::string> args;
  std::optional<std::vector<std::string>> environment;  ///< "NAME=value"; none: the host's
  std::string directory;
  static Result<Command> from(const tarsier_process_spec& spec);
};

/// A piece of output, or the end.
struct ChildEvent {
  int32_t stream = 0;  ///< 0: the end
  std::string bytes;
  int64_t exit_code = 0;
  int32_t signal = 0;
};

}  // namespace tarsier::scheduler

struct tarsier_child : std::enable_shared_from_this<tarsier_child> {
  tarsier::scheduler::Children* children = nullptr;
  tarsier::host::Owner* owner = nullptr;
  std::string name;
  void* user = nullptr;
  void (*on_output)(void* user, int32_t stream, tarsier_bytes bytes) = nullptr;
  void (*on_exit)(void* user, int64_t exit_code, int32_t signal) = nullptr;
  tarsier::scheduler::CallGate gate;

  tarsier::scheduler::ChildHandles* handles = nullptr;  // house thread only; null once all are closed

  std::mutex events_mutex;  // guards what follows: events not yet given to the instance
  std::deque<tarsier::scheduler::ChildEvent> events;
  uint64_t waiting_bytes = 0;
  bool in_pool = false;
};
