// What the process asks of the system for itself: file descriptors, and memory that is given back.
#pragma once

#include <cstdint>

namespace tarsier::host {

/// Raises the soft limit of open files to the hard one (at most 1 Mi); returns the limit in force.
uint64_t raise_open_files() noexcept;
/// One malloc arena and early trimming: threads are many here, and each arena keeps what it was given. Before any thread.
void tune_memory() noexcept;
/// Lets malloc ask for huge pages: a process that rests between two scrapes finds few of its small pages in the processor's tables,
/// and on a virtual machine each that is missing takes tens of microseconds. glibc reads that wish when a program begins, so it
/// begins again, once; not where GLIBC_TUNABLES says something of it already ("glibc.malloc.hugetlb=0": never), or the system gives
/// none to those who ask. Nor in a program that has privileges of its file's own. First of all.
void prefer_huge_pages(char* const* arguments) noexcept;
/// Gives free pages back to the system, after something large has ended.
void trim_memory() noexcept;

struct ProcessUsage {
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  double cpu_seconds = 0;
  uint64_t open_files = 0;
  uint64_t max_open_files = 0;
  uint64_t threads = 0;
  double start_time_seconds = 0;  ///< since 1970
};
ProcessUsage process_usage();

}  // namespace tarsier::host
