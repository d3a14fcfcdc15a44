#include "core/host/crash_handler.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <link.h>
#include <signal.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

namespace tarsier::host::crash {
namespace {

constexpr size_t kMaxFiles = 256;
constexpr size_t kStackWords = 4096;
constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// Read by the handler without a lock: `begin` is written last and cleared first.
struct Code {
  std::atomic<uintptr_t> begin{0};
  uintptr_t end = 0;
  char label[256] = {};
};

std::array<Code, kMaxFiles> codes;
char note_path[512] = {};
alignas(16) char alternate_stack[64 * 1024];
uintptr_t stack_words[kStackWords];
std::atomic<bool> handling{false};

const Code* find(uintptr_t address) noexcept {
  for (const Code& code : codes) {
    const uintptr_t begin = code.begin.load(std::memory_order_acquire);
    if (begin != 0 && address >= begin && address < code.end) return &code;
  }
  return nullptr;
}

struct Range {
  uintptr_t inside;
  uintptr_t begin = 0, end = 0;
};

// The mapped range of the object that holds the address.
Range range_of(const void* address) {
  Range range{reinterpret_cast<uintptr_t>(address)};
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, size_t, void* user) {
        auto& wanted = *static_cast<Range*>(user);
        uintptr_t low = UINTPTR_MAX, high = 0;
        for (int i = 0; i < object->dlpi_phnum; ++i) {
          const auto& header = object->dlpi_phdr[i];
          if (header.p_type != PT_LOAD) continue;
          low = std::min<uintptr_t>(low, object->dlpi_addr + header.p_vaddr);
          high = std::max<uintptr_t>(high, object->dlpi_addr + header.p_vaddr + header.p_memsz);
        }
        if (wanted.inside < low || wanted.inside >= high) return 0;
        wanted.begin = low;
        wanted.end = high;
        return 1;
      },
      &range);
  return range;
}

uintptr_t code_address(const loader::Module& module) { return reinterpret_cast<uintptr_t>(module.plugins().front()); }

void say(int fd, const char* text) noexcept { (void)!::write(fd, text, std::strlen(text)); }

const char* signal_name(int number) noexcept {
  switch (number) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGILL:
      return "SIGILL";
    case SIGFPE:
      return "SIGFPE";
    default:
      return "SIGABRT";
  }
}

// The innermost plugin code: where it crashed, else the first return address on the stack that lies in a plugin.
const Code* culprit(const ucontext_t& context, bool* called) noexcept {
#if defined(__x86_64__)
  const auto pc = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
  const auto sp = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RSP]);
#else
  const auto pc = static_cast<uintptr_t>(context.uc_mcontext.pc);
  const auto sp = static_cast<uintptr_t>(context.uc_mcontext.sp);
#endif
  *called = false;
  if (const Code* code = find(pc); code != nullptr) return code;
  *called = true;
  // Copied by the kernel, page by page, because the stack may end before that.
  ssize_t copied = 0;
  for (size_t done = 0; done < sizeof(stack_words); done += 4096) {
    const iovec to{reinterpret_cast<char*>(stack_words) + done, 4096},
        from{reinterpret_cast<void*>(sp + done), 4096};  // NOLINT(performance-no-int-to-ptr)
    if (::process_vm_readv(::getpid(), &to, 1, &from, 1, 0) != 4096) break;
    copied += 4096;
  }
  for (size_t i = 0; i < static_cast<size_t>(copied) / sizeof(uintptr_t); ++i) {
    if (const Code* code = find(stack_words[i]); code != nullptr) return code;
  }
  return nullptr;
}

void report(int fd, int number, const Code* code, bool called) noexcept {
  say(fd, "tarsier: crash: ");
  say(fd, signal_name(number));
  if (code == nullptr) {
    say(fd, " in the host itself (no plugin on the stack)\n");
    return;
  }
  say(fd, called ? " in a call of plugin " : " in plugin ");
  say(fd, code->label);
  say(fd, "\n");
}

void on_crash(int number, siginfo_t*, void* raw) {
  if (!handling.exchange(true)) {
    bool called = false;
    const Code* code = culprit(*static_cast<const ucontext_t*>(raw), &called);
    report(STDERR_FILENO, number, code, called);
    const int fd = ::open(note_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd >= 0) {
      report(fd, number, code, called);
      ::close(fd);
    }
  }
  struct sigaction original{};
  original.sa_handler = SIG_DFL;
  ::sigaction(number, &original, nullptr);
  ::raise(number);
}

}  // namespace

void install(const std::string& directory) {
  std::error_code ignored;  // without the directory there is the line on stderr
  std::filesystem::create_directories(directory, ignored);
  std::snprintf(note_path, sizeof(note_path), "%s/crash-%lld-%d.txt", directory.c_str(), static_cast<long long>(std::time(nullptr)),
                static_cast<int>(::getpid()));
  stack_t stack{};
  stack.ss_sp = alternate_stack;
  stack.ss_size = sizeof(alternate_stack);
  ::sigaltstack(&stack, nullptr);
  struct sigaction action{};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int number : kSignals) ::sigaction(number, &action, nullptr);
}

void remember(const loader::Module& module) {
  const Range range = range_of(reinterpret_cast<const void*>(code_address(module)));  // NOLINT(performance-no-int-to-ptr)
  for (Code& code : codes) {
    if (range.begin == 0 || code.begin.load() != 0) continue;
    const auto& note = module.note();
    std::snprintf(code.label, sizeof(code.label), "%s %s (%s, built by %s)", note.ids.front().c_str(), note.version.c_str(),
                  module.path().c_str(), note.build.c_str());
    code.end = range.end;
    code.begin.store(range.begin, std::memory_order_release);
    return;
  }
}

void forget(const loader::Module& module) {
  for (Code& code : codes) {
    const uintptr_t address = code_address(module), begin = code.begin.load();
    if (begin != 0 && address >= begin && address < code.end) code.begin.store(0, std::memory_order_release);
  }
}

bool in_plugin(const void* address) noexcept { return find(reinterpret_cast<uintptr_t>(address)) != nullptr; }

std::string owner_of(const void* address) {
  const Code* code = find(reinterpret_cast<uintptr_t>(address));
  return code == nullptr ? std::string() : code->label;
}

}  // namespace tarsier::host::crash
