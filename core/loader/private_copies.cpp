#include "core/loader/private_copies.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tarsier::loader {
namespace {

namespace fs = std::filesystem;

Error failed(const std::string& what, int number) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return Error(full ? TARSIER_RESOURCE : TARSIER_UNAVAILABLE, what + ": " + std::strerror(number));
}

// Files only: nothing else here can be a copy that was left behind.
Result<void> remove_copies(const std::string& directory) {
  std::error_code failure;
  for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end; entry.increment(failure)) {
    if (entry->path().extension() == ".so" && ::unlink(entry->path().c_str()) != 0)
      return failed("remove " + entry->path().string(), errno);
  }
  if (failure) return failed("list " + directory, failure.value());
  return {};
}

/// 0, or why not.
int write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t done = ::write(fd, content.data(), content.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    content.remove_prefix(static_cast<size_t>(done));
  }
  return 0;
}

/// In pieces that stay in the processor's cache.
int copy_all(int from, int to) {
  std::array<char, size_t{64} << 10U> piece;
  for (off_t offset = 0;;) {
    const ssize_t got = ::pread(from, piece.data(), piece.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    if (const int failure = write_all(to, {piece.data(), static_cast<size_t>(got)}); failure != 0) return failure;
    offset += got;
  }
}

}  // namespace

PrivateCopy::~PrivateCopy() {
  if (!path_.empty()) ::unlink(path_.c_str());  // one that cannot be removed now is removed at the next start
}

Result<PrivateCopies> PrivateCopies::open(std::string directory) {
  std::error_code failure;
  fs::create_directories(directory, failure);
  if (failure) return failed("make " + directory, failure.value());
  const int lock = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (lock < 0) return failed("open " + directory, errno);
  PrivateCopies copies(std::move(directory), lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Error::unavailable(copies.directory_ + " is in use by another process");
    return failed("lock " + copies.directory_, errno);
  }
  struct statvfs status{};
  if (::fstatvfs(lock, &status) != 0) return failed("look at " + copies.directory_, errno);
  if ((status.f_flag & ST_NOEXEC) != 0)
    return Error::unavailable(copies.directory_ + " is on a file system that is mounted noexec");
  if (auto removed = remove_copies(copies.directory_); !removed) return std::move(removed).error();
  return copies;
}

PrivateCopies::PrivateCopies(PrivateCopies&& other) noexcept
    : directory_(std::move(other.directory_)), lock_(std::exchange(other.lock_, -1)), written_(other.written_) {}

PrivateCopies::~PrivateCopies() {
  if (lock_ >= 0) ::close(lock_);
}

Result<PrivateCopy> PrivateCopies::copy(const std::string& original, int from) {
  const std::string path = directory_ + "/" + fs::path(original).stem().string() + "." + std::to_string(++written_) + ".so";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500);
  if (fd < 0) return failed("make " + path, errno);
  PrivateCopy copy(path);
  int failure = copy_all(from, fd);
  if (::close(fd) != 0 && failure == 0) failure = errno;
  if (failure != 0) return failed("write " + path, failure);
  return copy;
}

}  // namespace tarsier::loader
