// The C table of the log service.
#include <algorithm>
#include <array>

#include "core/host/host_context.hpp"
#include "core/telemetry/log_format.hpp"
#include "core/telemetry/logs.hpp"
#include "tarsier/result.hpp"

namespace tarsier::telemetry {
namespace {

Level level_from(tarsier_log_level level) noexcept {
  return static_cast<Level>(std::clamp<tarsier_log_level>(level, TARSIER_LOG_TRACE, TARSIER_LOG_ERROR));
}

int32_t enabled(const tarsier_host* host, tarsier_log_level level) noexcept {
  const host::HostContext& context = host::context(host);
  const Logs* logs = context.rooms->logs;
  return logs != nullptr && logs->enabled(level_from(level), context.owner->instance(), context.owner->plugin()) ? 1 : 0;
}

void write(const tarsier_host* host, tarsier_log_level level, tarsier_str message, const tarsier_pair* fields,
           uint32_t count) noexcept {
  const host::HostContext& context = host::context(host);
  if (context.rooms->logs == nullptr) return;
  std::array<LogField, kMaxLogFields> converted;
  const size_t kept = fields == nullptr ? 0 : std::min<size_t>(count, converted.size());
  for (size_t i = 0; i < kept; ++i) converted[i] = {view(fields[i].name), view(fields[i].value)};
  context.rooms->logs->write(level_from(level), context.owner->instance(), view(message), std::span(converted).first(kept),
                             context.owner->plugin());
}

constexpr tarsier_log kService = {sizeof(tarsier_log), enabled, write};

}  // namespace

const tarsier_log* log_service() noexcept { return &kService; }

}  // namespace tarsier::telemetry
