// The CPU time of the calling thread, and a thread's name as `top -H` shows it.
#pragma once

#include <cstdint>
#include <pthread.h>
#include <time.h>

namespace tarsier::scheduler {

inline int64_t thread_cpu_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// At most 15 characters.
inline void name_thread(const char* name) noexcept { pthread_setname_np(pthread_self(), name); }

}  // namespace tarsier::scheduler
