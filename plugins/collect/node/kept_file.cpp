// Opening, pread and giving up descriptors.
#include "plugins/collect/node/kept_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tarsier::node {
namespace {

Error failed(const char* what, const std::string& path, int code) {
  const tarsier_status status = code == ENOENT || code == ENODEV || code == ENOTDIR ? TARSIER_NOT_FOUND : TARSIER_UNAVAILABLE;
  return Error(status, std::string(what).append(" ").append(path).append(": ").append(std::system_category().message(code)));
}

Result<std::string_view> read_all(int fd, const std::string& path, ReadBuffer& buffer) {
  constexpr size_t kFirst = size_t{16} << 10;
  if (buffer.size() < kFirst) buffer.resize(kFirst);
  size_t size = 0;
  for (;;) {
    const ssize_t got = ::pread(fd, buffer.data() + size, buffer.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path, errno);
    if (got == 0) return std::string_view(buffer.data(), size);
    size += static_cast<size_t>(got);
    if (size == buffer.size()) buffer.resize(buffer.size() * 2);
  }
}

}  // namespace

KeptFile::KeptFile(KeptFile&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
KeptFile& KeptFile::operator=(KeptFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}
KeptFile::~KeptFile() { close(); }

void KeptFile::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<std::string_view> KeptFile::read(ReadBuffer& buffer) {
  if (fd_ < 0) fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return failed("open", path_, errno);
  auto content = read_all(fd_, path_, buffer);
  if (!content) close();
  return content;
}

Result<std::string_view> read_once(const std::string& path, ReadBuffer& buffer) { return KeptFile(path).read(buffer); }

}  // namespace tarsier::node
