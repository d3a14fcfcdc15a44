#include "core/telemetry/logs.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <spdlog/logger.h>
#include <unistd.h>
#include <utility>

#include "core/telemetry/log_format.hpp"
#include "core/telemetry/log_sinks.hpp"
#include "core/telemetry/repeat_filter.hpp"

namespace tarsier::telemetry {
namespace {

template <class Clock>
int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

LogFormat choose_format(LogFormat wanted, int fd) {
  if (wanted != LogFormat::automatic) return wanted;
  if (::isatty(fd) == 1) return LogFormat::text;
  return is_journal_stream(fd, std::getenv("JOURNAL_STREAM")) ? LogFormat::journal : LogFormat::json;
}

spdlog::level::level_enum spdlog_level(Level level) noexcept { return static_cast<spdlog::level::level_enum>(level); }

/// One configuration's outlet; replaced as a whole.
struct Outlet {
  LogFormat format;
  bool colour;
  std::shared_ptr<spdlog::logger> logger;
};

}  // namespace

struct Logs::Impl {
  explicit Impl(LogEnvironment given)
      : environment(std::move(given)), repeats(environment.repeat_limit, environment.repeat_window_ns) {
    if (!environment.wall_ns) environment.wall_ns = now_ns<std::chrono::system_clock>;
    if (!environment.mono_ns) environment.mono_ns = now_ns<std::chrono::steady_clock>;
  }

  Outlet open(LogFormat wanted) {
    Outlet made;
    made.format = choose_format(wanted, environment.fd);
    made.colour = made.format == LogFormat::text && ::isatty(environment.fd) == 1 && std::getenv("NO_COLOR") == nullptr;
    auto sink = made.format == LogFormat::journal ? make_journal_sink(environment.journal_socket, dropped)
                                                  : make_fd_sink(environment.fd, dropped);
    made.logger = std::make_shared<spdlog::logger>("tarsier", std::move(sink));
    made.logger->set_level(spdlog::level::trace);
    made.logger->set_error_handler([this](const std::string&) { dropped.fetch_add(1, std::memory_order_relaxed); });
    return made;
  }

  Level level_of(std::string_view source, std::string_view plugin) const {
    auto found = options.levels.find(source);
    if (found == options.levels.end() && !plugin.empty()) found = options.levels.find(plugin);
    return found != options.levels.end() ? found->second : options.level;
  }

  void emit(const LogRecord& record) {
    Outlet current;
    {
      const std::shared_lock lock(options_mutex);
      current = outlet;
    }
    const std::string line = current.format == LogFormat::text      ? format_text(record, current.colour)
                             : current.format == LogFormat::journal ? format_journal(record)
                                                                    : format_json(record);
    current.logger->log(spdlog_level(record.level), spdlog::string_view_t(line.data(), line.size()));
    written[static_cast<size_t>(record.level)].fetch_add(1, std::memory_order_relaxed);
  }

  void emit_repeated(const std::vector<Repeated>& finished) {
    for (const Repeated& repeated : finished) {
      const std::string message = repeated.message + " ... repeated " + std::to_string(repeated.count) + " times";
      emit({repeated.level, environment.wall_ns(), repeated.source, repeated.plugin, message, {}});
    }
  }

  std::vector<Repeated> take_finished(bool all) {
    const std::lock_guard lock(repeats_mutex);
    return repeats.take_finished(environment.mono_ns(), all);
  }

  LogEnvironment environment;
  mutable std::shared_mutex options_mutex;  // guards options and outlet
  LogOptions options;
  Outlet outlet;
  std::atomic<int32_t> lowest{0};  // no source writes below it
  std::mutex repeats_mutex;        // guards repeats
  RepeatFilter repeats;
  std::array<std::atomic<uint64_t>, 5> written{};
  std::atomic<uint64_t> held_back{0};
  Drops dropped{0};
};

Logs::Logs(const LogOptions& options, LogEnvironment environment) : impl_(std::make_unique<Impl>(std::move(environment))) {
  configure(options);
}

Logs::~Logs() {
  try {
    impl_->emit_repeated(impl_->take_finished(true));
  } catch (...) {
    impl_->dropped.fetch_add(1, std::memory_order_relaxed);
  }
}

void Logs::configure(const LogOptions& options) {
  Outlet outlet = impl_->open(options.format);
  Level lowest = options.level;
  for (const auto& [name, level] : options.levels) lowest = std::min(lowest, level);
  const std::unique_lock lock(impl_->options_mutex);
  impl_->options = options;
  impl_->outlet = std::move(outlet);
  impl_->lowest.store(static_cast<int32_t>(lowest), std::memory_order_relaxed);
}

bool Logs::enabled(Level level, std::string_view source, std::string_view plugin) const noexcept {
  if (static_cast<int32_t>(level) < impl_->lowest.load(std::memory_order_relaxed)) return false;
  const std::shared_lock lock(impl_->options_mutex);
  return level >= impl_->level_of(source, plugin);
}

void Logs::write(Level level, std::string_view source, std::string_view message, std::span<const LogField> fields,
                 std::string_view plugin) noexcept {
  try {
    if (!enabled(level, source, plugin)) return;
    const LogRecord record{level, impl_->environment.wall_ns(), source, plugin, message, fields};
    bool admitted = false;
    std::vector<Repeated> finished;
    {
      const std::lock_guard lock(impl_->repeats_mutex);
      const int64_t now = impl_->environment.mono_ns();
      finished = impl_->repeats.take_finished(now);
      admitted = impl_->repeats.admit(record, now);
    }
    impl_->emit_repeated(finished);
    if (admitted) {
      impl_->emit(record);
    } else {
      impl_->held_back.fetch_add(1, std::memory_order_relaxed);
    }
  } catch (...) {  // no memory: the line is lost, and counted
    impl_->dropped.fetch_add(1, std::memory_order_relaxed);
  }
}

void Logs::report_repeats() noexcept {
  try {
    impl_->emit_repeated(impl_->take_finished(false));
  } catch (...) {
    impl_->dropped.fetch_add(1, std::memory_order_relaxed);
  }
}

LogCounts Logs::counts() const noexcept {
  LogCounts counts;
  for (size_t i = 0; i < counts.written.size(); ++i) counts.written[i] = impl_->written[i].load(std::memory_order_relaxed);
  counts.held_back = impl_->held_back.load(std::memory_order_relaxed);
  counts.dropped = impl_->dropped.load(std::memory_order_relaxed);
  return counts;
}

Result<Level> parse_level(std::string_view name) {
  for (int32_t i = 0; i <= TARSIER_LOG_ERROR; ++i) {
    if (level_name(static_cast<Level>(i)) == name) return static_cast<Level>(i);
  }
  return Error::invalid("expected trace, debug, info, warn or error, got \"" + std::string(name) + "\"");
}

Result<LogFormat> parse_log_format(std::string_view name) {
  if (name == "auto") return LogFormat::automatic;
  if (name == "text") return LogFormat::text;
  if (name == "json") return LogFormat::json;
  if (name == "journal") return LogFormat::journal;
  return Error::invalid("expected auto, text, json or journal, got \"" + std::string(name) + "\"");
}

}  // namespace tarsier::telemetry
