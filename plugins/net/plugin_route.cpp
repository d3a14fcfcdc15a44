// PluginRoute's gate.
#include "plugins/net/plugin_route.hpp"

#include <utility>

namespace tarsier::net {
namespace {
// The route whose handler this thread is in. A plain pointer: a thread_local with a destructor would pin the plugin file.
thread_local const PluginRoute* running_here = nullptr;
}  // namespace

bool PluginRoute::enter() {
  const std::lock_guard lock(gate_mutex_);
  if (!open_) return false;
  ++running_;
  running_here = this;
  return true;
}

void PluginRoute::leave() {
  const std::lock_guard lock(gate_mutex_);
  running_here = nullptr;
  --running_;
  left_.notify_all();
}

void PluginRoute::close(bool wait) {
  std::unique_lock lock(gate_mutex_);
  open_ = false;
  const int own = running_here == this ? 1 : 0;
  if (wait) left_.wait(lock, [&] { return running_ <= own; });
}

}  // namespace tarsier::net
