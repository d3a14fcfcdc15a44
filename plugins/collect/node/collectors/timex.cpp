// timex: how well the system clock is kept, from adjtimex(2).
#include <array>
#include <sys/timex.h>

#include "plugins/collect/node/collector.hpp"

namespace tarsier::node {
namespace {

constexpr double kPpm16 = 1000000.0 * 65536.0;  // frequencies are parts per million, scaled by 2^16
constexpr double kMicro = 1e6;

class Timex final : public Collector {
 public:
  Result<void> collect(Round& round) override {
    timex state{};
    const int result = ::adjtimex(&state);
    if (result < 0) return Error::unavailable("adjtimex failed");
    const double divisor = (state.status & STA_NANO) != 0 ? 1e9 : kMicro;
    const auto number = [](auto value) { return static_cast<double>(value); };
    const struct {
      std::string_view name, help;
      double value;
      uint32_t type = TARSIER_SERIES_GAUGE;
    } rows[] = {
        {"sync_status", "Is clock synchronized to a reliable server (1 = yes, 0 = no).", result == TIME_ERROR ? 0.0 : 1.0},
        {"offset_seconds", "Time offset in between local system and reference clock.", number(state.offset) / divisor},
        {"frequency_adjustment_ratio", "Local clock frequency adjustment.", 1 + number(state.freq) / kPpm16},
        {"maxerror_seconds", "Maximum error in seconds.", number(state.maxerror) / kMicro},
        {"estimated_error_seconds", "Estimated error in seconds.", number(state.esterror) / kMicro},
        {"status", "Value of the status array bits.", number(state.status)},
        {"loop_time_constant", "Phase-locked loop time constant.", number(state.constant)},
        {"tick_seconds", "Seconds between clock ticks.", number(state.tick) / kMicro},
        {"pps_frequency_hertz", "Pulse per second frequency.", number(state.ppsfreq) / kPpm16},
        {"pps_jitter_seconds", "Pulse per second jitter.", number(state.jitter) / divisor},
        {"pps_shift_seconds", "Pulse per second interval duration.", number(state.shift)},
        {"pps_stability_hertz", "Pulse per second stability, average of recent frequency changes.", number(state.stabil) / kPpm16},
        {"pps_jitter_total", "Pulse per second count of jitter limit exceeded events.", number(state.jitcnt),
         TARSIER_SERIES_COUNTER},
        {"pps_calibration_total", "Pulse per second count of calibration intervals.", number(state.calcnt), TARSIER_SERIES_COUNTER},
        {"pps_error_total", "Pulse per second count of calibration errors.", number(state.errcnt), TARSIER_SERIES_COUNTER},
        {"pps_stability_exceeded_total", "Pulse per second count of stability limit exceeded events.", number(state.stbcnt),
         TARSIER_SERIES_COUNTER},
        {"tai_offset_seconds", "International Atomic Time (TAI) offset.", number(state.tai)},
    };
    for (size_t i = 0; const auto& row : rows) {
      const auto family = families_.at(
          i++, row.name, [&] { return round.page.family({"node_timex_" + std::string(row.name), row.help, row.type}); });
      round.page.add(family, row.value);
    }
    return {};
  }

 private:
  FamilyColumn families_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_timex(const Settings&) { return std::unique_ptr<Collector>(new Timex); }

}  // namespace tarsier::node
