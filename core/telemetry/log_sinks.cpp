#include "core/telemetry/log_sinks.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace tarsier::telemetry {
namespace {

constexpr int kPatienceMs = 100;
constexpr size_t kPipeChunk = 4096;  // PIPE_BUF: a pipe that polls as writable takes so much at once

class FdSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  FdSink(int fd, Drops& drops) : fd_(fd), drops_(drops) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string_view rest(message.payload.data(), message.payload.size());
    if (cut_line_ && write_some("\n") == 1) cut_line_ = false;
    const size_t whole = rest.size();
    while (!rest.empty()) {
      const size_t written = cut_line_ ? 0 : write_some(rest.substr(0, kPipeChunk));
      if (written == 0) {
        drops_.fetch_add(1, std::memory_order_relaxed);
        cut_line_ = cut_line_ || rest.size() != whole;
        return;
      }
      rest.remove_prefix(written);
    }
  }
  void flush_() override {}

  /// 0 when the reader does not take it. After the first time it is not waited for again until it reads.
  size_t write_some(std::string_view text) {
    pollfd poll_fd{fd_, POLLOUT, 0};
    if (::poll(&poll_fd, 1, stalled_ ? 0 : kPatienceMs) <= 0) {
      stalled_ = true;
      return 0;
    }
    ssize_t written = 0;
    do {
      written = ::write(fd_, text.data(), text.size());
    } while (written < 0 && errno == EINTR);
    stalled_ = written <= 0;
    return written > 0 ? static_cast<size_t>(written) : 0;
  }

  const int fd_;
  Drops& drops_;
  bool stalled_ = false;
  bool cut_line_ = false;  // a line was begun and not ended
};

class JournalSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  JournalSink(const std::string& path, Drops& drops) : drops_(drops), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    address_.sun_family = AF_UNIX;
    const size_t size = std::min(path.size(), sizeof(address_.sun_path) - 1);
    std::memcpy(address_.sun_path, path.data(), size);
  }
  JournalSink(const JournalSink&) = delete;
  JournalSink& operator=(const JournalSink&) = delete;
  ~JournalSink() override {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const ssize_t sent = ::sendto(fd_, message.payload.data(), message.payload.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                  reinterpret_cast<const sockaddr*>(&address_), sizeof(address_));
    if (sent < 0) drops_.fetch_add(1, std::memory_order_relaxed);
  }
  void flush_() override {}

  Drops& drops_;
  const int fd_;
  sockaddr_un address_{};
};

}  // namespace

spdlog::sink_ptr make_fd_sink(int fd, Drops& drops) { return std::make_shared<FdSink>(fd, drops); }

spdlog::sink_ptr make_journal_sink(const std::string& socket_path, Drops& drops) {
  return std::make_shared<JournalSink>(socket_path, drops);
}

bool is_journal_stream(int fd, const char* journal_stream) noexcept {
  struct stat status{};
  if (journal_stream == nullptr || ::fstat(fd, &status) != 0) return false;
  const char* end = journal_stream + std::strlen(journal_stream);
  uint64_t device = 0, inode = 0;
  const auto first = std::from_chars(journal_stream, end, device);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':') return false;
  const auto second = std::from_chars(first.ptr + 1, end, inode);
  return second.ec == std::errc() && second.ptr == end && device == status.st_dev && inode == status.st_ino;
}

}  // namespace tarsier::telemetry
