// The ends of the log as spdlog sinks: a file descriptor, and the journal's socket. They take lines that are already formatted,
// never wait long for a reader that does not read, and count what they had to drop.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <spdlog/common.h>
#include <string>

namespace tarsier::telemetry {

using Drops = std::atomic<uint64_t>;

/// Writes to `fd`, which stays the caller's.
spdlog::sink_ptr make_fd_sink(int fd, Drops& drops);

/// Sends datagrams to the journal at `socket_path`.
spdlog::sink_ptr make_journal_sink(const std::string& socket_path, Drops& drops);

/// True when `fd` is what systemd connected to the journal ($JOURNAL_STREAM, "device:inode").
bool is_journal_stream(int fd, const char* journal_stream) noexcept;

}  // namespace tarsier::telemetry
