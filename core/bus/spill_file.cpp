#include "core/bus/spill_file.hpp"

#include <array>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <string>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>
#include <xxhash.h>

namespace tarsier::bus {

namespace {

struct RecordHead {
  uint64_t size;
  uint64_t checksum;
};
constexpr uint64_t kGiveBackStep = uint64_t{4} << 20;

std::string errno_text() { return std::system_category().message(errno); }

bool read_exactly(int file, void* out, uint64_t size, uint64_t at) {
  auto* to = static_cast<uint8_t*>(out);
  while (size > 0) {
    const ssize_t got = pread(file, to, size, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0) errno = EIO;  // shorter than what was written
      return false;
    }
    to += got;
    at += static_cast<uint64_t>(got);
    size -= static_cast<uint64_t>(got);
  }
  return true;
}

bool write_exactly(int file, const void* data, uint64_t size, uint64_t at) {
  const auto* from = static_cast<const uint8_t*>(data);
  while (size > 0) {
    const ssize_t put = pwrite(file, from, size, static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    from += put;
    at += static_cast<uint64_t>(put);
    size -= static_cast<uint64_t>(put);
  }
  return true;
}

}  // namespace

bool SpillFile::has_room(uint64_t batch_bytes) const noexcept {
  // Where the file system cannot free the front of a file, what was read counts too.
  const uint64_t begin = can_give_back_ ? read_at_ : 0;
  return write_at_ - begin + sizeof(RecordHead) + batch_bytes <= max_bytes_;
}

Result<void> SpillFile::open() {
  if (file_ >= 0) return {};
  std::error_code error;
  std::filesystem::create_directories(path_.parent_path(), error);
  if (error) return Error(TARSIER_RESOURCE, "make " + path_.parent_path().string() + ": " + error.message());
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0) return Error(TARSIER_RESOURCE, "open spill file " + path_.string() + ": " + errno_text());
  return {};
}

Result<void> SpillFile::append(std::span<const uint8_t> bytes) {
  if (auto opened = open(); !opened) return opened;
  const RecordHead head{bytes.size(), XXH3_64bits(bytes.data(), bytes.size())};
  // A record that was written in part is overwritten by the next: it only counts once write_at_ has moved.
  if (!write_exactly(file_, &head, sizeof(head), write_at_) ||
      !write_exactly(file_, bytes.data(), bytes.size(), write_at_ + sizeof(head)))
    return Error(TARSIER_RESOURCE,
                 "write " + std::to_string(bytes.size()) + " bytes to spill file " + path_.string() + ": " + errno_text());
  write_at_ += sizeof(head) + bytes.size();
  ++batches_;
  return {};
}

Result<BatchRef> SpillFile::read() {
  auto batch = read_record();
  if (!batch) return batch;
  read_at_ += sizeof(RecordHead) + (*batch)->size;
  if (--batches_ == 0) {
    discard();
  } else {
    give_space_back();
  }
  return batch;
}

Result<BatchRef> SpillFile::read_record() {
  RecordHead head{};
  if (!read_exactly(file_, &head, sizeof(head), read_at_))
    return Error(TARSIER_RESOURCE, "read spill file " + path_.string() + ": " + errno_text());
  if (head.size > write_at_ - read_at_ - sizeof(head))
    return Error(TARSIER_CORRUPT, "spill file " + path_.string() + ": a record at " + std::to_string(read_at_) + " says " +
                                      std::to_string(head.size) + " bytes");
  auto allocated = allocate_batch(head.size);
  if (!allocated) return std::move(allocated).error();
  auto batch = BatchRef::adopt(*allocated);
  if (!read_exactly(file_, batch->data(), head.size, read_at_ + sizeof(head)))
    return Error(TARSIER_RESOURCE, "read spill file " + path_.string() + ": " + errno_text());
  if (XXH3_64bits(batch->data(), head.size) != head.checksum)
    return Error(TARSIER_CORRUPT, "spill file " + path_.string() + ": checksum of the record at " + std::to_string(read_at_));
  return batch;
}

void SpillFile::give_space_back() {
  if (!can_give_back_ || read_at_ - given_back_ < kGiveBackStep) return;
  can_give_back_ = fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(given_back_),
                             static_cast<off_t>(read_at_ - given_back_)) == 0;
  given_back_ = read_at_;
}

void SpillFile::discard() noexcept {
  if (file_ >= 0) {
    ::close(file_);
    ::unlink(path_.c_str());
  }
  file_ = -1;
  read_at_ = write_at_ = given_back_ = batches_ = 0;
  can_give_back_ = true;
}

}  // namespace tarsier::bus
