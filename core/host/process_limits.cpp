#include "core/host/process_limits.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <malloc.h>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace tarsier::host {

uint64_t raise_open_files() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 1U << 20U);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

void tune_memory() noexcept {
  (void)::mallopt(M_ARENA_MAX, 1);  // of huge pages there are none in any other
  // Enough that the pages of a few scrapes come and go without the kernel, which would clear their memory each time.
  (void)::mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
  (void)::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
}

void prefer_huge_pages(char* const* arguments) noexcept {
  constexpr const char* kTunables = "GLIBC_TUNABLES";
  constexpr const char* kBegunAgain = "TARSIER_BEGUN_AGAIN";  // glibc may take away the tunable that it was done for
  // With privileges of its own file glibc takes no tunables; without an AT_BASE it was begun by a loader, which is not the program.
  const bool possible = ::getauxval(AT_SECURE) == 0 && ::getauxval(AT_BASE) != 0 && std::getenv(kBegunAgain) == nullptr;
  if (!possible) return;
  constexpr std::string_view kHugePages = "glibc.malloc.hugetlb";
  try {
    const char* const known = std::getenv(kTunables);
    std::string tunables = known == nullptr ? "" : known;
    if (tunables.find(kHugePages) != std::string::npos) return;
    std::string modes;
    std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled") >> std::ws, modes);
    if (modes.find("[madvise]") == std::string::npos) return;
    tunables.append(tunables.empty() ? "" : ":").append(kHugePages).append("=1");
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
    const bool set = ::setenv(kTunables, tunables.c_str(), 1) == 0 && ::setenv(kBegunAgain, "1", 1) == 0;
    if (set) (void)::execv(program.c_str(), arguments);
  } catch (const std::exception&) {  // it goes on with small pages
  }
}

void trim_memory() noexcept { (void)::malloc_trim(0); }

namespace {

double boot_time_seconds() {
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return 0;
}

// The fields of /proc/self/stat from the third on; the second is in parentheses and may hold anything.
std::vector<std::string> stat_fields() {
  std::ifstream stat("/proc/self/stat");
  std::string line;
  std::getline(stat, line);
  std::istringstream rest(line.substr(std::min(line.rfind(')') + 1, line.size())));
  return {std::istream_iterator<std::string>(rest), {}};
}

}  // namespace

ProcessUsage process_usage() {
  ProcessUsage usage;
  const auto fields = stat_fields();
  if (fields.size() > 21) {
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    usage.cpu_seconds = (std::stod(fields[11]) + std::stod(fields[12])) / ticks;
    usage.threads = std::stoull(fields[17]);
    static const double boot = boot_time_seconds();
    usage.start_time_seconds = boot + std::stod(fields[19]) / ticks;
    usage.virtual_bytes = std::stoull(fields[20]);
    usage.resident_bytes = std::stoull(fields[21]) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  std::error_code failure;
  for (std::filesystem::directory_iterator fd("/proc/self/fd", failure), end; !failure && fd != end; fd.increment(failure))
    ++usage.open_files;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) usage.max_open_files = limit.rlim_cur;
  return usage;
}

}  // namespace tarsier::host
