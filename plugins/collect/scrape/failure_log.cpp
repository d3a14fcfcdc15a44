#include "plugins/collect/scrape/failure_log.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/lib/json/json_writer.hpp"
#include "plugins/lib/time/rfc3339.hpp"

namespace tarsier::scrape {
namespace {

Error failed(const char* what, const std::string& file) {
  return Error::unavailable(std::string(what) + " " + file + ": " + std::strerror(errno));
}

/// With the keys of the original, but for its place in the source.
std::string line_of(int64_t time_ns, std::string_view job, std::string_view target, std::string_view error) {
  json::Writer out;
  out.begin_object().key("time").string(print_rfc3339(time_ns)).key("level").string("ERROR").key("msg").string(error);
  out.key("job_name").string(job).key("target").string(target).end_object();
  return out.take() + "\n";
}

}  // namespace

FailureLog::~FailureLog() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> FailureLog::open() {
  struct stat now{};
  const bool there = ::stat(file_.c_str(), &now) == 0;
  if (fd_ >= 0 && there && now.st_dev == device_ && now.st_ino == inode_) return {};
  if (fd_ >= 0) ::close(fd_);
  fd_ = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0 || ::fstat(fd_, &now) != 0) return failed("cannot open", file_);
  device_ = now.st_dev;
  inode_ = now.st_ino;
  return {};
}

Result<void> FailureLog::write(int64_t time_ns, std::string_view job, std::string_view target, std::string_view error) {
  const std::string line = line_of(time_ns, job, target, error);
  const std::lock_guard lock(mutex_);
  if (auto opened = open(); !opened) return opened;
  // In one piece, so that lines of several jobs and processes do not mix.
  const ssize_t written = ::write(fd_, line.data(), line.size());
  if (written < 0) return failed("cannot write to", file_);
  if (static_cast<size_t>(written) == line.size()) return {};
  return Error(TARSIER_RESOURCE, "cannot write to " + file_ + ": the disk took a part of a line only");
}

}  // namespace tarsier::scrape
