#include "core/scheduler/child_handles.hpp"

#include <signal.h>

#include "core/scheduler/children.hpp"
#include "core/scheduler/house.hpp"

namespace tarsier::scheduler {

namespace {

constexpr uint64_t kGraceMs = 1000;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

template <class Handle>
uv_handle_t* base(Handle& handle) {
  return reinterpret_cast<uv_handle_t*>(&handle);
}

}  // namespace

Result<void> ChildHandles::start(uv_loop_t* loop, const std::shared_ptr<tarsier_child>& child, const Command& command) {
  auto* self = new ChildHandles;
  self->child_ = child;
  child->handles = self;
  self->handles_ = 1 + 1;  // process and grace timer
  uv_timer_init(loop, &self->grace_);
  self->grace_.data = self;
  const int code = self->spawn(loop, command);
  if (code == 0) {
    self->running_ = true;
    for (Stream& stream : self->streams_)
      if (stream.open) self->read(stream);
    return {};
  }
  // The process handle is to be closed also when it could not be started.
  self->told_ = true;
  self->close_streams();
  uv_close(base(self->process_), [](uv_handle_t* handle) { static_cast<ChildHandles*>(handle->data)->closed(); });
  uv_close(base(self->grace_), [](uv_handle_t* handle) { static_cast<ChildHandles*>(handle->data)->closed(); });
  return Error(code == UV_ENOENT ? TARSIER_NOT_FOUND : TARSIER_RESOURCE, "start " + command.args[0] + ": " + uv_text(code));
}

int ChildHandles::spawn(uv_loop_t* loop, const Command& command) {
  std::array<uv_stdio_container_t, 3> stdio{};
  stdio[0].flags = UV_IGNORE;
  for (size_t i = 0; i < streams_.size(); ++i) {
    stdio[i + 1].flags = UV_IGNORE;
    if (child_->on_output == nullptr) continue;
    uv_pipe_init(loop, &streams_[i].pipe, 0);
    streams_[i].pipe.data = this;
    streams_[i].open = true;
    ++handles_;
    stdio[i + 1].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
    stdio[i + 1].data.stream = reinterpret_cast<uv_stream_t*>(&streams_[i].pipe);
  }
  auto args = pointers(command.args);
  std::vector<char*> environment;
  if (command.environment) environment = pointers(*command.environment);
  uv_process_options_t options{};
  options.file = command.args[0].c_str();
  options.args = args.data();
  options.env = command.environment ? environment.data() : nullptr;
  options.cwd = command.directory.empty() ? nullptr : command.directory.c_str();
  // A session, and so a process group, of its own: detach() reaches its descendants too, and Ctrl-C at the host does not reach it.
  options.flags = UV_PROCESS_DETACHED;
  options.stdio_count = static_cast<int>(stdio.size());
  options.stdio = stdio.data();
  options.exit_cb = [](uv_process_t* process, int64_t exit_code, int signal_number) {
    static_cast<ChildHandles*>(process->data)->exited(exit_code, signal_number);
  };
  process_.data = this;
  return uv_spawn(loop, &process_, &options);
}

void ChildHandles::read(Stream& stream) {
  stream.paused = false;
  const auto allocate = [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
    auto* self = static_cast<ChildHandles*>(handle->data);
    Stream& from = base(self->streams_[0].pipe) == handle ? self->streams_[0] : self->streams_[1];
    *buffer = uv_buf_init(from.buffer.data(), static_cast<unsigned>(from.buffer.size()));
  };
  const auto received = [](uv_stream_t* pipe, ssize_t size, const uv_buf_t* buffer) {
    auto* self = static_cast<ChildHandles*>(pipe->data);
    const int32_t number = reinterpret_cast<uv_stream_t*>(&self->streams_[0].pipe) == pipe ? 1 : 2;
    Stream& from = self->streams_[static_cast<size_t>(number - 1)];
    if (size > 0) {
      self->child_->children->deliver(self->child_, {number, std::string(buffer->base, static_cast<size_t>(size)), 0, 0});
      const std::lock_guard lock(self->child_->events_mutex);
      if (self->child_->waiting_bytes < kMaxWaitingOutput) return;
      uv_read_stop(pipe);
      from.paused = true;
    } else if (size < 0) {
      self->close_stream(from);
      self->tell_when_over();
    }
  };
  uv_read_start(reinterpret_cast<uv_stream_t*>(&stream.pipe), allocate, received);
}

void ChildHandles::resume() {
  for (Stream& stream : streams_)
    if (stream.open && stream.paused) read(stream);
}

void ChildHandles::close_stream(Stream& stream) {
  if (!stream.open) return;
  stream.open = false;
  uv_close(base(stream.pipe), [](uv_handle_t* handle) { static_cast<ChildHandles*>(handle->data)->closed(); });
}

void ChildHandles::close_streams() {
  for (Stream& stream : streams_) close_stream(stream);
}

void ChildHandles::kill(int signal_number) {
  if (running_) uv_process_kill(&process_, signal_number);
}

void ChildHandles::kill_group() {
  if (running_) ::kill(-process_.pid, SIGKILL);
}

void ChildHandles::exited(int64_t exit_code, int signal_number) {
  running_ = false;
  exit_code_ = exit_code;
  signal_ = signal_number;
  uv_close(base(process_), [](uv_handle_t* handle) { static_cast<ChildHandles*>(handle->data)->closed(); });
  const auto over = [](uv_timer_t* timer) {
    auto* self = static_cast<ChildHandles*>(timer->data);
    // Paused output is still in the pipe and will be read; only a pipe that somebody else keeps open is given up.
    for (Stream& stream : self->streams_)
      if (!stream.paused) self->close_stream(stream);
    self->tell_when_over();
  };
  uv_timer_start(&grace_, over, kGraceMs, kGraceMs);
  tell_when_over();
}

/// The last output has been read and the child is gone.
void ChildHandles::tell_when_over() {
  if (running_ || told_ || streams_[0].open || streams_[1].open) return;
  told_ = true;
  uv_close(base(grace_), [](uv_handle_t* handle) { static_cast<ChildHandles*>(handle->data)->closed(); });
  child_->children->deliver(child_, {0, {}, exit_code_, signal_});
}

void ChildHandles::closed() {
  if (--handles_ > 0) return;
  child_->handles = nullptr;
  delete this;
}

}  // namespace tarsier::scheduler
