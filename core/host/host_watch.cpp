// What makes the Host look again: files that change, and signals.
#include <algorithm>
#include <csignal>
#include <unistd.h>
#include <utility>

#include "core/host/host_impl.hpp"

namespace tarsier::host {
namespace {

// A copy takes a while: look when nothing has happened for so long.
constexpr auto kQuiet = std::chrono::milliseconds(200);

}  // namespace

void Host::Impl::watch_everything() {
  std::vector<std::string> paths = current.plugin_dirs;
  paths.insert(paths.end(), current.watched.begin(), current.watched.end());
  paths.insert(paths.end(), current.files.begin(), current.files.end());
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  const auto on_event = [](void* user, tarsier_str, uint32_t) {
    auto* self = static_cast<Impl*>(user);
    self->loop.post([self] { self->rescan_at = std::chrono::steady_clock::now() + kQuiet; });
  };
  for (const std::string& path : paths) {
    auto watch = scheduler->watch(owner, path, this, on_event);
    if (watch) {
      watches.push_back(*watch);
    } else {
      log(TARSIER_LOG_WARN, "changes of " + path + " are not noticed: " + watch.error().message());
    }
  }
}

void Host::Impl::unwatch_everything() {
  for (tarsier_watch* watch : watches) scheduler::Scheduler::unwatch(watch);
  watches.clear();
}

// The callbacks run on the house thread, which must not block.
void Host::Impl::on_signals() {
  const auto stop = [this](const char* name) {
    if (!stopping.load()) return ask_to_stop();
    log(TARSIER_LOG_ERROR, std::string("second ") + name + ": ended without draining");
    ::_exit(1);
  };
  for (const auto& signal : {std::pair{SIGTERM, "SIGTERM"}, std::pair{SIGINT, "SIGINT"}}) {
    if (auto set = scheduler->on_signal(signal.first, [stop, name = signal.second] { stop(name); }); !set)
      log(TARSIER_LOG_WARN, set.error().message());
  }
  const auto reload = [this] { loop.post([this] { (void)reload_now(); }); };
  if (auto set = scheduler->on_signal(SIGHUP, reload); !set) log(TARSIER_LOG_WARN, set.error().message());
  (void)std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace tarsier::host
