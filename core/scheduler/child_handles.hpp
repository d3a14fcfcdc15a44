// ChildHandles: libuv's part of a child process: the process and the pipes of its output. House thread only; frees itself when
// libuv has closed all handles.
#pragma once

#include <array>
#include <memory>
#include <uv.h>

#include "core/scheduler/child.hpp"

namespace tarsier::scheduler {

/// Output that waits for the instance beyond this stops the reading; the child then blocks on its pipe.
inline constexpr uint64_t kMaxWaitingOutput = uint64_t{1} << 20;

struct ChildHandles {
  /// Starts the child. On failure nothing is left behind but handles that libuv is about to close.
  static Result<void> start(uv_loop_t* loop, const std::shared_ptr<tarsier_child>& child, const Command& command);

  void kill(int signal_number);
  void kill_group();
  /// Reads on after the instance has caught up.
  void resume();
  /// No more output is wanted.
  void close_streams();

 private:
  struct Stream {
    uv_pipe_t pipe{};
    bool open = false;
    bool paused = false;
    std::array<char, 16384> buffer;
  };
  int spawn(uv_loop_t* loop, const Command& command);
  void read(Stream& stream);
  void close_stream(Stream& stream);
  void exited(int64_t exit_code, int signal_number);
  void tell_when_over();
  void closed();

  std::shared_ptr<tarsier_child> child_;
  uv_process_t process_{};
  uv_timer_t grace_{};  // for descendants that keep the pipes open after the child is gone
  std::array<Stream, 2> streams_;
  bool running_ = false;
  bool told_ = false;
  int64_t exit_code_ = 0;
  int32_t signal_ = 0;
  unsigned handles_ = 0;  // not yet closed
};

}  // namespace tarsier::scheduler
