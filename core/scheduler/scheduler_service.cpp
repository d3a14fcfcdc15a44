// The C tables of "tarsier.scheduler/1" and "tarsier.clock/1": from the plugin's tarsier_host to this room's objects.
#include <string>

#include "core/host/host_context.hpp"
#include "core/scheduler/clock.hpp"
#include "core/scheduler/scheduler.hpp"

namespace tarsier::scheduler {

namespace {

Scheduler& room(const tarsier_host* host) { return *host::context(host).rooms->scheduler; }
host::Owner& owner(const tarsier_host* host) { return *host::context(host).owner; }

/// Gives the value out, or fills the caller's error.
template <class Handle>
tarsier_status answer(const Result<Handle*>& result, Handle** out, tarsier_error* error) {
  if (!result) return result.error().to_c(error);
  if (out != nullptr) *out = *result;
  return TARSIER_OK;
}

tarsier_status every(const tarsier_host* host, const tarsier_timer_spec* spec, tarsier_timer** out, tarsier_error* error) {
  return answer(room(host).every(owner(host), *spec), out, error);
}

tarsier_status after(const tarsier_host* host, int64_t delay_ns, const tarsier_job* job, tarsier_timer** out,
                     tarsier_error* error) {
  return answer(room(host).after(owner(host), delay_ns, *job, out != nullptr), out, error);
}

tarsier_status post(const tarsier_host* host, const tarsier_job* job, tarsier_error* error) {
  return room(host).post(owner(host), *job).to_c(error);
}

void parallel_for(const tarsier_host* host, uint64_t count, void* user, void (*run)(void* user, uint64_t index)) {
  room(host).pool().parallel_for(owner(host), count, [user, run](uint64_t index) { run(user, index); });
}

tarsier_status watch(const tarsier_host* host, tarsier_str path, void* user,
                     void (*on_event)(void* user, tarsier_str path, uint32_t events), tarsier_watch** out, tarsier_error* error) {
  return answer(room(host).watch(owner(host), std::string(view(path)), user, on_event), out, error);
}

tarsier_status spawn(const tarsier_host* host, const tarsier_process_spec* spec, tarsier_child** out, tarsier_error* error) {
  return answer(room(host).spawn(owner(host), *spec), out, error);
}

constexpr tarsier_scheduler kSchedulerTable = {
    sizeof(tarsier_scheduler), every, after,          Scheduler::cancel, post, parallel_for, watch,
    Scheduler::unwatch,        spawn, Scheduler::kill};

int64_t wall_ns(const tarsier_host* host) { return host::context(host).rooms->clock->wall_ns(); }
int64_t mono_ns(const tarsier_host* host) { return host::context(host).rooms->clock->mono_ns(); }

constexpr tarsier_clock kClockTable = {sizeof(tarsier_clock), wall_ns, mono_ns};

}  // namespace

const tarsier_scheduler* scheduler_service() noexcept { return &kSchedulerTable; }
const tarsier_clock* clock_service() noexcept { return &kClockTable; }

}  // namespace tarsier::scheduler
