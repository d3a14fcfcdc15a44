// Lifecycle: brings the running instances to what the configuration asks for, whole or not at all, and keeps them running: order,
// start, reload of what changed, upgrade beside the old version, drain, stop, restart with backoff.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/host/entry.hpp"
#include "core/host/host_context.hpp"
#include "core/host/instance.hpp"
#include "core/host/modules.hpp"
#include "tarsier/abi/log.h"
#include "tarsier/result.hpp"

namespace tarsier::host {

struct LifecycleOptions {
  Deadlines deadlines;
  /// A line about an instance; any thread.
  std::function<void(tarsier_log_level, const std::string& instance, const std::string& message)> log;
  /// Runs a function on the thread of the Lifecycle, soon; any thread.
  std::function<void(std::function<void()>)> post;
  /// A call that must be drained did not return at once: it may be the one that waits for the answer to a reload.
  std::function<void()> waiting;
  /// A life-cycle call has returned, or was given up; any thread.
  std::function<void()> called;
};

struct ApplyReport {
  bool applied = true;                ///< false: everything is as before
  std::vector<std::string> problems;  ///< why not; or, applied, what is not well all the same
  std::vector<std::string> warnings;  ///< what the change has no part in: files whose earlier version runs on
  std::vector<std::string> logged;    ///< of the problems, those that the log has already, under the instance's name
};

/// On one thread, except where it says [any].
class Lifecycle {
 public:
  Lifecycle(Rooms& rooms, Modules& modules, LifecycleOptions options);
  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;
  /// Everything must have been stopped.
  ~Lifecycle();

  /// A file that has changed and does not start is no reason to refuse the rest: its earlier version runs on, with a warning.
  /// `strict`: a new or changed instance that cannot run (no such plugin, missing need) rejects the whole change. Otherwise it is
  /// refused alone, and the others go on.
  ApplyReport apply(std::vector<InstanceSpec> specs, bool strict);
  /// The spec with which the instance runs now; nullptr when it does not.
  const InstanceSpec* running(std::string_view name) const;
  /// A call of an instance of that name and file has not returned. Another one would hang too, so none is made until it has.
  bool hangs(const InstanceSpec& spec) const;
  static constexpr const char* kHangs =
      "a call into this file has not returned; it is started again when that returns, or when the file changes";
  /// In reverse order. Returns who did not stop, and why.
  std::vector<std::string> stop_all(std::chrono::nanoseconds deadline);

  /// Restarts that are due, and what was abandoned and has come back.
  void run_due();
  std::chrono::steady_clock::time_point next_due() const;

  // ---- [any]
  std::vector<EntryView> view() const;
  /// "instance: state: why" of each enabled instance that does not run and is not about to come back from being replaced.
  std::vector<std::string> not_running() const;

 private:
  friend class Change;

  Entry* find(std::string_view name);
  void log(tarsier_log_level level, const std::string& instance, const std::string& message) const;

  /// create and configure; nothing of it is left when it fails.
  Result<std::shared_ptr<Instance>> prepare(const InstanceSpec& spec);
  /// start, and offer its services as `order`. References whose table changed go to `moved`.
  Result<void> bring_up(Instance& instance, uint64_t order, ServiceRegistry::References* moved = nullptr);
  /// Withdraws, drains, stops. Fails when it does not drain: then it is a zombie.
  Result<void> take_down(const std::shared_ptr<Instance>& instance);
  Result<void> drain(Instance& instance, const ServiceRegistry::References& references);
  /// Destroys it; a zombie is kept until it can be.
  void discard(std::shared_ptr<Instance> instance);
  void keep_zombie(std::shared_ptr<Instance> instance, const std::string& reason);
  void reap();
  void sweep();

  void on_failed(Instance& instance, const std::string& reason);
  void fail(Entry& entry, const std::string& reason);
  void restart(Entry& entry);
  void set_entry_state(Entry& entry, State state, std::string reason);
  InstanceEvents events();
  bool has_zombie(std::string_view name) const;

  Rooms& rooms_;
  Modules& modules_;
  const LifecycleOptions options_;
  Deadlines limits_;                                // options_.deadlines, or less on the way down
  mutable std::mutex entries_mutex_;                // the list and its instance pointers, against view()
  std::vector<std::unique_ptr<Entry>> entries_;     // in start order
  std::set<std::string> in_transit_;                // guarded too: instances that a change is replacing
  std::vector<std::shared_ptr<Instance>> zombies_;  // closed, but a call of theirs is still out
  bool stopping_ = false;
};

}  // namespace tarsier::host
