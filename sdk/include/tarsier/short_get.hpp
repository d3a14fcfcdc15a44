// tarsier/short_get.hpp - one GET to a program of this machine, without an instance and without the host: for suggest(), and for
// who asks a running host. Plain HTTP over TCP or a socket in the file system; no redirects, no compression, no TLS: of who speaks
// that it can be said whether somebody listens. An instance has tarsier/http.hpp.
#pragma once

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <netdb.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "result.hpp"

namespace tarsier {

struct ShortAnswer {
  int code = 0;
  std::string content_type;
  std::string body;
};

struct ShortLimits {
  std::chrono::milliseconds time{1000};  ///< for everything
  size_t body_bytes = size_t{4} << 20U;  ///< what is longer is cut there
};

namespace detail {

class ShortCall {
 public:
  explicit ShortCall(const ShortLimits& limits) : limits_(limits), until_(Clock::now() + limits.time) {}
  ShortCall(const ShortCall&) = delete;
  ShortCall& operator=(const ShortCall&) = delete;
  ~ShortCall() {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<void> connect(std::string_view address) {
    if (address.starts_with('/')) return connect_file(address);
    const size_t colon = address.rfind(':');
    if (colon == std::string_view::npos) return Error::invalid("'" + std::string(address) + "': expected host:port");
    std::string host(address.substr(0, colon));
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    if (const int failure = ::getaddrinfo(host.c_str(), std::string(address.substr(colon + 1)).c_str(), &hints, &found);
        failure != 0)
      return Error::unavailable(std::string(address) + ": " + ::gai_strerror(failure));
    Result<void> outcome = Error::unavailable(std::string(address) + ": it has no address");
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      outcome = connect_to(each->ai_family, each->ai_addr, each->ai_addrlen);
      if (outcome) break;
    }
    ::freeaddrinfo(found);
    return outcome ? std::move(outcome) : Result<void>(std::move(outcome).error().in(address));
  }

  Result<void> send(std::string_view text) {
    while (!text.empty()) {
      if (auto ready = wait(POLLOUT); !ready) return ready;
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return failure("cannot write");
      if (sent > 0) text.remove_prefix(static_cast<size_t>(sent));
    }
    return {};
  }

  /// Until the other side ends it, or `done(all)` says that it has all.
  template <class Done>
  Result<std::string> receive(Done done) {
    std::string all;
    char piece[16384];
    while (!done(all)) {
      if (auto ready = wait(POLLIN); !ready) return std::move(ready).error();
      const ssize_t got = ::recv(fd_, piece, sizeof(piece), 0);
      if (got == 0) break;
      if (got < 0 && errno != EAGAIN && errno != EINTR) return failure("cannot read").error();
      if (got > 0) all.append(piece, static_cast<size_t>(got));
    }
    return all;
  }

 private:
  using Clock = std::chrono::steady_clock;

  static Result<void> failure(const char* what) { return Error::unavailable(std::string(what) + ": " + std::strerror(errno)); }

  Result<void> wait(short events) {
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now()).count();
      if (left <= 0) return Error(TARSIER_DEADLINE, "no answer within " + std::to_string(limits_.time.count()) + " ms");
      pollfd one{fd_, events, 0};
      const int ready = ::poll(&one, 1, static_cast<int>(left));
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return failure("poll");
    }
  }

  Result<void> connect_file(std::string_view path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.size() >= sizeof(name.sun_path)) return Error::invalid("'" + std::string(path) + "' is too long for a socket");
    std::memcpy(name.sun_path, path.data(), path.size());
    auto outcome = connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
    return outcome ? std::move(outcome) : Result<void>(std::move(outcome).error().in(path));
  }

  Result<void> connect_to(int family, const sockaddr* address, socklen_t size) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd_ < 0) return failure("no socket");
    if (::connect(fd_, address, size) == 0) return {};
    if (errno != EINPROGRESS) return failure("cannot connect");
    if (auto ready = wait(POLLOUT); !ready) return ready;
    int problem = 0;
    socklen_t length = sizeof(problem);
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &problem, &length);
    errno = problem;
    return problem == 0 ? Result<void>() : failure("cannot connect");
  }

  const ShortLimits limits_;
  const Clock::time_point until_;
  int fd_ = -1;
};

/// A field's value in the head of an answer, in lower case as far as HTTP allows; "" without it.
inline std::string field_of(std::string_view head, std::string_view name) {
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const size_t at = lower.find("\r\n" + std::string(name) + ":");
  if (at == std::string::npos) return {};
  const size_t begin = lower.find_first_not_of(" \t", at + name.size() + 3), end = lower.find("\r\n", at + 2);
  return begin >= end ? std::string() : lower.substr(begin, end - begin);
}

/// The bytes of a chunked body, as far as they came.
inline std::string unchunk(std::string_view text) {
  std::string out;
  while (true) {
    size_t size = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), size, 16);
    const size_t line = text.find("\r\n");
    if (read.ec != std::errc{} || size == 0 || line == std::string_view::npos) return out;
    text.remove_prefix(line + 2);
    out += text.substr(0, size);
    if (text.size() < size || text.size() - size < 2) return out;
    text.remove_prefix(size + 2);
  }
}

inline Result<ShortAnswer> read_answer(const std::string& all, size_t body_bytes) {
  const size_t end = all.find("\r\n\r\n");
  const std::string_view line = std::string_view(all).substr(0, all.find("\r\n"));
  ShortAnswer answer;
  if (end == std::string::npos || !line.starts_with("HTTP/1.") || line.size() < 12 ||
      std::from_chars(line.data() + 9, line.data() + 12, answer.code).ec != std::errc{})
    return Error::invalid("what answers does not speak HTTP");
  const std::string_view head = std::string_view(all).substr(0, end + 2), body = std::string_view(all).substr(end + 4);
  answer.content_type = field_of(head, "content-type");
  answer.body = field_of(head, "transfer-encoding") == "chunked" ? unchunk(body) : std::string(body);
  answer.body.resize(std::min(answer.body.size(), body_bytes));
  return answer;
}

}  // namespace detail

/// `address` is host:port or the path of a socket; `path` begins with '/'. `accept` may be "". Whatever is answered is an answer;
/// DEADLINE when it is not whole in time, UNAVAILABLE when nobody listens, INVALID for what is no HTTP. A host's name is looked up
/// without the limit; addresses are not.
inline Result<ShortAnswer> short_get(std::string_view address, std::string_view path, const ShortLimits& limits = {},
                                     std::string_view accept = {}) {
  detail::ShortCall call(limits);
  if (auto connected = call.connect(address); !connected) return std::move(connected).error();
  std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nhost: ";
  request.append(address.starts_with('/') ? "localhost" : address).append("\r\nconnection: close\r\nuser-agent: tarsier\r\n");
  if (!accept.empty()) request.append("accept: ").append(accept).append("\r\n");
  if (auto sent = call.send(request + "\r\n"); !sent) return std::move(sent).error().in(address);
  const auto all = call.receive([&](const std::string& so_far) {
    const size_t end = so_far.find("\r\n\r\n");
    if (end == std::string::npos) return so_far.size() > limits.body_bytes || (so_far.size() >= 5 && !so_far.starts_with("HTTP/"));
    if (so_far.size() - end > limits.body_bytes + 4) return true;
    const std::string length = detail::field_of(std::string_view(so_far).substr(0, end + 2), "content-length");
    size_t bytes = 0;
    const bool told = std::from_chars(length.data(), length.data() + length.size(), bytes).ec == std::errc{};
    return told && so_far.size() - end - 4 >= bytes;
  });
  if (!all) return Error(all.error()).in(address);
  auto answer = detail::read_answer(*all, limits.body_bytes);
  return answer ? std::move(answer) : Result<ShortAnswer>(std::move(answer).error().in(address));
}

/// Whether somebody listens at `address`, host:port or the path of a socket; nothing is sent.
inline bool short_knock(std::string_view address, const ShortLimits& limits = {}) {
  return detail::ShortCall(limits).connect(address).ok();
}

}  // namespace tarsier
