#include "tests/fault/storage/faulty_disk.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <dlfcn.h>
#include <fcntl.h>
#include <mutex>
#include <string>
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
std::function<int(const DiskCall&)> error_of_call;
std::atomic<bool> calls_fail{false};
std::function<void(size_t)> watcher;
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

int64_t born_of(int fd) {
  struct statx found{};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &found) != 0) return 0;
  return found.stx_btime.tv_sec * 1'000'000'000 + found.stx_btime.tv_nsec;
}

bool is_regular(int fd) {
  struct stat found{};
  return ::fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

bool writes_synced(int fd) { return (::fcntl(fd, F_GETFL) & O_DSYNC) != 0; }

std::string path_of(int fd) {
  std::array<char, 4096> target{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<size_t>(size)) : std::string();
}

/// 0, or the error that the call shall fail with.
int check_call(DiskCall::Kind kind, const char* path) {
  if (!calls_fail) return 0;
  const std::lock_guard lock(disk_mutex);
  return error_of_call ? error_of_call({kind, path}) : 0;
}

/// True when the call shall fail; errno says how.
bool fails(DiskCall::Kind kind, const char* path) {
  const int error = check_call(kind, path);
  if (error != 0) errno = error;
  return error != 0;
}

/// Makes the call, unless it shall fail; who watches sees names change one by one.
template <class Call>
int change_names(DiskCall::Kind kind, const char* path, Call&& call) {
  if (fails(kind, path)) return -1;
  const int done = call();
  const int error = errno;
  const std::lock_guard lock(disk_mutex);
  if (recording && watcher) watcher(events.size());
  errno = error;
  return done;
}

/// 0, or the error that the write shall fail with.
int check_write(int fd, uint64_t size, uint64_t offset) {
  if (calls_fail) {
    if (const int error = check_call(DiskCall::Kind::kWrite, path_of(fd).c_str()); error != 0) return error;
  }
  const std::lock_guard lock(disk_mutex);
  return write_error != 0 && is_regular(fd) && write_fails(size, offset, writes_synced(fd)) ? write_error : 0;
}

/// With the mutex.
void add_event(DiskEvent event) {
  if (!recording) return;
  if (watcher) watcher(events.size());
  events.push_back(std::move(event));
}

void note_write(int fd, std::string data, uint64_t offset) {
  const std::lock_guard lock(disk_mutex);
  add_event({DiskEvent::Kind::kWrite, file_of(fd), offset, std::move(data), writes_synced(fd), acknowledged, {}, born_of(fd)});
}

int sync_with(int fd, const char* name) {
  const uint64_t before = acknowledged;
  const std::string path = path_of(fd);
  int error = check_call(DiskCall::Kind::kSync, path.c_str());
  {
    const std::lock_guard lock(disk_mutex);
    if (recording && watcher) watcher(events.size());
    if (failing_syncs > 0) {
      --failing_syncs;
      error = sync_error;
    }
  }
  // The pages of one that is to fail do reach the disk here; who puts a disk together leaves them out.
  const int done = next<int (*)(int)>(name)(fd);
  const std::lock_guard lock(disk_mutex);
  const auto kind = error != 0 || done != 0 ? DiskEvent::Kind::kFailedSync : DiskEvent::Kind::kSync;
  if (recording) events.push_back({kind, file_of(fd), 0, {}, false, before, path, born_of(fd)});
  if (error != 0) errno = error;
  return error != 0 ? -1 : done;
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

void FaultyDisk::fail_calls(std::function<int(const DiskCall&)> error_of) {
  const std::lock_guard lock(disk_mutex);
  error_of_call = std::move(error_of);
  calls_fail = static_cast<bool>(error_of_call);
}

void FaultyDisk::heal() {
  const std::lock_guard lock(disk_mutex);
  failing_syncs = 0;
  write_error = 0;
  error_of_call = nullptr;
  calls_fail = false;
}

void FaultyDisk::watch(std::function<void(size_t)> called) {
  const std::lock_guard lock(disk_mutex);
  watcher = std::move(called);
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
using tarsier::storage::testing::DiskCall;

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

/// As LMDB copies a file; others write to pipes and the like.
__attribute__((visibility("default"))) ssize_t write(int fd, const void* data, size_t size) {
  const off_t at = disk::is_regular(fd) ? ::lseek(fd, 0, SEEK_CUR) : -1;
  if (at >= 0) {
    if (const int error = disk::check_write(fd, size, static_cast<uint64_t>(at)); error != 0) {
      errno = error;
      return -1;
    }
  }
  const ssize_t wrote = disk::next<ssize_t (*)(int, const void*, size_t)>("write")(fd, data, size);
  if (at >= 0 && wrote > 0)
    disk::note_write(fd, {static_cast<const char*>(data), static_cast<size_t>(wrote)}, static_cast<uint64_t>(at));
  return wrote;
}

__attribute__((visibility("default"))) int fdatasync(int fd) { return disk::sync_with(fd, "fdatasync"); }
__attribute__((visibility("default"))) int fsync(int fd) { return disk::sync_with(fd, "fsync"); }

__attribute__((visibility("default"))) int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  const bool to_write = (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != O_RDONLY;
  if (to_write && disk::fails(DiskCall::Kind::kOpen, path)) return -1;
  return disk::next<int (*)(const char*, int, ...)>("open")(path, flags, mode);
}

__attribute__((visibility("default"))) int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open(path, flags, mode);
}

__attribute__((visibility("default"))) int mkdir(const char* path, mode_t mode) {
  return disk::change_names(DiskCall::Kind::kMake, path,
                            [&] { return disk::next<int (*)(const char*, mode_t)>("mkdir")(path, mode); });
}

__attribute__((visibility("default"))) int link(const char* from, const char* to) {
  return disk::change_names(DiskCall::Kind::kMake, to,
                            [&] { return disk::next<int (*)(const char*, const char*)>("link")(from, to); });
}

__attribute__((visibility("default"))) int rename(const char* from, const char* to) {
  return disk::change_names(DiskCall::Kind::kRename, to,
                            [&] { return disk::next<int (*)(const char*, const char*)>("rename")(from, to); });
}

__attribute__((visibility("default"))) int renameat2(int from_dir, const char* from, int to_dir, const char* to, unsigned flags) {
  return disk::change_names(DiskCall::Kind::kRename, to, [&] {
    return disk::next<int (*)(int, const char*, int, const char*, unsigned)>("renameat2")(from_dir, from, to_dir, to, flags);
  });
}

__attribute__((visibility("default"))) int unlink(const char* path) {
  return disk::change_names(DiskCall::Kind::kRemove, path, [&] { return disk::next<int (*)(const char*)>("unlink")(path); });
}

__attribute__((visibility("default"))) int rmdir(const char* path) {
  return disk::change_names(DiskCall::Kind::kRemove, path, [&] { return disk::next<int (*)(const char*)>("rmdir")(path); });
}

/// As std::filesystem removes trees.
__attribute__((visibility("default"))) int unlinkat(int dir, const char* path, int flags) {
  const std::string whole = path[0] == '/' ? std::string(path) : disk::path_of(dir) + "/" + path;
  return disk::change_names(DiskCall::Kind::kRemove, whole.c_str(),
                            [&] { return disk::next<int (*)(int, const char*, int)>("unlinkat")(dir, path, flags); });
}

}  // extern "C"
