#include "core/telemetry/log_format.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <span>

#include "core/telemetry/log_text.hpp"

namespace tarsier::telemetry {
namespace {

constexpr std::string_view kCut = "... (cut)";

struct Style {
  std::string_view name;
  std::string_view padding;
  std::string_view colour;
};
constexpr std::array<Style, 5> kStyles = {{{"TRACE", " ", "\033[90m"},
                                           {"DEBUG", " ", "\033[36m"},
                                           {"INFO", "  ", "\033[32m"},
                                           {"WARN", "  ", "\033[33m"},
                                           {"ERROR", " ", "\033[31m"}}};

const Style& style_of(Level level) noexcept { return kStyles[static_cast<size_t>(level)]; }

std::span<const LogField> kept_fields(const LogRecord& record) noexcept {
  return record.fields.first(std::min(record.fields.size(), kMaxLogFields));
}

void append_text(std::string& out, std::string_view text) {
  append_printable(out, cut_text(text, kMaxLogText));
  if (text.size() > kMaxLogText) out += kCut;
}

bool is_plain(std::string_view value) noexcept {
  return !value.empty() &&
         std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\'; });
}

void append_text_field(std::string& out, const LogField& field) {
  out += ' ';
  append_printable(out, cut_text(field.name, 128));
  out += '=';
  if (is_plain(field.value)) {
    out += cut_text(field.value, kMaxLogText);
    return;
  }
  std::string quoted;
  for (const char c : cut_text(field.value, kMaxLogText)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  out += '"';
  append_printable(out, quoted);
  out += '"';
}

void append_json_pair(std::string& out, std::string_view name, std::string_view value) {
  out += out.size() == 1 ? "\"" : ",\"";
  append_json(out, name);
  out += "\":\"";
  append_json(out, cut_text(value, kMaxLogText));
  if (value.size() > kMaxLogText) out += kCut;
  out += '"';
}

constexpr std::array<std::string_view, 5> kReserved = {"time", "level", "source", "plugin", "message"};

/// A field may not pass itself off as one of the record's own keys, or come twice.
std::string json_name(std::string_view name, std::span<const LogField> before) {
  std::string out(cut_text(name, 128));
  const auto taken = [&] {
    return out.empty() || std::find(kReserved.begin(), kReserved.end(), out) != kReserved.end() ||
           std::any_of(before.begin(), before.end(), [&](const LogField& field) { return field.name == out; });
  };
  while (taken()) out += '_';
  return out;
}

/// Journal fields are upper case, begin with a letter, and have at most 64 characters.
std::string journal_name(std::string_view name) {
  std::string out = "TARSIER_";
  for (const char c : name.substr(0, 56)) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += lower ? static_cast<char>(c - 'a' + 'A') : kept ? c : '_';
  }
  return out;
}

void append_journal(std::string& out, std::string_view name, std::string_view value) {
  std::string text;
  append_text(text, value);
  out += name;
  out += '=';
  out += text;
  out += '\n';
}

std::string_view syslog_priority(Level level) noexcept {
  switch (level) {
    case Level::error:
      return "3";
    case Level::warn:
      return "4";
    case Level::info:
      return "6";
    default:
      return "7";
  }
}

}  // namespace

std::string_view level_name(Level level) noexcept {
  static constexpr std::array<std::string_view, 5> kNames = {"trace", "debug", "info", "warn", "error"};
  return kNames[static_cast<size_t>(level)];
}

std::string format_time(int64_t wall_ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t seconds = wall_ns / kSecond;
  int64_t rest = wall_ns % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 80> buffer{};
  const int size =
      std::snprintf(buffer.data(), buffer.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                    parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(rest / 1'000'000));
  return {buffer.data(), static_cast<size_t>(std::max(size, 0))};
}

std::string format_text(const LogRecord& record, bool colour) {
  const Style& style = style_of(record.level);
  std::string out;
  out.reserve(64 + record.message.size());
  if (colour) out += "\033[90m";
  out += format_time(record.wall_ns);
  if (colour) out += "\033[0m";
  out += ' ';
  if (colour) out += style.colour;
  out += style.name;
  if (colour) out += "\033[0m";
  out += style.padding;
  append_printable(out, record.source);
  out += ": ";
  append_text(out, record.message);
  for (const LogField& field : kept_fields(record)) append_text_field(out, field);
  out += '\n';
  return out;
}

std::string format_json(const LogRecord& record) {
  std::string out = "{";
  append_json_pair(out, "time", format_time(record.wall_ns));
  append_json_pair(out, "level", level_name(record.level));
  append_json_pair(out, "source", record.source);
  if (!record.plugin.empty()) append_json_pair(out, "plugin", record.plugin);
  append_json_pair(out, "message", record.message);
  const auto fields = kept_fields(record);
  for (size_t i = 0; i < fields.size(); ++i) append_json_pair(out, json_name(fields[i].name, fields.first(i)), fields[i].value);
  out += "}\n";
  return out;
}

std::string format_journal(const LogRecord& record) {
  std::string out;
  std::string message(record.source);
  message += ": ";
  message += record.message;
  append_journal(out, "MESSAGE", message);
  append_journal(out, "PRIORITY", syslog_priority(record.level));
  append_journal(out, "SYSLOG_IDENTIFIER", "tarsier");
  append_journal(out, "TARSIER_SOURCE", record.source);
  if (!record.plugin.empty()) append_journal(out, "TARSIER_PLUGIN", record.plugin);
  for (const LogField& field : kept_fields(record)) append_journal(out, journal_name(field.name), field.value);
  return out;
}

}  // namespace tarsier::telemetry
