// A file of /proc or /sys that stays open: read again by one pread, which costs a quarter of open + read + close.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::node {

/// Where files are read into; one for all files, its content is valid until the next read.
using ReadBuffer = std::vector<char>;

class KeptFile {
 public:
  explicit KeptFile(std::string path) : path_(std::move(path)) {}
  KeptFile(KeptFile&& other) noexcept;
  KeptFile& operator=(KeptFile&& other) noexcept;
  ~KeptFile();

  /// The whole content. A file that went away is opened anew at the next call. NOT_FOUND when it is not there.
  Result<std::string_view> read(ReadBuffer& buffer);
  const std::string& path() const noexcept { return path_; }

 private:
  void close() noexcept;
  std::string path_;
  int fd_ = -1;
};

/// The whole content of a file that is read rarely.
Result<std::string_view> read_once(const std::string& path, ReadBuffer& buffer);

}  // namespace tarsier::node
