#include "tests/fault/storage/faulty_disk.hpp"

#include <atomic>
#include <cerrno>
#include <dlfcn.h>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace tarsier::storage::testing {
namespace {

std::mutex disk_mutex;
int failing_syncs = 0;
int sync_error = 0;
int write_error = 0;
std::function<bool(uint64_t, uint64_t, bool)> write_fails;
bool recording = false;
std::vector<DiskEvent> events;
std::atomic<uint64_t> acknowledged{0};

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

ino_t file_of(int fd) {
  struct stat found{};
  return ::fstat(fd, &found) == 0 ? found.st_ino : 0;
}

bool is_regular(int fd) {
  struct stat found{};
  return ::fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

bool writes_synced(int fd) { return (::fcntl(fd, F_GETFL) & O_DSYNC) != 0; }

/// 0, or the error that the write shall fail with.
int check_write(int fd, uint64_t size, uint64_t offset) {
  const std::lock_guard lock(disk_mutex);
  return write_error != 0 && is_regular(fd) && write_fails(size, offset, writes_synced(fd)) ? write_error : 0;
}

void note_write(int fd, std::string data, uint64_t offset) {
  const std::lock_guard lock(disk_mutex);
  if (recording) events.push_back({DiskEvent::Kind::kWrite, file_of(fd), offset, std::move(data), writes_synced(fd), acknowledged});
}

int sync_with(int fd, const char* name) {
  const uint64_t before = acknowledged;
  {
    const std::lock_guard lock(disk_mutex);
    if (failing_syncs > 0) {
      --failing_syncs;
      errno = sync_error;
      return -1;
    }
  }
  const int done = next<int (*)(int)>(name)(fd);
  const std::lock_guard lock(disk_mutex);
  if (recording && done == 0) events.push_back({DiskEvent::Kind::kSync, file_of(fd), 0, {}, false, before});
  return done;
}

}  // namespace

void FaultyDisk::fail_syncs(int count, int error) {
  const std::lock_guard lock(disk_mutex);
  failing_syncs = count;
  sync_error = error;
}

void FaultyDisk::fail_writes(int error, std::function<bool(uint64_t, uint64_t, bool)> condition) {
  const std::lock_guard lock(disk_mutex);
  write_error = error;
  write_fails = std::move(condition);
}

void FaultyDisk::heal() {
  const std::lock_guard lock(disk_mutex);
  failing_syncs = 0;
  write_error = 0;
}

void FaultyDisk::record() {
  const std::lock_guard lock(disk_mutex);
  events.clear();
  acknowledged = 0;
  recording = true;
}

std::vector<DiskEvent> FaultyDisk::stop_recording() {
  const std::lock_guard lock(disk_mutex);
  recording = false;
  return std::move(events);
}

void FaultyDisk::note_acknowledged(uint64_t count) { acknowledged = count; }

}  // namespace tarsier::storage::testing

namespace disk = tarsier::storage::testing;

extern "C" {

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  if (const int error = disk::check_write(fd, size, static_cast<uint64_t>(offset)); error != 0) {
    errno = error;
    return -1;
  }
  const ssize_t wrote = disk::next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite")(fd, data, size, offset);
  if (wrote > 0) disk::note_write(fd, {static_cast<const char*>(data), static_cast<size_t>(wrote)}, static_cast<uint64_t>(offset));
  return wrote;
}

__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void* data, size_t size, off_t offset) {
  return pwrite(fd, data, size, offset);
}

__attribute__((visibility("default"))) ssize_t writev(int fd, const struct iovec* parts, int count) {
  const off_t at = ::lseek(fd, 0, SEEK_CUR);
  std::string data;
  if (at >= 0) {
    for (int i = 0; i < count; ++i) data.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
    if (const int error = disk::check_write(fd, data.size(), static_cast<uint64_t>(at)); error != 0) {
      errno = error;
      return -1;
    }
  }
  const ssize_t wrote = disk::next<ssize_t (*)(int, const struct iovec*, int)>("writev")(fd, parts, count);
  if (at >= 0 && wrote > 0) disk::note_write(fd, data.substr(0, static_cast<size_t>(wrote)), static_cast<uint64_t>(at));
  return wrote;
}

__attribute__((visibility("default"))) int fdatasync(int fd) { return disk::sync_with(fd, "fdatasync"); }
__attribute__((visibility("default"))) int fsync(int fd) { return disk::sync_with(fd, "fsync"); }

}  // extern "C"
