// PluginThreads: which threads a plugin has started, so that its file is not unloaded under one that it forgot to end.
//
// The program has its own pthread_create in front of the C library's: a thread with plugin code that is made during a life-cycle
// call of an instance, or by such a thread, counts as the instance's until it ends. Threads made from jobs on the worker pool are
// not seen.
#pragma once

#include "core/host/owner.hpp"

namespace tarsier::host {

/// While it lives, threads made by the calling thread are the owner's. The Owner outlives them: see Lifecycle::discard.
class ThreadsOf {
 public:
  explicit ThreadsOf(Owner& owner) noexcept;
  ~ThreadsOf();
  ThreadsOf(const ThreadsOf&) = delete;
  ThreadsOf& operator=(const ThreadsOf&) = delete;
};

}  // namespace tarsier::host
