// The CPU time of a thread, and its name as `top -H` shows it.
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

/// Of another thread, which must not end meanwhile.
inline int64_t thread_cpu_ns(pthread_t thread) noexcept {
  clockid_t clock{};
  timespec now{};
  if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &now) != 0) return 0;
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// At most 15 characters.
inline void name_thread(const char* name) noexcept { pthread_setname_np(pthread_self(), name); }

}  // namespace tarsier::scheduler
