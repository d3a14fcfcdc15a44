// MappedFile: a file in memory, read-only, at its real size.
#pragma once

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <utility>

#include "core/storage/files.hpp"

namespace tarsier::storage {

class MappedFile {
 public:
  static Result<MappedFile> of(const std::string& path) {
    auto fd = open_file(path, O_RDONLY);
    if (!fd) return std::move(fd).error();
    auto size_bytes = size_of_file(path);
    if (!size_bytes) return std::move(size_bytes).error();
    const uint64_t size = *size_bytes;
    if (size == 0) return Error(TARSIER_CORRUPT, path + ": is empty");
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd->get(), 0);
    if (data == MAP_FAILED) return system_error(errno, "map " + path);
    return MappedFile(static_cast<const char*>(data), size);
  }
  MappedFile(MappedFile&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
  }
  const char* data() const noexcept { return data_; }
  uint64_t size() const noexcept { return size_; }

 private:
  MappedFile(const char* data, uint64_t size) noexcept : data_(data), size_(size) {}
  const char* data_;
  uint64_t size_;
};

}  // namespace tarsier::storage
