#include "core/host/plugin_threads.hpp"

#include <cerrno>
#include <dlfcn.h>
#include <functional>
#include <new>
#include <pthread.h>

#include "core/host/crash_handler.hpp"

namespace tarsier::host {
namespace {

thread_local Owner* current = nullptr;

struct Start {
  Owner* owner;
  void* (*run)(void*);
  void* argument;
};

// pthread_exit and cancellation unwind through this destructor too.
struct Counted {
  Owner* owner;
  ~Counted() { owner->accounting().threads.fetch_sub(1); }
};

void* run_counted(void* raw) {
  const Start start = *static_cast<Start*>(raw);
  delete static_cast<Start*>(raw);
  current = start.owner;
  const Counted counted{start.owner};
  return start.run(start.argument);
}

// A std::thread runs a function of libstdc++ on an object whose virtual table lies where the thread was made. Threads of the host's
// own rooms (a writer of the storage) may be made within a plugin's call as well: they are not the plugin's.
bool runs_plugin_code(void* (*run)(void*), void* argument) noexcept {
  if (crash::in_plugin(reinterpret_cast<const void*>(run))) return true;
  Dl_info of_run{}, of_library{};
  const bool from_library = ::dladdr(reinterpret_cast<void*>(run), &of_run) != 0 &&
                            ::dladdr(reinterpret_cast<void*>(&std::__throw_bad_function_call), &of_library) != 0 &&
                            of_run.dli_fbase == of_library.dli_fbase;
  return from_library && argument != nullptr && crash::in_plugin(*static_cast<void**>(argument));
}

}  // namespace

ThreadsOf::ThreadsOf(Owner& owner) noexcept { current = &owner; }
ThreadsOf::~ThreadsOf() { current = nullptr; }

using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

static int create_thread(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) noexcept {
  static const auto original = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
  Owner* owner = current;
  if (owner == nullptr || !runs_plugin_code(run, argument)) return original(thread, attributes, run, argument);
  auto* start = new (std::nothrow) Start{owner, run, argument};
  if (start == nullptr) return EAGAIN;
  owner->accounting().threads.fetch_add(1);
  const int failure = original(thread, attributes, run_counted, start);
  if (failure != 0) {
    owner->accounting().threads.fetch_sub(1);
    delete start;
  }
  return failure;
}

}  // namespace tarsier::host

extern "C" __attribute__((visibility("default"))) int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                                                     void* (*run)(void*), void* argument) noexcept {
  return tarsier::host::create_thread(thread, attributes, run, argument);
}
