#include "core/telemetry/metric_families.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include "core/telemetry/logs.hpp"

namespace tarsier::telemetry {
namespace {

using host::Accounting;

struct AccountingRow {
  const char* name;
  const char* help;
  FamilyType type;
  double (*value)(const Accounting& accounting);
};

template <auto Member>
double count(const Accounting& accounting) {
  return static_cast<double>((accounting.*Member).load(std::memory_order_relaxed));
}

constexpr AccountingRow kRows[] = {
    {"tarsier_plugin_cpu_seconds_total", "CPU time of the calls into the instance.", FamilyType::counter,
     [](const Accounting& accounting) { return count<&Accounting::cpu_ns>(accounting) / 1e9; }},
    {"tarsier_plugin_calls_total", "Calls into the instance.", FamilyType::counter, count<&Accounting::calls>},
    {"tarsier_plugin_failures_total", "Calls into the instance that failed.", FamilyType::counter, count<&Accounting::failures>},
    {"tarsier_plugin_overruns_total", "Calls into the instance that took longer than their deadline.", FamilyType::counter,
     count<&Accounting::overruns>},
    {"tarsier_plugin_dropped_batches_total", "Batches for the instance that were dropped.", FamilyType::counter,
     count<&Accounting::dropped_batches>},
    {"tarsier_plugin_malformed_batches_total", "Batches of the instance that did not verify.", FamilyType::counter,
     count<&Accounting::malformed_batches>},
    {"tarsier_plugin_queue_length", "Work that waits for the instance.", FamilyType::gauge, count<&Accounting::queue_length>},
    {"tarsier_plugin_interval_factor", "By how much its intervals are stretched because it overruns.", FamilyType::gauge,
     count<&Accounting::interval_factor>},
};

Family single(const char* name, const char* help, FamilyType type, double value) { return {name, help, type, {{{}, value}}}; }

/// A line "VmRSS:     1234 kB" of /proc/self/status, in bytes; 0 when there is none.
double memory_bytes(const std::string& status, const std::string& name) {
  const size_t at = status.find("\n" + name + ":");
  if (at == std::string::npos) return 0;
  std::istringstream rest(status.substr(at + name.size() + 2));
  double kibibytes = 0;
  rest >> kibibytes;
  return kibibytes * 1024;
}

/// Since 1970: the machine's start and field 22 of /proc/self/stat.
double start_time_seconds() {
  std::ifstream stat("/proc/self/stat");
  const std::string line((std::istreambuf_iterator<char>(stat)), std::istreambuf_iterator<char>());
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 2));
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  std::ifstream machine("/proc/stat");
  for (std::string row; std::getline(machine, row);) {
    if (row.starts_with("btime ")) return std::stod(row.substr(6)) + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  return 0;
}

double open_files() {
  std::error_code failed;
  double count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", failed), end; !failed && entry != end; entry.increment(failed))
    ++count;
  return count > 0 ? count - 1 : 0;  // one is the directory being read
}

}  // namespace

void append_accounting(std::span<const host::Owner* const> owners, std::vector<Family>& families) {
  for (const AccountingRow& row : kRows) {
    Family family{row.name, row.help, row.type, {}};
    for (const host::Owner* owner : owners)
      family.samples.push_back({{{"plugin", owner->instance()}}, row.value(owner->accounting())});
    families.push_back(std::move(family));
  }
}

void append_log_counts(const Logs& logs, std::vector<Family>& families) {
  const LogCounts counts = logs.counts();
  Family lines{"tarsier_log_lines_total", "Lines written to the log.", FamilyType::counter, {}};
  for (size_t i = 0; i < counts.written.size(); ++i) {
    lines.samples.push_back({{{"level", std::string(level_name(static_cast<Level>(i)))}}, static_cast<double>(counts.written[i])});
  }
  families.push_back(std::move(lines));
  families.push_back(single("tarsier_log_repeats_total", "Lines held back because the same was written just before.",
                            FamilyType::counter, static_cast<double>(counts.held_back)));
  families.push_back(single("tarsier_log_dropped_total", "Lines that could not be written.", FamilyType::counter,
                            static_cast<double>(counts.dropped)));
}

void append_process(std::vector<Family>& families) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  std::ifstream file("/proc/self/status");
  const std::string status((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  families.push_back(single("process_cpu_seconds_total", "CPU time of the process.", FamilyType::counter,
                            seconds(usage.ru_utime) + seconds(usage.ru_stime)));
  families.push_back(
      single("process_resident_memory_bytes", "Memory of the process in RAM.", FamilyType::gauge, memory_bytes(status, "VmRSS")));
  families.push_back(single("process_resident_anonymous_bytes", "That part which is not backed by a file.", FamilyType::gauge,
                            memory_bytes(status, "RssAnon")));
  families.push_back(
      single("process_virtual_memory_bytes", "Address space of the process.", FamilyType::gauge, memory_bytes(status, "VmSize")));
  families.push_back(single("process_open_fds", "Open file descriptors.", FamilyType::gauge, open_files()));
  families.push_back(
      single("process_max_fds", "Most file descriptors that may be open.", FamilyType::gauge, static_cast<double>(files.rlim_cur)));
  families.push_back(
      single("process_start_time_seconds", "Start of the process since 1970.", FamilyType::gauge, start_time_seconds()));
}

}  // namespace tarsier::telemetry
