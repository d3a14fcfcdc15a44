#include "core/loader/file_identity.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace tarsier::loader {

namespace {

Result<FileIdentity> identity_of(int answer, const struct stat& status, const std::string& path) {
  if (answer != 0) {
    const tarsier_status code = errno == ENOENT ? TARSIER_NOT_FOUND : TARSIER_UNAVAILABLE;
    return Error(code, path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) return Error::invalid(path + ": not a regular file");
  return FileIdentity{status.st_dev, status.st_ino, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
                      static_cast<uint64_t>(status.st_size)};
}

}  // namespace

Result<FileIdentity> identify(const std::string& path) {
  struct stat status{};
  const int answer = ::stat(path.c_str(), &status);
  return identity_of(answer, status, path);
}

Result<FileIdentity> identify(int fd, const std::string& path) {
  struct stat status{};
  const int answer = ::fstat(fd, &status);
  return identity_of(answer, status, path);
}

bool mapped(const FileIdentity& file) {
  // A line: 7f..-7f.. r-xp 00000000 fe:00 1234567   /path (the device in hexadecimal, the inode in decimal).
  std::ifstream maps("/proc/self/maps");
  std::string range, mode, offset, device, rest;
  uint64_t inode = 0;
  char wanted[32];
  std::snprintf(wanted, sizeof(wanted), "%02x:%02x", major(file.device), minor(file.device));
  while (maps >> range >> mode >> offset >> device >> inode && std::getline(maps, rest)) {
    if (inode == file.inode && device == wanted) return true;
  }
  return false;
}

}  // namespace tarsier::loader
