// Lines of the access log, and their way into the file: opened for each batch, so that a rotated file is simply left behind.
#include "plugins/net/access_log.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace tarsier::net {
namespace {

constexpr size_t kMaxWaiting = 4 * 1024 * 1024;  // lines beyond are lost, and said to be

void append_json(std::string& out, std::string_view name, std::string_view value) {
  out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":\"");
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {  // not every client sends UTF-8
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x", byte);
      out += escaped.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_json(std::string& out, std::string_view name, uint64_t value) {
  out.append(",\"").append(name).append("\":").append(std::to_string(value));
}

std::string timestamp(int64_t wall_ns) {
  const std::time_t seconds = wall_ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(wall_ns / 1'000'000 % 1000));
  return std::string(text.data(), size) + fraction.data();
}

}  // namespace

std::string access_line(const Request& request, const RequestRecord& record, int64_t wall_ns) {
  std::string line = "{";
  append_json(line, "time", timestamp(wall_ns));
  append_json(line, "entrypoint", request.entrypoint);
  append_json(line, "remote", request.remote);
  append_json(line, "user", request.user);
  append_json(line, "host", request.host);
  append_json(line, "method", request.method_name);
  append_json(line, "target", request.target);
  append_json(line, "protocol", request.http_2 ? "HTTP/2" : request.http_1_1 ? "HTTP/1.1" : "HTTP/1.0");
  append_json(line, "agent", find_header(request.headers, "user-agent"));
  append_json(line, "status", record.code);
  append_json(line, "received_bytes", record.received_bytes);
  append_json(line, "sent_bytes", record.sent_bytes);
  append_json(line, "duration_us", static_cast<uint64_t>(record.duration.count() / 1000));
  line += '}';
  return line;
}

struct AccessLog::File {
  std::string path;
  std::mutex mutex;
  std::string waiting;
  uint64_t lost = 0;
  bool writing = false;

  /// Why not, or "".
  std::string write_waiting() {
    std::string lines;
    {
      const std::lock_guard lock(mutex);
      lines = std::exchange(waiting, {});
      writing = false;
    }
    const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) return std::strerror(errno);
    std::string failure;
    std::string_view rest = lines;
    while (!rest.empty() && failure.empty()) {
      const ssize_t size = ::write(fd, rest.data(), rest.size());
      if (size < 0 && errno != EINTR) failure = std::strerror(errno);
      if (size > 0) rest.remove_prefix(static_cast<size_t>(size));
    }
    ::close(fd);
    return failure;
  }
};

AccessLog::AccessLog(const Host& host, Executor& executor, std::string destination)
    : host_(host), executor_(executor), to_host_(destination == "log") {
  if (destination.empty() || to_host_) return;
  file_ = std::make_shared<File>();
  file_->path = std::move(destination);
}

void AccessLog::add(const Request& request, const RequestRecord& record) {
  if (to_host_) return host_.info(access_line(request, record, host_.now_ns()));
  if (!file_) return;
  const std::string line = access_line(request, record, host_.now_ns());
  const std::lock_guard lock(file_->mutex);
  if (file_->waiting.size() > kMaxWaiting) {
    ++file_->lost;
    return;
  }
  file_->waiting.append(line).append("\n");
  if (std::exchange(file_->writing, true)) return;
  executor_.post(Executor::Need::required, [file = file_, &host = host_] {
    const std::string failure = file->write_waiting();
    if (!failure.empty()) host.warn("access log", {field("file", file->path), field("error", failure)});
    const uint64_t lost = [&] {
      const std::lock_guard guard(file->mutex);
      return std::exchange(file->lost, 0);
    }();
    if (lost > 0) host.warn("access log could not keep up", {field("lost_lines", std::to_string(lost))});
  });
}

}  // namespace tarsier::net
