// The three forms of a log line. Whatever a message holds, it stays one line (or one journal entry) and cannot look like another:
// newlines, control characters and bytes that are no UTF-8 are escaped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/telemetry/log_record.hpp"

namespace tarsier::telemetry {

/// A longer message or value is cut, and says so.
inline constexpr size_t kMaxLogText = 16384;
inline constexpr size_t kMaxLogFields = 64;

/// `2026-11-24T10:43:34.123Z INFO  node: message key=value`, with a newline.
std::string format_text(const LogRecord& record, bool colour);
/// `{"time":...,"level":...,"source":...,"plugin":...,"message":...,"key":"value"}`, with a newline.
std::string format_json(const LogRecord& record);
/// A datagram of the journal's native protocol.
std::string format_journal(const LogRecord& record);

/// RFC 3339 in UTC with milliseconds.
std::string format_time(int64_t wall_ns);

}  // namespace tarsier::telemetry
