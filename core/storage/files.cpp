#include "core/storage/files.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace tarsier::storage {

void Fd::reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Error system_error(int number, std::string_view what) {
  tarsier_status status = TARSIER_INTERNAL;
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EFBIG:
      status = TARSIER_RESOURCE;
      break;
    case EIO:
    case EROFS:
    case EACCES:
    case EPERM:
    case ENXIO:
    case ENODEV:
    case ESTALE:
      status = TARSIER_UNAVAILABLE;
      break;
    case ENOENT:
      status = TARSIER_NOT_FOUND;
      break;
    case EEXIST:
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
      status = TARSIER_INVALID;
      break;
    default:
      break;
  }
  return {status, std::string(what) + ": " + std::generic_category().message(number)};
}

Result<Fd> open_file(const std::string& path, int flags, int mode) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) return system_error(errno, "open " + path);
  return fd;
}

Result<void> make_directories(const std::string& path) {
  std::vector<std::string> missing;
  for (std::string at = path; !at.empty() && !file_exists(at); at = parent_directory(at)) missing.push_back(at);
  for (auto it = missing.rbegin(); it != missing.rend(); ++it) {
    if (::mkdir(it->c_str(), 0750) != 0 && errno != EEXIST) return system_error(errno, "make directory " + *it);
    auto synced = sync_directory(parent_directory(*it));
    if (synced) continue;
    static_cast<void>(::rmdir(it->c_str()));  // the next attempt shall not take it for safe
    return synced;
  }
  return {};
}

Result<void> sync_directory(const std::string& path) {
  auto fd = open_file(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
  if (!fd) return std::move(fd).error();
  if (::fsync(fd->get()) != 0) return system_error(errno, "sync directory " + path);
  return {};
}

Result<void> write_at(int fd, std::string_view data, uint64_t offset, std::string_view what) {
  while (!data.empty()) {
    const ssize_t wrote = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return system_error(wrote < 0 ? errno : ENOSPC, "write " + std::string(what));
    data.remove_prefix(static_cast<size_t>(wrote));
    offset += static_cast<uint64_t>(wrote);
  }
  return {};
}

Result<std::string> read_file(const std::string& path) {
  auto fd = open_file(path, O_RDONLY);
  if (!fd) return std::move(fd).error();
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = ::read(fd->get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "read " + path);
    if (got == 0) return text;
    text.append(part.data(), static_cast<size_t>(got));
  }
}

Result<void> write_synced_file(const std::string& path, std::string_view data) {
  auto fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!fd) return std::move(fd).error();
  if (auto wrote = write_at(fd->get(), data, 0, path); !wrote) return wrote;
  if (::fsync(fd->get()) != 0) return system_error(errno, "sync " + path);
  return {};
}

Result<void> rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error(errno, "rename " + from + " to " + to);
  return {};
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error(errno, "remove " + path);
  return {};
}

Result<void> remove_tree(const std::string& path) {
  std::error_code failed;
  std::filesystem::remove_all(path, failed);
  if (failed) return system_error(failed.value(), "remove " + path);
  return {};
}

Result<void> copy_file(const std::string& from, const std::string& to) {
  auto source = open_file(from, O_RDONLY);
  if (!source) return std::move(source).error();
  auto target = open_file(to, O_WRONLY | O_CREAT | O_EXCL);
  if (!target) return std::move(target).error();
  std::vector<char> part(1U << 20U);
  for (uint64_t at = 0;;) {
    const ssize_t got = ::read(source->get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "read " + from);
    if (got == 0) break;
    if (auto wrote = write_at(target->get(), {part.data(), static_cast<size_t>(got)}, at, to); !wrote) return wrote;
    at += static_cast<uint64_t>(got);
  }
  if (::fsync(target->get()) != 0) return system_error(errno, "sync " + to);
  return {};
}

Result<bool> is_there(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return system_error(errno, "look at " + path);
}

Result<uint64_t> size_of_file(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return system_error(errno, "look at " + path);
  return static_cast<uint64_t>(found.st_size);
}

bool file_exists(const std::string& path) {
  const auto there = is_there(path);
  return there && *there;
}

uint64_t file_size(const std::string& path) {
  const auto size = size_of_file(path);
  return size ? *size : 0;
}

bool same_file(const std::string& a, const std::string& b) {
  struct stat first{};
  struct stat second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

std::string parent_directory(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace tarsier::storage
