// FailureLog: scrapes that failed, a line of JSON each, in the file that a job names for it.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::scrape {

class FailureLog {
 public:
  explicit FailureLog(std::string file) : file_(std::move(file)) {}
  FailureLog(const FailureLog&) = delete;
  FailureLog& operator=(const FailureLog&) = delete;
  ~FailureLog();

  const std::string& file() const noexcept { return file_; }
  /// [work] Appends a line. A file that was moved away or removed since is made anew, so programs that rotate logs need not tell.
  Result<void> write(int64_t time_ns, std::string_view job, std::string_view target, std::string_view error);

 private:
  Result<void> open();

  const std::string file_;
  std::mutex mutex_;  // guards what follows
  int fd_ = -1;
  uint64_t device_ = 0, inode_ = 0;
};

}  // namespace tarsier::scrape
