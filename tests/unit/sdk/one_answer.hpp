// A server that answers once, over TCP or at a socket in the file system.
#pragma once

#include <arpa/inet.h>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace tarsier::test {

/// Answers one connection with these bytes, then closes it, or keeps it open until the end of this.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer, bool close = true, const std::string& path = {})
      : answer_(std::move(answer)), close_(close) {
    listener_ = ::socket(path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    path.copy(un.sun_path, sizeof(un.sun_path) - 1);
    const auto* name = path.empty() ? reinterpret_cast<const sockaddr*>(&in) : reinterpret_cast<const sockaddr*>(&un);
    if (::bind(listener_, name, path.empty() ? sizeof(in) : sizeof(un)) != 0 || ::listen(listener_, 4) != 0) std::abort();
    socklen_t size = sizeof(in);
    if (path.empty()) ::getsockname(listener_, reinterpret_cast<sockaddr*>(&in), &size);
    address = path.empty() ? "127.0.0.1:" + std::to_string(ntohs(in.sin_port)) : path;
    thread_ = std::thread([this] { serve(); });
  }
  ~OneAnswer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
    if (connection_ >= 0) ::close(connection_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  std::string address;
  /// Waits until it has answered.
  const std::string& request() {
    if (thread_.joinable()) thread_.join();
    return request_;
  }

 private:
  void serve() {
    connection_ = ::accept(listener_, nullptr, nullptr);
    if (connection_ < 0) return;
    char piece[4096];
    while (request_.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = ::recv(connection_, piece, sizeof(piece), 0);
      if (got <= 0) return;
      request_.append(piece, static_cast<size_t>(got));
    }
    (void)::send(connection_, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    if (close_) ::shutdown(connection_, SHUT_RDWR);
  }

  std::string answer_, request_;
  bool close_;
  int listener_ = -1, connection_ = -1;
  std::thread thread_;
};

}  // namespace tarsier::test
