// cpu: seconds of each CPU in each mode, from /proc/stat.
#include <array>
#include <map>

#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"

namespace tarsier::node {
namespace {

constexpr double kTicksPerSecond = 100;  // USER_HZ is 100 on every architecture that Linux runs on
constexpr size_t kIdle = 3, kIoWait = 4;
constexpr std::array<std::string_view, 8> kModes = {"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"};

class Cpu final : public Collector {
 public:
  explicit Cpu(const Settings& settings) : file_(settings.procfs + "/stat") {}

  Result<void> collect(Round& round) override {
    auto text = file_.read(round.buffer);
    if (!text) return std::move(text).error();
    const auto seconds = round.page.family(
        {"node_cpu_seconds_total", "Seconds the CPUs spent in each mode.", TARSIER_SERIES_COUNTER, {"cpu", "mode"}});
    const auto guest = round.page.family({"node_cpu_guest_seconds_total",
                                          "Seconds the CPUs spent in guests (VMs) for each mode.",
                                          TARSIER_SERIES_COUNTER,
                                          {"cpu", "mode"}});
    while (!text->empty()) {
      std::string_view line = take_line(*text);
      const std::string_view name = take_word(line);
      if (!name.starts_with("cpu") || name.size() == 3) continue;
      const std::string_view cpu = name.substr(3);
      std::array<double, 10> values{};
      for (double& value : values) value = to_number(take_word(line)).value_or(0) / kTicksPerSecond;
      keep_monotonic(cpu, values);
      for (size_t mode = 0; mode < kModes.size(); ++mode) round.page.add(seconds, {cpu, kModes[mode]}, values[mode]);
      round.page.add(guest, {cpu, "user"}, values[8]);
      round.page.add(guest, {cpu, "nice"}, values[9]);
    }
    return {};
  }

 private:
  /// The kernel's idle and iowait may step back a little, which a counter must not; a large step is a CPU that came anew.
  void keep_monotonic(std::string_view cpu, std::array<double, 10>& values) {
    constexpr double kJitterSeconds = 3;
    auto found = last_.find(cpu);
    if (found == last_.end()) found = last_.emplace(std::string(cpu), std::array<double, 2>{}).first;
    size_t slot = 0;
    for (const size_t mode : {kIdle, kIoWait}) {
      double& last = found->second[slot++];
      if (values[mode] < last && last - values[mode] < kJitterSeconds) values[mode] = last;
      last = values[mode];
    }
  }

  KeptFile file_;
  std::map<std::string, std::array<double, 2>, std::less<>> last_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_cpu(const Settings& settings) { return std::unique_ptr<Collector>(new Cpu(settings)); }

}  // namespace tarsier::node
