/* tarsier/abi/scheduler.h - host service "tarsier.scheduler/1": timers, jobs, file watches and child processes.
 *
 * All callbacks run on the worker pool as [work] of the instance: serially, unless the plugin is PARALLEL. A callback that is still
 * running after its deadline is reported by the instance's name; a periodic one that overruns its interval has the interval doubled
 * (up to 8 times) until it has kept within it three times. When the instance stops, the host cancels everything that it registered. */
#ifndef TARSIER_ABI_SCHEDULER_H
#define TARSIER_ABI_SCHEDULER_H
#include "module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_SCHEDULER_SERVICE "tarsier.scheduler/1"

typedef struct tarsier_timer tarsier_timer; /* owned by the host; valid until cancel returns or the instance is stopped */
typedef struct tarsier_watch tarsier_watch; /* the same with unwatch */
typedef struct tarsier_child tarsier_child; /* valid until on_exit has returned */

typedef int32_t tarsier_priority;
enum { TARSIER_PRIORITY_HIGH = 0, TARSIER_PRIORITY_NORMAL = 1, TARSIER_PRIORITY_LOW = 2 };

/* Keeps within `deadline_ns` (0: the interval for periodic timers, 10 s for jobs) or is reported. */
typedef struct tarsier_job {
  uint32_t size;
  tarsier_priority priority;
  int64_t deadline_ns;
  tarsier_str name; /* for reports: "scrape node/127.0.0.1:9100"; copied */
  void *user;
  void (*run)(void *user); /* [work] */
  /* Since 1.1. [any] Optional (NULL). Called instead of run, once, when a job that was posted (or is due once, without a handle) will never run
   * because the instance stops: frees what `user` points to. It comes before the host waits for the calls into the instance that run, so one
   * that is never due tells them to end (stop_notice.hpp). */
  void (*drop)(void *user);
} tarsier_job;

enum {
  TARSIER_TIMER_ALIGNED = 1u << 0, /* fires when wall time is a multiple of the interval, plus offset_ns */
  TARSIER_TIMER_SPREAD = 1u << 1   /* adds a stable offset within the interval, from a hash of instance and job name */
};
typedef struct tarsier_timer_spec {
  uint32_t size;
  uint32_t flags;
  int64_t interval_ns; /* > 0 */
  int64_t offset_ns;
  tarsier_job job;
} tarsier_timer_spec;

enum {
  TARSIER_WATCH_CREATED = 1u << 0,
  TARSIER_WATCH_CHANGED = 1u << 1,
  TARSIER_WATCH_REMOVED = 1u << 2
};

typedef struct tarsier_process_spec {
  uint32_t size;
  uint32_t flags;
  const tarsier_str *args; /* args[0] is the program, searched in PATH */
  uint32_t arg_count;
  uint32_t env_count;
  const tarsier_pair *env; /* the whole environment; NULL: the host's */
  tarsier_str directory;   /* "": the host's */
  void *user;
  /* [work] Output of the child as it comes; stream 1 or 2; NULL: discarded. */
  void (*on_output)(void *user, int32_t stream, tarsier_bytes bytes);
  /* [work] Once, after the last output; the child is gone. */
  void (*on_exit)(void *user, int64_t exit_code, int32_t signal);
} tarsier_process_spec;

typedef struct tarsier_scheduler {
  uint32_t size;
  /* [ctl, work] Runs the job each interval. The first run is at the next aligned time, or after one interval. Missed ticks are skipped
   * and counted, never queued up. */
  tarsier_status (*every)(const tarsier_host *host, const tarsier_timer_spec *spec, tarsier_timer **out, tarsier_error *error);
  /* [any] Runs the job once, after `delay_ns`. With `out` NULL nothing is left to cancel; otherwise the handle stays valid, also after the
   * job has run, until it is cancelled. */
  tarsier_status (*after)(const tarsier_host *host, int64_t delay_ns, const tarsier_job *job, tarsier_timer **out, tarsier_error *error);
  /* [any] Frees the handle, once. After it returns the job is not running and will not run; from within the job itself it returns at
   * once. */
  void (*cancel)(tarsier_timer *timer);
  /* [any] Runs the job soon, once. AGAIN when the instance has more than its share of jobs waiting. */
  tarsier_status (*post)(const tarsier_host *host, const tarsier_job *job, tarsier_error *error);
  /* [ctl, work] Runs run(user, i) for i in [0, count) on idle workers and on the calling thread; returns when all are done. */
  void (*parallel_for)(const tarsier_host *host, uint64_t count, void *user, void (*run)(void *user, uint64_t index));
  /* [ctl, work] Calls on_event(user, path, TARSIER_WATCH_*) [work] when a file, or an entry of a directory, changes; bursts are merged
   * over 100 ms. A file may be absent, and may be replaced by rename. */
  tarsier_status (*watch)(const tarsier_host *host, tarsier_str path, void *user,
                          void (*on_event)(void *user, tarsier_str path, uint32_t events), tarsier_watch **out, tarsier_error *error);
  /* [any] After it returns on_event is not running and will not run; from within on_event it returns at once. */
  void (*unwatch)(tarsier_watch *watch);
  /* [ctl, work] Starts a child process; it is killed when the instance stops. */
  tarsier_status (*spawn)(const tarsier_host *host, const tarsier_process_spec *spec, tarsier_child **out, tarsier_error *error);
  /* [any] Sends a signal to the child. */
  void (*kill)(tarsier_child *child, int32_t signal);
} tarsier_scheduler;
#ifdef __cplusplus
}
#endif
#endif
